/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What attention reads: rows of q, k and v, the former two rotated by their positions. */
#ifndef ODVA_CUDA_ROTATED_CUH
#define ODVA_CUDA_ROTATED_CUH

#include "kernels/cuda/common.cuh"

/* Where an entry's q (part 0), k or v begins. */
static __device__ __forceinline__ const float *part_of(const odva_cuda_attention &a, int entry,
                                                       int part)
{
    return a.qkv + a.rows[entry] * a.qkv_stride +
           ((int64_t)part * a.heads + blockIdx.y) * a.head_dim;
}

/* Element d of an entry's q or k, rotated. */
static __device__ float rotated(const odva_cuda_attention &a, int entry, int part, int d)
{
    const int half = a.head_dim / 2, pair = d % half, position = a.rope[entry];
    const float *from = part_of(a, entry, part);
    float c, s;

    if (position < 0)
        return from[d];
    c = a.cosines[(int64_t)position * half + pair];
    s = a.sines[(int64_t)position * half + pair];
    return d < half ? from[pair] * c - from[half + pair] * s
                    : from[pair] * s + from[half + pair] * c;
}

#endif
