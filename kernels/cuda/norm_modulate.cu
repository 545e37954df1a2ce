/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A block makes a row: y = LN(x) (1 + scale[row[r]]) + shift[row[r]]. */
#include "kernels/cuda/common.cuh"
#include "kernels/cuda/warps.cuh"

KERNEL(norm_modulate, norm_modulate)
{
    const float *src = a.src + blockIdx.x * a.src_stride;
    float *dst = a.dst + blockIdx.x * a.dst_stride;
    const int64_t tile = a.shift ? a.row[blockIdx.x] : 0;
    float sum = 0, squares = 0, mean, inverse;

    for (int i = threadIdx.x; i < a.width; i += blockDim.x)
        sum += src[i];
    mean = sum_of_block(sum) / a.width;
    for (int i = threadIdx.x; i < a.width; i += blockDim.x)
        squares += (src[i] - mean) * (src[i] - mean);
    inverse = 1.0f / sqrtf(sum_of_block(squares) / a.width + 1e-6f);
    for (int i = threadIdx.x; i < a.width; i += blockDim.x) {
        const float v = (src[i] - mean) * inverse;

        dst[i] = a.shift ? v * (1.0f + a.scale[tile * a.scale_stride + i]) +
                               a.shift[tile * a.shift_stride + i]
                         : v;
    }
}
