/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The DCT over a token's four frames, beside the basis of a frame's samples. */
#ifndef ODVA_CUDA_BANDS_CUH
#define ODVA_CUDA_BANDS_CUH

#include "kernels/cuda/planes.cuh"

/* Orthonormal, 1/4096. */
static __constant__ const int band_matrix[ODVA_BANDS][ODVA_TOKEN_FRAMES] = {
    {2048, 2048, 2048, 2048},
    {2676, 1108, -1108, -2676},
    {2048, -2048, -2048, 2048},
    {1108, -2676, 2676, -1108},
};

#endif
