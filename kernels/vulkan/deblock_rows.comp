#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Across the borders between rows: an invocation makes four columns of a border. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"
#include "deblock.glsl"

void deblock_word(Plane p, uint x, uint y, int limit)
{
    ivec4 before[4], behind[4]; /* [distance], of four columns */

    for (uint i = 0u; i < 4u; i++) {
        before[i] = ivec4(unpack(word_at(p, x, y - 1u - i)));
        behind[i] = ivec4(unpack(word_at(p, x, y + i)));
    }
    for (int c = 0; c < 4; c++) {
        ivec4 above = ivec4(before[0][c], before[1][c], before[2][c], before[3][c]);
        ivec4 below = ivec4(behind[0][c], behind[1][c], behind[2][c], behind[3][c]);

        deblock_line(above, below, limit);
        for (int i = 0; i < 4; i++) {
            before[i][c] = above[i];
            behind[i][c] = below[i];
        }
    }
    for (uint i = 0u; i < 4u; i++) {
        set_word(p, x, y - 1u - i, pack(uvec4(before[i])));
        set_word(p, x, y + i, pack(uvec4(behind[i])));
    }
}

void main()
{
    const uint plane = gl_WorkGroupID.z, spacing = plane == 0u ? 16u : 8u;
    const uint across = (plane_size(width, plane) + 3u) / 4u;
    const uint words = across * borders_of(plane_size(height, plane), spacing);
    Plane p = plane_of(pictures, gl_WorkGroupID.y, plane);

    for (uint i = gl_GlobalInvocationID.x; i < words; i += 64u * gl_NumWorkGroups.x) {
        const uint x = 4u * (i % across), row = 1u + i / across, column = x / spacing;

        deblock_word(p, x, row * spacing,
                     limit_between(uvec2(column, row), uvec2(column, row - 1u)));
    }
}
