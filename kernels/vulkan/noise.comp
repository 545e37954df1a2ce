#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Rows of 1536 standard normal numbers (doc/bitstream.md, section 8): an invocation makes four. The
 * integers are exact; Box's and Muller's transform is in floats, from the integers where they lie
 * near an end of the range, so that no digits are lost there.
 */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"

#define BLOCKS 384u /* of four numbers, in a row */

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Floats dst;
    Ints position;
    uint dst_stride, rows;
    uint seed_low, seed_high, step_of;
};

/* Philox4x32-10. */
uvec4 philox(uvec4 c, uvec2 k)
{
    for (int i = 0; i < 10; i++) {
        uint high0, low0, high1, low1;

        umulExtended(0xD2511F53u, c.x, high0, low0);
        umulExtended(0xCD9E8D57u, c.z, high1, low1);
        c = uvec4(high1 ^ c.y ^ k.x, low1, high0 ^ c.w ^ k.y, low0);
        k += uvec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return c;
}

/* ln((1 + s) / (1 - s)) for |s| <= 1/3 */
float twice_atanh(float s)
{
    const float t = s * s;
    float p = 1.0 / 15.0;

    p = p * t + 1.0 / 13.0;
    p = p * t + 1.0 / 11.0;
    p = p * t + 1.0 / 9.0;
    p = p * t + 1.0 / 7.0;
    p = p * t + 1.0 / 5.0;
    p = p * t + 1.0 / 3.0;
    return 2.0 * s * (p * t + 1.0);
}

/* -ln((n + 1/2) / 2^32) */
float minus_ln(uint n)
{
    float m;
    int exponent;

    if (n >= 0x80000000u) { /* near 1: from what is missing to 1 */
        const float missing = (float(~n) + 0.5) * (1.0 / 4294967296.0);

        return twice_atanh(missing / (2.0 - missing));
    }
    m = frexp(float(n) + 0.5, exponent);
    if (m < 0.70710678) {
        m *= 2.0;
        exponent--;
    }
    return float(32 - exponent) * 0.693147181 - twice_atanh((m - 1.0) / (m + 1.0));
}

/* Cosine and sine of 2 pi (n + 1/2) / 2^32: from the nearest quarter turn. */
vec2 direction(uint n)
{
    const uint quarter = (n + 0x20000000u) >> 30;
    const float x = (float(int(n - (quarter << 30))) + 0.5) * (1.57079633 / 1073741824.0);
    const float t = x * x;
    const float s = x + x * t * (-1.0 / 6.0 + t * (1.0 / 120.0 + t * (-1.0 / 5040.0 + t / 362880.0)));
    const float c = 1.0 - t * (0.5 - t * (1.0 / 24.0 - t * (1.0 / 720.0 - t / 40320.0)));
    const vec2 turned = (quarter & 1u) != 0u ? vec2(-s, c) : vec2(c, s);

    return (quarter & 2u) != 0u ? -turned : turned;
}

void main()
{
    const uint block = gl_GlobalInvocationID.x;

    if (block >= BLOCKS)
        return;
    for (uint r = gl_WorkGroupID.y; r < rows; r += gl_NumWorkGroups.y) {
        const uint64_t at = uint64_t(uint(position.at[r])) * BLOCKS + block;
        const uvec4 n = philox(uvec4(uint(at), uint(at >> 32), step_of, 0u), uvec2(seed_low, seed_high));
        const vec2 first = sqrt(2.0 * minus_ln(n.x)) * direction(n.y);
        const vec2 second = sqrt(2.0 * minus_ln(n.z)) * direction(n.w);
        const uint to = r * dst_stride + 4u * block;

        dst.at[to] = first.x;
        dst.at[to + 1u] = first.y;
        dst.at[to + 2u] = second.x;
        dst.at[to + 3u] = second.y;
    }
}
