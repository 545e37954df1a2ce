/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Between a tile's numbers and its latents, which are in the order of its scan. */
#include "kernels/cuda/common.cuh"

/* Where coefficient i of the scan is among a tile's numbers. */
static __device__ __forceinline__ int number_of(const odva_cuda_tile &tile, int basis, int i)
{
    const int order = tile.order[i];

    return (order >> ODVA_CUDA_ORDER_BITS) * basis + (order & ((1 << ODVA_CUDA_ORDER_BITS) - 1));
}

KERNEL(scan_to_latents, scan)
{
    const odva_cuda_tile &tile = a.tiles[blockIdx.y];

    for (int i = (int)thread_index(); i < tile.coefficients; i += (int)thread_count())
        ((float *)tile.latents)[i] = ((const float *)tile.numbers)[number_of(tile, a.basis, i)];
}

/* Which are 0. */
KERNEL(scan_to_numbers, scan)
{
    const odva_cuda_tile &tile = a.tiles[blockIdx.y];

    for (int i = (int)thread_index(); i < tile.coefficients; i += (int)thread_count())
        ((int *)tile.numbers)[number_of(tile, a.basis, i)] = ((const int *)tile.latents)[i];
}
