#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A group writes the samples of a patch: clip(floor((x + 1) 127.5 + 0.5), 0, 255). */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Frames pictures;
    Floats src;
    Ints position;
    uint src_stride, count;
    Grid grid;
};

/* Not a number gives 0. */
uint to_sample(float x)
{
    precise float v = x + 1.0;

    v = v * 127.5;
    v = v + 0.5;
    v = v > 0.0 ? v : 0.0;
    return uint(v < 255.0 ? v : 255.0);
}

void main()
{
    for (uint r = gl_WorkGroupID.x; r < count; r += gl_NumWorkGroups.x) {
        const uint token = uint(position.at[r]);

        for (uint word = gl_LocalInvocationIndex; word < PATCH_WORDS; word += 64u) {
            const uint at = r * src_stride + 4u * word;

            set_samples(pictures, grid, place_in_patch(grid, token, word),
                        pack(uvec4(to_sample(src.at[at]), to_sample(src.at[at + 1u]),
                                   to_sample(src.at[at + 2u]), to_sample(src.at[at + 3u]))));
        }
    }
}
