/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* DCT of a tile's lines along an axis, in place. A thread makes a line. */
#include "kernels/cuda/common.cuh"

/** A tile's lines along an axis: t, y, x. */
struct lines {
    int count, size;
    int inner; /* numbers from one of a line to the next */
};

static __device__ __forceinline__ lines lines_of(const odva_cuda_tile &tile, int axis, int basis)
{
    lines l;

    l.size = axis == 0 ? tile.nt : axis == 1 ? tile.ny : tile.nx;
    l.inner = axis == 0 ? tile.ny * tile.nx * basis : axis == 1 ? tile.nx * basis : basis;
    l.count = tile.nt * tile.ny * tile.nx * basis / l.size;
    return l;
}

/* Where a line's first number is. */
static __device__ __forceinline__ int start_of(const lines &l, int line)
{
    return line / l.inner * l.inner * l.size + line % l.inner;
}

/* Along t, the first axis, numbers come from the tile's coefficients. */
static __device__ __forceinline__ float number_at(const odva_cuda_tile &tile, int axis, int basis,
                                                  int at)
{
    return axis > 0 ? ((const float *)tile.numbers)[at]
                    : tile.coefs[(int64_t)tile.rows[at / basis] * basis + at % basis];
}

/* Sums in the order of the C reference, each product and sum rounded. */
KERNEL(dct_forward, dct)
{
    const odva_cuda_tile &tile = a.tiles[blockIdx.y];
    const lines l = lines_of(tile, a.axis, a.basis);

    for (int line = (int)thread_index(); line < l.count; line += (int)thread_count()) {
        const int start = start_of(l, line);
        float numbers[ODVA_CUDA_DCT_MAX];

        for (int i = 0; i < l.size; i++)
            numbers[i] = number_at(tile, a.axis, a.basis, start + i * l.inner);
        for (int f = 0; f < l.size; f++) {
            const float *row = a.tables->forward[l.size][f];
            float sum = __fmul_rn(row[0], numbers[0]);

            for (int i = 1; i < l.size; i++)
                sum = __fadd_rn(sum, __fmul_rn(row[i], numbers[i]));
            ((float *)tile.numbers)[start + f * l.inner] = sum;
        }
    }
}

/* Integers (doc/bitstream.md, section 8). */
KERNEL(dct_inverse, dct)
{
    const odva_cuda_tile &tile = a.tiles[blockIdx.y];
    const lines l = lines_of(tile, a.axis, a.basis);
    int *all = (int *)tile.numbers;

    for (int line = (int)thread_index(); line < l.count; line += (int)thread_count()) {
        const int start = start_of(l, line);
        int numbers[ODVA_CUDA_DCT_MAX];

        for (int f = 0; f < l.size; f++)
            numbers[f] = all[start + f * l.inner];
        for (int i = 0; i < l.size; i++) {
            int64_t sum = 1 << 15;

            for (int f = 0; f < l.size; f++)
                sum += (int64_t)a.tables->exact[l.size][f][i] * numbers[f];
            all[start + i * l.inner] = (int)(uint32_t)((uint64_t)sum >> 16);
        }
    }
}
