/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What threads of a warp, and of a block, make together. */
#ifndef ODVA_CUDA_WARPS_CUH
#define ODVA_CUDA_WARPS_CUH

#define WARP       32
#define MOST_WARPS 32 /* of a block */
#define ALL_LANES  0xffffffffu

static __device__ __forceinline__ float sum_of_warp(float v)
{
    for (int lane = WARP / 2; lane > 0; lane /= 2)
        v += __shfl_xor_sync(ALL_LANES, v, lane);
    return v;
}

static __device__ __forceinline__ float largest_of_warp(float v)
{
    for (int lane = WARP / 2; lane > 0; lane /= 2)
        v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, lane));
    return v;
}

/* Of all threads of a block of whole warps, which all call it. */
static __device__ __forceinline__ float sum_of_block(float v)
{
    __shared__ float sums[MOST_WARPS];
    const int warps = blockDim.x / WARP;
    float sum = 0;

    v = sum_of_warp(v);
    if (threadIdx.x % WARP == 0)
        sums[threadIdx.x / WARP] = v;
    __syncthreads();
    for (int w = 0; w < warps; w++)
        sum += sums[w];
    __syncthreads();
    return sum;
}

#endif
