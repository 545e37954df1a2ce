#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A group makes a patch's coefficients: the DCT over its 4 frames, then the product with the basis. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"
#include "basis.glsl"

#define THREADS 64u

layout(local_size_x = THREADS) in;
layout(push_constant, std430) uniform Arguments
{
    Frames pictures;
    Floats coefs;
    Ints position;
    uint coefs_stride, count;
    Grid grid;
    Words mean, forward; /* forward: [192][vectors] */
    uint vectors;
    float unit; /* what a sum is in */
    uint band_count[4];
};

/* In 1/8 of a sample's step. */
shared int bands[BANDS * SAMPLES];

void split_bands(uint token)
{
    for (uint word = gl_LocalInvocationIndex; word < FRAME_WORDS; word += THREADS) {
        const ivec4 middle = mean_of(mean, word);
        ivec4 samples[4];

        for (uint f = 0u; f < 4u; f++)
            samples[f] = 8 * ivec4(samples_of(pictures, grid,
                                              place_in_patch(grid, token, f * FRAME_WORDS + word))) -
                         middle;
        for (uint b = 0u; b < BANDS; b++) {
            ivec4 sum = ivec4(2048);

            for (uint f = 0u; f < 4u; f++)
                sum += BAND_MATRIX[4u * b + f] * samples[f];
            for (uint i = 0u; i < 4u; i++)
                bands[b * SAMPLES + 4u * word + i] = sum[i] >> 12;
        }
    }
}

int product(uint band, uint vector)
{
    int sum = 0;

    for (uint p = 0u; p < PAIRS; p++) {
        const ivec2 w = pair_of(forward.at[p * vectors + vector]);

        sum += bands[band * SAMPLES + 2u * p] * w.x + bands[band * SAMPLES + 2u * p + 1u] * w.y;
    }
    return sum;
}

void main()
{
    for (uint r = gl_WorkGroupID.x; r < count; r += gl_NumWorkGroups.x) {
        uint first = r * coefs_stride;

        split_bands(uint(position.at[r]));
        barrier();
        for (uint b = 0u; b < BANDS; b++) {
            for (uint j = gl_LocalInvocationIndex; j < band_count[b]; j += THREADS)
                coefs.at[first + j] = unit * float(product(b, j));
            first += band_count[b];
        }
        barrier();
    }
}
