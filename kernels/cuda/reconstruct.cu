/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * A block makes a patch's samples: the product of its coefficients with the basis, each band for
 * itself, then the inverse DCT over its 4 frames. A thread makes four samples of each frame.
 */
#include "kernels/cuda/bands.cuh"

/* Of a band's vectors; most coefficients are 0, for all threads at once. */
static __device__ four sum_of(const int *coefs, const int16_t *inverse, int count, int word)
{
    four sum = {{0, 0, 0, 0}};

    for (int k = 0; k < count; k++) {
        const int16_t *vector = inverse + (int64_t)k * ODVA_FRAME_SAMPLES + 4 * word;

        if (coefs[k])
            for (int i = 0; i < 4; i++)
                sum.v[i] = multiply_add(sum.v[i], coefs[k], vector[i]);
    }
    for (int i = 0; i < 4; i++)
        sum.v[i] = (int)((uint32_t)sum.v[i] + 128) >> 8;
    return sum;
}

/* @param at the token's place in its frames @param token its place in the clip */
static __device__ void write_word(const odva_cuda_reconstruct &a, const odva_cuda_tile &tile,
                                  const int *coefs, int at, int token, int word)
{
    four middle, sums[ODVA_BANDS];

    for (int b = 0; b < ODVA_BANDS; b++) {
        sums[b] = sum_of(coefs, a.inverse, a.band_count[b], word);
        coefs += a.band_count[b];
    }
    if (tile.is_predicted)
        middle = samples_of(a.prediction, a.grid, place_in_frame(a.grid, at, word));
    for (int i = 0; i < 4; i++)
        middle.v[i] = tile.is_predicted ? 8 * middle.v[i] : a.mean[4 * word + i];
    for (int f = 0; f < ODVA_TOKEN_FRAMES; f++) {
        four samples;

        for (int i = 0; i < 4; i++) {
            int v = middle.v[i] * (1 << 17) + (1 << 19);

            for (int b = 0; b < ODVA_BANDS; b++)
                v = multiply_add(v, band_matrix[b][f], sums[b].v[i]);
            samples.v[i] = clip(v >> 20, 0, 255);
        }
        set_samples(a.pictures, a.grid,
                    place_in_patch(a.grid, token, f * ODVA_CUDA_FRAME_WORDS + word), samples);
    }
}

KERNEL(reconstruct, reconstruct)
{
    __shared__ int coefs[ODVA_MOST_COEFS]; /* in 1/4 of a sample's step */
    const odva_cuda_tile &tile = a.tiles[blockIdx.y];
    const int basis = a.band_count[0] + a.band_count[1] + a.band_count[2] + a.band_count[3];
    const int place = tile.ny * tile.nx;

    for (int patch = blockIdx.x; patch < tile.nt * place; patch += gridDim.x) {
        const int *numbers = (const int *)tile.numbers + (int64_t)patch * basis;
        const int at =
            (tile.y0 + patch % place / tile.nx) * a.grid.columns + tile.x0 + patch % tile.nx;

        for (int k = threadIdx.x; k < basis; k += blockDim.x)
            coefs[k] = clip((int)((uint32_t)numbers[k] + 4) >> 3, -32768, 32767);
        __syncthreads();
        write_word(a, tile, coefs, at, patch / place * a.grid.rows * a.grid.columns + at,
                   threadIdx.x);
        __syncthreads();
    }
}
