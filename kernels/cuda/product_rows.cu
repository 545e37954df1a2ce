/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What is before and behind a product that cuBLASLt makes. */
#include "kernels/cuda/epilogue.cuh"
#include "kernels/cuda/mma.cuh"

/* Rows rounded to bfloat16, padded by zeros as weights are. */
KERNEL(round_rows, round_rows)
{
    const int64_t pair = thread_index();

    if (2 * pair >= a.stride)
        return;
    for (int64_t r = blockIdx.y; r < a.rows; r += gridDim.y) {
        const float *from = a.src + r * a.src_stride + 2 * pair;
        const int64_t left = a.width - 2 * pair;

        a.dst[r * (a.stride / 2) + pair] =
            bf16_pair(left > 0 ? from[0] : 0.0f, left > 1 ? from[1] : 0.0f);
    }
}

/* What follows the product. */
KERNEL(finish_rows, finish_rows)
{
    const int64_t column = thread_index();

    if (column >= a.columns)
        return;
    for (int64_t r = blockIdx.y; r < a.rows; r += gridDim.y)
        a.dst[r * a.dst_stride + column] =
            finish(a.epilogue, r, (int)column, a.sums[r * a.sums_stride + column]);
}
