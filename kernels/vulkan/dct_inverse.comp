#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Inverse DCT of a tile's lines along an axis, in place: integers (doc/bitstream.md, section 8). */
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

void transform_line(Ints numbers, Lines lines, uint start)
{
    int line[DCT_MAX];

    for (uint f = 0u; f < lines.size; f++)
        line[f] = numbers.at[start + f * lines.inner];
    for (uint i = 0u; i < lines.size; i++) {
        int64_t sum = 1l << 15;

        for (uint f = 0u; f < lines.size; f++)
            sum += int64_t(tables.exact[dct_index(lines.size, f, i)]) * int64_t(line[f]);
        numbers.at[start + i * lines.inner] = int(uint(uint64_t(sum) >> 16));
    }
}

void main()
{
    Tile tile = tiles.at[gl_WorkGroupID.y];
    const Lines lines = lines_of(AXIS, tile.nt, tile.ny, tile.nx, basis);

    for (uint i = gl_GlobalInvocationID.x; i < lines.count; i += 64u * gl_NumWorkGroups.x)
        transform_line(Ints(tile.numbers), lines, line_start(lines, i));
}
