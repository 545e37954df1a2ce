/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * What nvcc has built in, for C++ compilers: kernels include nothing of it, the build includes it
 * before them. A block's threads are fibers that go on until they wait for each other, warp after
 * warp as far as the next barrier; in which order they do is the test's choice
 * (cuda_on_cpu_set_order), so that what one thread may not rely on, a test sees. All threads must
 * come to the same barrier, and all lanes that a mask names to the same exchange: the program ends,
 * after a line, where they do not.
 */
#ifndef ODVA_CUDA_ON_CPU_H
#define ODVA_CUDA_ON_CPU_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cuda_on_cpu_dim {
    unsigned x, y, z;
};

/** Of the thread that runs. */
extern struct cuda_on_cpu_dim cuda_on_cpu_thread, cuda_on_cpu_block;
/** Of the launch. */
extern struct cuda_on_cpu_dim cuda_on_cpu_block_size, cuda_on_cpu_grid_size;

#define CUDA_ON_CPU_WARP     32
#define CUDA_ON_CPU_EXCHANGE 32 /* bytes that a lane may give to the others */

/** Wait for all threads of the block. @param line where it is called */
void cuda_on_cpu_barrier(const char *file, int line);
/**
 * Wait for the lanes of a mask, which the caller is of.
 * @param mine bytes of them for the others, which may be no more than CUDA_ON_CPU_EXCHANGE
 * @return what all lanes have given, CUDA_ON_CPU_EXCHANGE bytes each, until the next exchange
 */
const unsigned char *cuda_on_cpu_exchange(uint32_t mask, const void *mine, size_t bytes,
                                          const char *file, int line);

/** By all lanes of a warp: 16 x 16 numbers by 16 x 8, as kernels/cuda/mma.cuh has them. */
void cuda_on_cpu_mma_bf16(float *sums, const uint32_t *a, const uint32_t *b, const char *file,
                          int line);
uint32_t cuda_on_cpu_bf16_pair(float first, float second);

#ifdef __cplusplus
}

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)
/* Of one block at a time: it is filled with noise before each. */
#define __shared__ static __attribute__((section("cuda_shared")))

#define threadIdx cuda_on_cpu_thread
#define blockIdx  cuda_on_cpu_block
#define blockDim  cuda_on_cpu_block_size
#define gridDim   cuda_on_cpu_grid_size

#define __syncthreads() cuda_on_cpu_barrier(__FILE__, __LINE__)

#define __shfl_xor_sync(mask, value, lanes)                                                        \
    cuda_on_cpu_shuffle(mask, value, cuda_on_cpu_lane() ^ (lanes), __FILE__, __LINE__)
#define __shfl_sync(mask, value, lane)                                                             \
    cuda_on_cpu_shuffle(mask, value, (lane) % CUDA_ON_CPU_WARP, __FILE__, __LINE__)

static inline unsigned cuda_on_cpu_lane()
{
    return (cuda_on_cpu_thread.x +
            cuda_on_cpu_block_size.x *
                (cuda_on_cpu_thread.y + cuda_on_cpu_block_size.y * cuda_on_cpu_thread.z)) %
           CUDA_ON_CPU_WARP;
}

template <typename value_type>
static inline value_type cuda_on_cpu_shuffle(uint32_t mask, value_type value, unsigned lane,
                                             const char *file, int line)
{
    static_assert(sizeof(value) <= CUDA_ON_CPU_EXCHANGE, "");
    memcpy(&value,
           cuda_on_cpu_exchange(mask, &value, sizeof(value), file, line) +
               CUDA_ON_CPU_EXCHANGE * lane,
           sizeof(value));
    return value;
}

/* Kernels are compiled without contraction of products and sums: all of these round. */
static inline float __fadd_rn(float x, float y)
{
    return x + y;
}

static inline float __fsub_rn(float x, float y)
{
    return x - y;
}

static inline float __fmul_rn(float x, float y)
{
    return x * y;
}

static inline float __fdiv_rn(float x, float y)
{
    return x / y;
}

#endif

#endif
