/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A block makes the row of a patch: 1536 numbers of its samples. */
#include "kernels/cuda/planes.cuh"

KERNEL(patchify, patchify)
{
    const int token = a.position[blockIdx.x];
    float *row = a.dst + blockIdx.x * a.stride;

    for (int word = threadIdx.x; word < ODVA_CUDA_WORDS; word += blockDim.x) {
        const four s = samples_of(a.pictures, a.grid, place_in_patch(a.grid, token, word));

        for (int i = 0; i < 4; i++)
            row[4 * word + i] = __fsub_rn(__fdiv_rn((float)s.v[i], 127.5f), 1.0f);
    }
}
