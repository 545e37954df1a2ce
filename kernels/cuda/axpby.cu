/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* dst = a x + b y over rows of numbers, each product and sum rounded. */
#include "kernels/cuda/common.cuh"

KERNEL(axpby, axpby)
{
    const int64_t column = thread_index();

    if (column >= a.columns)
        return;
    for (int64_t r = blockIdx.y; r < a.rows; r += gridDim.y)
        a.dst[r * a.dst_stride + column] = __fadd_rn(__fmul_rn(a.a, a.x[r * a.x_stride + column]),
                                                     __fmul_rn(a.b, a.y[r * a.y_stride + column]));
}
