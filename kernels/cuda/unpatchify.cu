/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A block writes the samples of a patch: clip(floor((x + 1) 127.5 + 0.5), 0, 255). */
#include "kernels/cuda/planes.cuh"

/* Not a number gives 0. */
static __device__ __forceinline__ int to_sample(float x)
{
    const float v = __fadd_rn(__fmul_rn(__fadd_rn(x, 1.0f), 127.5f), 0.5f);

    return v > 0 ? (int)(v < 255 ? v : 255.0f) : 0;
}

KERNEL(unpatchify, unpatchify)
{
    const int token = a.position[blockIdx.x];
    const float *row = a.src + blockIdx.x * a.stride;

    for (int word = threadIdx.x; word < ODVA_CUDA_WORDS; word += blockDim.x) {
        four s;

        for (int i = 0; i < 4; i++)
            s.v[i] = to_sample(row[4 * word + i]);
        set_samples(a.pictures, a.grid, place_in_patch(a.grid, token, word), s);
    }
}
