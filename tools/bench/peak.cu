/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Multiply-adds in registers: of floats, of integers, and of bfloat16 on tensor cores. */
#include "tools/bench/peak.h"

#include "kernels/cuda/mma.cuh"

#define SUMS 8 /* independent ones */

#define PEAK(name) extern "C" __global__ void name(const __grid_constant__ struct peak_arguments a)

template <typename number> static __device__ __forceinline__ void multiply(const peak_arguments &a)
{
    const number factor = (number)a.factor, summand = (number)a.summand;
    number sums[SUMS], sum = 0;

    UNROLL for (int i = 0; i < SUMS; i++) sums[i] = (number)(threadIdx.x + i);
    for (int round = 0; round < a.rounds; round++)
        UNROLL for (int i = 0; i < PEAK_OPERATIONS / 2; i++) sums[i % SUMS] =
            sums[i % SUMS] * factor + summand;
    UNROLL for (int i = 0; i < SUMS; i++) sum += sums[i];
    a.dst[thread_index()] = (float)sum;
}

PEAK(peak_fma)
{
    multiply<float>(a);
}

PEAK(peak_integers)
{
    multiply<int32_t>(a);
}

PEAK(peak_mma)
{
    const uint32_t ones = bf16_pair((float)a.factor, (float)a.factor), zero = (uint32_t)a.summand;
    const uint32_t rows[4] = {ones, zero, ones, zero}, columns[2] = {zero, ones};
    float sums[SUMS][4] = {}, sum = 0;

    for (int round = 0; round < a.rounds; round++)
        UNROLL for (int i = 0; i < SUMS; i++) multiply_add_bf16(sums[i], rows, columns);
    UNROLL for (int i = 0; i < SUMS; i++) UNROLL for (int j = 0; j < 4; j++) sum += sums[i][j];
    a.dst[thread_index()] = sum;
}
