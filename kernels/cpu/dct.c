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

/* One axis of n between outer and length. @return where the result is: src or spare */
static float *transform_axis(const struct odva_cpu_operators *operators, float *src, float *spare,
                             const struct odva_cpu_dct_tables *tables, int outer, int n,
                             int64_t length)
{
    if (n == 1)
        return src;
    for (int i = 0; i < outer; i++)
        operators->transform(spare + i * n * length, src + i * n * length, tables->forward[n], n,
                             length);
    return spare;
}

const float *odva_cpu_dct_tile(const struct odva_cpu_operators *operators,
                               const struct odva_cpu_dct_tables *tables, float *data, int nt,
                               int ny, int nx, int basis, float *scratch)
{
    float *t = transform_axis(operators, data, scratch, tables, 1, nt, (int64_t)ny * nx * basis);
    float *y = transform_axis(operators, t, t == data ? scratch : data, tables, nt, ny,
                              (int64_t)nx * basis);

    return transform_axis(operators, y, y == data ? scratch : data, tables, nt * ny, nx, basis);
}
