#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A group makes the row of a patch: 1536 numbers of its samples. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"
#include "tables.glsl"

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Frames pictures;
    Floats dst;
    Ints position;
    uint dst_stride, count;
    Grid grid;
    Tables tables;
};

void main()
{
    for (uint r = gl_WorkGroupID.x; r < count; r += gl_NumWorkGroups.x) {
        const uint token = uint(position.at[r]);

        for (uint word = gl_LocalInvocationIndex; word < PATCH_WORDS; word += 64u) {
            const uvec4 samples = samples_of(pictures, grid, place_in_patch(grid, token, word));

            for (uint i = 0u; i < 4u; i++)
                dst.at[r * dst_stride + 4u * word + i] = tables.numbers[samples[i]];
        }
    }
}
