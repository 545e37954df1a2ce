/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Kernels with the mistakes that tests of kernels on the CPU must see, and one without (harness.h).
 */
#include "kernels/cuda/tests/harness.h"

#define KERNEL(name) extern "C" __global__ void odva_kernel_##name(struct harness_arguments a)

/* Each thread's number from the next one. */
static __device__ void rotate(int *dst, int *shared, int has_barrier)
{
    shared[threadIdx.x] = (int)threadIdx.x;
    if (has_barrier)
        __syncthreads();
    dst[threadIdx.x] = shared[(threadIdx.x + 1) % blockDim.x];
}

KERNEL(right)
{
    __shared__ int shared[HARNESS_THREADS];

    rotate(a.dst, shared, 1);
    a.dst[threadIdx.x] += __shfl_xor_sync(0xffffffffu, 1, 1) - 1;
}

KERNEL(race)
{
    __shared__ int shared[HARNESS_THREADS];

    rotate(a.dst, shared, 0);
}

KERNEL(barrier_for_some)
{
    if (threadIdx.x < 3)
        __syncthreads();
    a.dst[threadIdx.x] = 0;
}

KERNEL(two_barriers)
{
    if (threadIdx.x < 3)
        __syncthreads();
    else
        __syncthreads();
    a.dst[threadIdx.x] = 0;
}

KERNEL(lane_missing)
{
    if (threadIdx.x != 5)
        a.dst[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1, 1);
}

KERNEL(behind_memory)
{
    a.dst[threadIdx.x] = a.dst[threadIdx.x + 1];
}

KERNEL(behind_shared)
{
    __shared__ int shared[HARNESS_THREADS];
    int *volatile numbers = shared; /* of whose size the compiler knows nothing */

    numbers[threadIdx.x + a.offset] = 0;
    a.dst[threadIdx.x] = shared[threadIdx.x];
}

/* What a block before has left there is gone. */
KERNEL(stale_shared)
{
    __shared__ int shared[HARNESS_THREADS];

    a.dst[threadIdx.x] = shared[threadIdx.x] == (int)threadIdx.x;
    shared[threadIdx.x] = (int)threadIdx.x;
}
