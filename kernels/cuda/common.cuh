/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What all kernels include. */
#ifndef ODVA_CUDA_COMMON_CUH
#define ODVA_CUDA_COMMON_CUH

#include "kernels/cuda/kernels.h"

/* C names, by which the host finds them; each is given one structure. */
#define KERNEL(name, arguments)                                                                    \
    extern "C" __global__ void odva_kernel_##name(                                                 \
        const __grid_constant__ struct odva_cuda_##arguments a)

/* Before a loop over an array of registers, which have no addresses. */
#ifdef __CUDACC__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

/** Four samples, or numbers of four samples. */
struct four {
    int v[4];
};

/* Of all threads of a grid's row. */
static __device__ __forceinline__ int64_t thread_index()
{
    return (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
}

static __device__ __forceinline__ int64_t thread_count()
{
    return (int64_t)gridDim.x * blockDim.x;
}

static __device__ __forceinline__ int smaller(int a, int b)
{
    return a < b ? a : b;
}

static __device__ __forceinline__ int larger(int a, int b)
{
    return a > b ? a : b;
}

static __device__ __forceinline__ int clip(int v, int low, int high)
{
    return smaller(larger(v, low), high);
}

/* Modulo 2^32. */
static __device__ __forceinline__ int multiply_add(int sum, int a, int b)
{
    return (int)((uint32_t)sum + (uint32_t)a * (uint32_t)b);
}

#endif
