/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Layer norm and modulation; include a simd_*.h before. */
#ifndef ODVA_CPU_NORM_SIMD_H
#define ODVA_CPU_NORM_SIMD_H

#include <math.h>

#include "kernels/cpu/operators.h"

static inline float row_sum(const float *x, int n)
{
    v_float a = v_zero(), b = v_zero();
    int i = 0;

    for (; i + 2 * V_WIDTH <= n; i += 2 * V_WIDTH) {
        a = v_add(a, v_load(x + i));
        b = v_add(b, v_load(x + i + V_WIDTH));
    }
    for (; i < n; i += V_WIDTH)
        a = v_add(a, v_load_n(x + i, n - i));
    return v_sum(v_add(a, b));
}

static inline float row_squares(const float *x, float mean, int n)
{
    const v_float m = v_set1(mean);
    v_float a = v_zero(), b = v_zero();
    int i = 0;

    for (; i + 2 * V_WIDTH <= n; i += 2 * V_WIDTH) {
        const v_float u = v_sub(v_load(x + i), m), v = v_sub(v_load(x + i + V_WIDTH), m);

        a = v_fma(u, u, a);
        b = v_fma(v, v, b);
    }
    for (; i + V_WIDTH <= n; i += V_WIDTH) {
        const v_float u = v_sub(v_load(x + i), m);

        a = v_fma(u, u, a);
    }
    float sum = v_sum(v_add(a, b));
    for (; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

static void norm_modulate_simd(const struct odva_cpu_norm *norm, int64_t first_row, int64_t rows)
{
    const int width = norm->width;
    const v_float one = v_set1(1.0f);

    for (int64_t row = first_row; row < first_row + rows; row++) {
        const float *src = norm->src + row * norm->src_stride;
        float *dst = norm->dst + row * norm->dst_stride;
        const float mean = row_sum(src, width) / width;
        const float variance = row_squares(src, mean, width) / width;
        const v_float m = v_set1(mean), inverse = v_set1(1.0f / sqrtf(variance + 1e-6f));
        const int64_t tile = norm->shift ? norm->row[row] : 0;

        for (int i = 0; i < width; i += V_WIDTH) {
            const int n = width - i < V_WIDTH ? width - i : V_WIDTH;
            v_float y = v_mul(v_sub(v_load_n(src + i, n), m), inverse);

            if (norm->shift) {
                const float *scale = norm->scale + tile * norm->scale_stride;
                const float *shift = norm->shift + tile * norm->shift_stride;

                y = v_fma(y, v_add(one, v_load_n(scale + i, n)), v_load_n(shift + i, n));
            }
            v_store_n(dst + i, y, n);
        }
    }
}

#endif
