#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A group makes a patch's samples: the product of its coefficients with the basis, each band for
 * itself, then the inverse DCT over its 4 frames; integers (doc/bitstream.md, section 8). */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"
#include "tiles.glsl"
#include "basis.glsl"

layout(local_size_x = 96) in; /* a word of four samples each */
layout(push_constant, std430) uniform Arguments
{
    Frames pictures, prediction;
    Tiles tiles;
    Words mean, inverse; /* inverse: [vectors][192] */
    Grid grid;
    uint band_count[4];
};

/* In 1/4 of a sample's step. */
shared int coefs[4 * SAMPLES];

uint basis_of()
{
    return band_count[0] + band_count[1] + band_count[2] + band_count[3];
}

void load_coefs(Tile tile, uint patch_of)
{
    const uint basis = basis_of();

    for (uint k = gl_LocalInvocationIndex; k < basis; k += FRAME_WORDS)
        coefs[k] = clamp(Ints(tile.numbers).at[patch_of * basis + k] + 4 >> 3, -32768, 32767);
}

/* Of a band's vectors; most coefficients are 0, in all invocations at once. */
ivec4 sum_of(uint first, uint count, uint word)
{
    ivec4 sum = ivec4(0);

    for (uint k = 0u; k < count; k++) {
        const int c = coefs[first + k];

        if (c != 0)
            sum += c * ivec4(pair_of(inverse.at[k * PAIRS + 2u * word]),
                             pair_of(inverse.at[k * PAIRS + 2u * word + 1u]));
    }
    return sum;
}

void main()
{
    Tile tile = tiles.at[gl_WorkGroupID.y];
    const uint place = tile.ny * tile.nx, patches = tile.nt * place, word = gl_LocalInvocationIndex;

    for (uint i = gl_WorkGroupID.x; i < patches; i += gl_NumWorkGroups.x) {
        const uint at = (tile.y0 + i % place / tile.nx) * grid.columns + tile.x0 + i % tile.nx;
        const uint token = i / place * grid.rows * grid.columns + at;
        ivec4 sums[BANDS], middle;
        uint first = 0u;

        load_coefs(tile, i);
        barrier();
        for (uint b = 0u; b < BANDS; b++) {
            sums[b] = sum_of(first, band_count[b], word) + 128 >> 8;
            first += band_count[b];
        }
        barrier();
        if (tile.is_predicted != 0u)
            middle = 8 * ivec4(samples_of(prediction, grid, place_in_frame(grid, at, word)));
        else
            middle = mean_of(mean, word);
        for (uint f = 0u; f < 4u; f++) {
            ivec4 v = middle * (1 << 17) + (1 << 19);

            for (uint b = 0u; b < BANDS; b++)
                v += BAND_MATRIX[4u * b + f] * sums[b];
            set_samples(pictures, grid, place_in_patch(grid, token, f * FRAME_WORDS + word),
                        pack_clipped(v >> 20));
        }
    }
}
