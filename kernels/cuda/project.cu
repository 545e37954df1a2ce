/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A block makes a patch's coefficients: the DCT over its 4 frames, then the product with the basis.
 */
#include "kernels/cuda/bands.cuh"

#define PAIRS (ODVA_FRAME_SAMPLES / 2)

/* In 1/8 of a sample's step. */
static __device__ void split_word(int (*bands)[ODVA_FRAME_SAMPLES], const odva_cuda_project &a,
                                  int token, int word)
{
    four samples[ODVA_TOKEN_FRAMES];

    for (int f = 0; f < ODVA_TOKEN_FRAMES; f++)
        samples[f] = samples_of(a.pictures, a.grid,
                                place_in_patch(a.grid, token, f * ODVA_CUDA_FRAME_WORDS + word));
    for (int i = 0; i < 4; i++)
        for (int b = 0; b < ODVA_BANDS; b++) {
            int sum = 2048;

            for (int f = 0; f < ODVA_TOKEN_FRAMES; f++)
                sum += band_matrix[b][f] * (8 * samples[f].v[i] - a.mean[4 * word + i]);
            bands[b][4 * word + i] = sum >> 12;
        }
}

/* With vector j of the basis. */
static __device__ int product_of(const int *band, const odva_cuda_project &a, int j)
{
    int sum = 0;

    for (int p = 0; p < PAIRS; p++) {
        const odva_cuda_pair pair = a.forward[(int64_t)p * a.vectors + j];

        sum = multiply_add(sum, band[2 * p], pair.first);
        sum = multiply_add(sum, band[2 * p + 1], pair.second);
    }
    return sum;
}

KERNEL(project, project)
{
    __shared__ int bands[ODVA_BANDS][ODVA_FRAME_SAMPLES];
    float *coefs = a.coefs + blockIdx.x * a.stride;

    for (int word = threadIdx.x; word < ODVA_CUDA_FRAME_WORDS; word += blockDim.x)
        split_word(bands, a, a.position[blockIdx.x], word);
    __syncthreads();
    for (int b = 0; b < ODVA_BANDS; b++) {
        for (int j = threadIdx.x; j < a.band_count[b]; j += blockDim.x)
            coefs[j] = a.unit * (float)product_of(bands[b], a, j);
        coefs += a.band_count[b];
    }
}
