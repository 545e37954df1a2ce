#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* DCT-II of a tile's lines along an axis, in place; along t, the first one, from its coefficients. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "tables.glsl"
#include "tiles.glsl"

layout(constant_id = 0) const uint AXIS = 0u;

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Tiles tiles;
    Tables tables;
    uint basis;
};

float number_at(Tile tile, uint at)
{
    if (AXIS > 0u)
        return Floats(tile.numbers).at[at];
    return tile.coefs.at[uint(tile.rows.at[at / basis]) * basis + at % basis];
}

/* Sums in the order of the C reference, each product and sum rounded. */
void transform_line(Tile tile, Lines lines, uint start)
{
    float line[DCT_MAX];

    for (uint i = 0u; i < lines.size; i++)
        line[i] = number_at(tile, start + i * lines.inner);
    for (uint f = 0u; f < lines.size; f++) {
        precise float sum = tables.forward[dct_index(lines.size, f, 0u)] * line[0];

        for (uint i = 1u; i < lines.size; i++) {
            precise const float term = tables.forward[dct_index(lines.size, f, i)] * line[i];

            sum = sum + term;
        }
        Floats(tile.numbers).at[start + f * lines.inner] = sum;
    }
}

void main()
{
    Tile tile = tiles.at[gl_WorkGroupID.y];
    const Lines lines = lines_of(AXIS, tile.nt, tile.ny, tile.nx, basis);

    for (uint i = gl_GlobalInvocationID.x; i < lines.count; i += 64u * gl_NumWorkGroups.x)
        transform_line(tile, lines, line_start(lines, i));
}
