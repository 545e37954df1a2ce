/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/dct.h"

#include <math.h>

#include "base/strict_math.h"
#include "kernels/cpu/reference.h"

void odva_cpu_dct_tables_init(struct odva_cpu_dct_tables *tables)
{
    for (int n = 1; n <= ODVA_CPU_DCT_MAX; n++) {
        for (int f = 0; f < n; f++) {
            for (int i = 0; i < n; i++) {
                const double norm = sqrt((f ? 2.0 : 1.0) / n);
                const double c = odva_cos(ODVA_PI * (2 * i + 1) * f / (2 * n)) * norm;

                tables->forward[n][f][i] = (float)c;
                tables->exact[n][f][i] = (int32_t)floor(65536 * c + 0.5);
            }
        }
    }
}

void odva_cpu_transform_c(float *restrict dst, const float *restrict src,
                          const float matrix[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX], int n,
                          int64_t length)
{
    for (int o = 0; o < n; o++, dst += length) {
        for (int64_t j = 0; j < length; j++)
            dst[j] = matrix[o][0] * src[j];
        for (int i = 1; i < n; i++) {
            const float weight = matrix[o][i];
            const float *term = src + i * length;

            for (int64_t j = 0; j < length; j++)
                dst[j] += weight * term[j];
        }
    }
}

/* One axis of n between outer and length. */
static void transform_axis(const struct odva_cpu_operators *operators, float *dst, const float *src,
                           const float matrix[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX], int outer, int n,
                           int64_t length)
{
    for (int i = 0; i < outer; i++)
        operators->transform(dst + i * n * length, src + i * n * length, matrix, n, length);
}

void odva_cpu_dct_tile(const struct odva_cpu_operators *operators,
                       const struct odva_cpu_dct_tables *tables, float *data, int nt, int ny,
                       int nx, int basis, float *scratch)
{
    const float(*matrices)[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX] = tables->forward;
    const int64_t count = (int64_t)nt * ny * nx * basis;

    transform_axis(operators, scratch, data, matrices[nt], 1, nt, (int64_t)ny * nx * basis);
    transform_axis(operators, data, scratch, matrices[ny], nt, ny, (int64_t)nx * basis);
    transform_axis(operators, scratch, data, matrices[nx], nt * ny, nx, basis);
    for (int64_t i = 0; i < count; i++)
        data[i] = scratch[i];
}
