#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A group makes a row: y = LN(x) (1 + scale[row[r]]) + shift[row[r]]. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"

#define THREADS 64

layout(local_size_x = THREADS) in;
layout(push_constant, std430) uniform Arguments
{
    Floats dst, src, shift, scale;
    Ints row;
    uint dst_stride, src_stride, shift_stride, scale_stride;
    uint rows, width, is_modulated;
};

shared float partial[THREADS];

/* Of all invocations of the group. */
float sum_of(float v)
{
    const uint thread = gl_LocalInvocationIndex;
    float sum;

    partial[thread] = v;
    barrier();
    for (uint half_of = THREADS / 2; half_of > 0; half_of /= 2) {
        if (thread < half_of)
            partial[thread] += partial[thread + half_of];
        barrier();
    }
    sum = partial[0];
    barrier();
    return sum;
}

void norm_row(uint r)
{
    const uint from = r * src_stride, to = r * dst_stride, thread = gl_LocalInvocationIndex;
    const uint tile = is_modulated != 0u ? uint(row.at[r]) : 0u;
    float sum = 0.0, squares = 0.0, mean, inverse;

    for (uint i = thread; i < width; i += THREADS)
        sum += src.at[from + i];
    mean = sum_of(sum) / float(width);
    for (uint i = thread; i < width; i += THREADS) {
        const float v = src.at[from + i] - mean;

        squares += v * v;
    }
    inverse = inversesqrt(sum_of(squares) / float(width) + 1e-6);
    for (uint i = thread; i < width; i += THREADS) {
        float v = (src.at[from + i] - mean) * inverse;

        if (is_modulated != 0u)
            v = v * (1.0 + scale.at[tile * scale_stride + i]) + shift.at[tile * shift_stride + i];
        dst.at[to + i] = v;
    }
}

void main()
{
    for (uint r = gl_WorkGroupID.x; r < rows; r += gl_NumWorkGroups.x)
        norm_row(r);
}
