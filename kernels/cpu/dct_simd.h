/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* One axis of the 3D DCT; include a simd_*.h before. */
#ifndef ODVA_CPU_DCT_SIMD_H
#define ODVA_CPU_DCT_SIMD_H

#include "base/unroll.h"
#include "kernels/cpu/operators.h"

/* count numbers of each vector; n is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) void
transform_column(float *restrict dst, const float *restrict src,
                 const float matrix[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX], const int n,
                 int64_t length, int count)
{
    v_float x[ODVA_CPU_DCT_MAX];

    ODVA_UNROLL
    for (int i = 0; i < n; i++)
        x[i] = v_load_n(src + i * length, count);
    ODVA_UNROLL
    for (int o = 0; o < n; o++) {
        v_float sum = v_mul(v_set1(matrix[o][0]), x[0]);

        ODVA_UNROLL
        for (int i = 1; i < n; i++)
            sum = v_fma(v_set1(matrix[o][i]), x[i], sum);
        v_store_n(dst + o * length, sum, count);
    }
}

static inline __attribute__((always_inline)) void
transform_n(float *restrict dst, const float *restrict src,
            const float matrix[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX], const int n, int64_t length)
{
    int64_t j = 0;

    for (; j + V_WIDTH <= length; j += V_WIDTH)
        transform_column(dst + j, src + j, matrix, n, length, V_WIDTH);
    if (j < length)
        transform_column(dst + j, src + j, matrix, n, length, (int)(length - j));
}

static void transform_simd(float *restrict dst, const float *restrict src,
                           const float matrix[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX], int n,
                           int64_t length)
{
    switch (n) {
    case 1:
        transform_n(dst, src, matrix, 1, length);
        break;
    case 2:
        transform_n(dst, src, matrix, 2, length);
        break;
    case 3:
        transform_n(dst, src, matrix, 3, length);
        break;
    case 4:
        transform_n(dst, src, matrix, 4, length);
        break;
    case 5:
        transform_n(dst, src, matrix, 5, length);
        break;
    case 6:
        transform_n(dst, src, matrix, 6, length);
        break;
    case 7:
        transform_n(dst, src, matrix, 7, length);
        break;
    default:
        transform_n(dst, src, matrix, 8, length);
    }
}

#endif
