#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Across the borders between columns: an invocation makes a row of a border. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"
#include "deblock.glsl"

void main()
{
    const uint plane = gl_WorkGroupID.z, spacing = plane == 0u ? 16u : 8u;
    const uint borders = borders_of(plane_size(width, plane), spacing);
    const uint lines = borders * plane_size(height, plane);
    Plane p = plane_of(pictures, gl_WorkGroupID.y, plane);

    for (uint i = gl_GlobalInvocationID.x; i < lines; i += 64u * gl_NumWorkGroups.x) {
        const uint column = 1u + i % borders, y = i / borders, x = column * spacing;
        const uint row = y / spacing;
        ivec4 before = ivec4(unpack(word_at(p, x - 4u, y))).wzyx;
        ivec4 behind = ivec4(unpack(word_at(p, x, y)));

        deblock_line(before, behind, limit_between(uvec2(column, row), uvec2(column - 1u, row)));
        set_word(p, x - 4u, y, pack(uvec4(before.wzyx)));
        set_word(p, x, y, pack(uvec4(behind)));
    }
}
