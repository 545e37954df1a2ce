/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Products of a warp on tensor cores, from compute capability 8.0 on: 16 x 16 numbers by 16 x 8,
 * bfloat16 factors in pairs, float32 sums. Lane 4 g + t holds
 *   a[0], a[1], a[2], a[3]:  rows g, g + 8, g, g + 8; columns 2t and 2t + 1, the latter two 8 more
 *   b[0], b[1]:              column g; rows 2t and 2t + 1, the latter 8 more
 *   sums[0] .. sums[3]:      rows g, g, g + 8, g + 8; columns 2t, 2t + 1, 2t, 2t + 1
 */
#ifndef ODVA_CUDA_MMA_CUH
#define ODVA_CUDA_MMA_CUH

#include "kernels/cuda/common.cuh"

#ifdef CUDA_ON_CPU_WARP

#define multiply_add_bf16(sums, a, b) cuda_on_cpu_mma_bf16(sums, a, b, __FILE__, __LINE__)
#define bf16_pair(first, second)      cuda_on_cpu_bf16_pair(first, second)

#else

static __device__ __forceinline__ void multiply_add_bf16(float *sums, const uint32_t *a,
                                                         const uint32_t *b)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/* Rounded to the nearest; the first one is in the low half. */
static __device__ __forceinline__ uint32_t bf16_pair(float first, float second)
{
    uint32_t pair;

    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
    return pair;
}

#endif

#endif
