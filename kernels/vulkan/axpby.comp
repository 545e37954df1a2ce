#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* dst = a x + b y over rows of numbers. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Floats dst, x, y;
    uint dst_stride, x_stride, y_stride;
    uint rows, columns;
    float a, b;
};

void main()
{
    const uint column = gl_GlobalInvocationID.x;

    if (column >= columns)
        return;
    for (uint r = gl_WorkGroupID.y; r < rows; r += gl_NumWorkGroups.y) {
        precise const float v = a * x.at[r * x_stride + column];
        precise const float w = b * y.at[r * y_stride + column];
        precise const float sum = v + w;

        dst.at[r * dst_stride + column] = sum;
    }
}
