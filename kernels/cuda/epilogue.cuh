/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What follows a product. */
#ifndef ODVA_CUDA_EPILOGUE_CUH
#define ODVA_CUDA_EPILOGUE_CUH

#include "kernels/cuda/common.cuh"

static __device__ __forceinline__ float activate(int activation, float v)
{
    if (activation == ODVA_CUDA_ACTIVATION_GELU) /* v/2 (1 + tanh u) = v / (1 + e^-2u) */
        return v / (1.0f + expf(-1.59576912f * (v + 0.044715f * (v * v * v))));
    if (activation == ODVA_CUDA_ACTIVATION_SILU)
        return v / (1.0f + expf(-v));
    return v;
}

static __device__ __forceinline__ float finish(const odva_cuda_epilogue &e, int64_t row, int column,
                                               float v)
{
    if (e.bias)
        v += e.bias[column];
    v = activate(e.activation, v);
    if (e.gate)
        v *= e.gate[e.gate_row[row] * e.gate_stride + column];
    if (e.add)
        v += e.add[(e.add_row ? e.add_row[row] : row) * e.add_stride + column];
    return v;
}

#endif
