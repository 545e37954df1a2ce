#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Multiply-adds in registers, 128 a round: of floats, or of integers. */
#extension GL_GOOGLE_include_directive : require

#include "kernels/vulkan/common.glsl"

layout(constant_id = 0) const uint INTEGERS = 0;

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Ints dst;
    uint rounds;
    int factor, summand; /* 1 and 0: sums stay as they are, which compilers do not know */
};

const uint SUMS = 8; /* independent ones */

void main()
{
    const float f = float(factor), s = float(summand);
    vec4 floats[SUMS];
    ivec4 integers[SUMS];

    for (uint i = 0; i < SUMS; i++) {
        integers[i] = ivec4(gl_GlobalInvocationID.x + i);
        floats[i] = vec4(integers[i]);
    }
    for (uint round = 0; round < rounds; round++)
        [[unroll]] for (uint i = 0; i < 4 * SUMS; i++)
            if (INTEGERS != 0)
                integers[i % SUMS] = integers[i % SUMS] * factor + summand;
            else
                floats[i % SUMS] = floats[i % SUMS] * f + s;
    for (uint i = 1; i < SUMS; i++) {
        integers[0] += integers[i];
        floats[0] += floats[i];
    }
    dst.at[gl_GlobalInvocationID.x] = integers[0].x + integers[0].y + int(floats[0].x + floats[0].y);
}
