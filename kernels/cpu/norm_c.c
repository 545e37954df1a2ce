/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <math.h>

#include "kernels/cpu/reference.h"

#define WIDTH ODVA_CPU_C_WIDTH

static float sum(const float *x, int n)
{
    float partial[WIDTH] = {0};
    int i = 0;

    for (; i + WIDTH <= n; i += WIDTH)
        for (int j = 0; j < WIDTH; j++)
            partial[j] += x[i + j];
    for (int j = 0; i + j < n; j++)
        partial[j] += x[i + j];
    return odva_cpu_tree_sum(partial);
}

static float sum_of_squares(const float *x, float mean, int n)
{
    float partial[WIDTH] = {0};
    int i = 0;

    for (; i + WIDTH <= n; i += WIDTH)
        for (int j = 0; j < WIDTH; j++)
            partial[j] += (x[i + j] - mean) * (x[i + j] - mean);
    for (int j = 0; i + j < n; j++)
        partial[j] += (x[i + j] - mean) * (x[i + j] - mean);
    return odva_cpu_tree_sum(partial);
}

void odva_cpu_norm_modulate_c(const struct odva_cpu_norm *norm, int64_t first_row, int64_t rows)
{
    const int width = norm->width;

    for (int64_t row = first_row; row < first_row + rows; row++) {
        const float *src = norm->src + row * norm->src_stride;
        float *dst = norm->dst + row * norm->dst_stride;
        const float mean = sum(src, width) / width;
        const float variance = sum_of_squares(src, mean, width) / width;
        const float inverse = 1.0f / sqrtf(variance + 1e-6f);

        for (int i = 0; i < width; i++)
            dst[i] = (src[i] - mean) * inverse;
        if (norm->shift) {
            const float *shift = norm->shift + norm->row[row] * norm->shift_stride;
            const float *scale = norm->scale + norm->row[row] * norm->scale_stride;

            for (int i = 0; i < width; i++)
                dst[i] = dst[i] * (1.0f + scale[i]) + shift[i];
        }
    }
}
