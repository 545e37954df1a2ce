/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The basis of a frame's samples, two numbers to a word; include common.glsl before. */
#define SAMPLES 384u
#define PAIRS   192u
#define BANDS   4u

/* Orthonormal DCT over four frames, 1/4096: [band][frame]. */
const int BAND_MATRIX[16] = int[](2048, 2048, 2048, 2048, 2676, 1108, -1108, -2676,
                                  2048, -2048, -2048, 2048, 1108, -2676, 2676, -1108);

ivec2 pair_of(uint word)
{
    return ivec2(bitfieldExtract(int(word), 0, 16), bitfieldExtract(int(word), 16, 16));
}

/* Of samples 4 word .. 4 word + 3. */
ivec4 mean_of(Words mean, uint word)
{
    return ivec4(pair_of(mean.at[2u * word]), pair_of(mean.at[2u * word + 1u]));
}
