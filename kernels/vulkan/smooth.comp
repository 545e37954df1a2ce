#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* All samples but those of tokens that are kept, from what they were: an invocation makes four. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Frames pictures, sources;
    Words kept; /* a byte for each token */
    uint width, height, columns; /* columns: of tokens */
    int limit;
    uint has_kept;
};

const int NEAR = 14, FAR = 11; /* of differences to samples at distance 1, and 2 */

/* What differences count: themselves up to half the limit, then less, and nothing from it on. */
ivec4 counted(ivec4 difference)
{
    return sign(difference) * max(min(abs(difference), limit - abs(difference)), 0);
}

/* The samples x .. x + 3 of a row; beyond its ends the first and the last one repeat. */
ivec4 samples_at(Plane p, int x, int y, int last)
{
    const ivec4 places = clamp(ivec4(x, x + 1, x + 2, x + 3), 0, last);

    if (x >= 0 && x + 3 <= last)
        return ivec4(unpack(word_at(p, uint(x), uint(y))));
    return ivec4(sample_at(p, uint(places.x), uint(y)), sample_at(p, uint(places.y), uint(y)),
                 sample_at(p, uint(places.z), uint(y)), sample_at(p, uint(places.w), uint(y)));
}

/* @param last of the plane, x and y */
uint smoothed(Plane p, ivec2 last, int x, int y)
{
    const ivec4 here = samples_at(p, x, y, last.x);
    const ivec4 left = samples_at(p, x - 4, y, last.x), right = samples_at(p, x + 4, y, last.x);
    ivec4 near = counted(ivec4(left.w, here.xyz) - here) + counted(ivec4(here.yzw, right.x) - here);
    ivec4 far = counted(ivec4(left.zw, here.xy) - here) + counted(ivec4(here.zw, right.xy) - here);

    near += counted(samples_at(p, x, max(y - 1, 0), last.x) - here) +
            counted(samples_at(p, x, min(y + 1, last.y), last.x) - here);
    far += counted(samples_at(p, x, max(y - 2, 0), last.x) - here) +
           counted(samples_at(p, x, min(y + 2, last.y), last.x) - here);
    return pack(uvec4(here + (NEAR * near + FAR * far + 64 >> 7)));
}

void main()
{
    const uint frame = gl_WorkGroupID.y, plane = gl_WorkGroupID.z;
    const uint side = plane == 0u ? 16u : 8u; /* of a token */
    const uvec2 size = uvec2(plane_size(width, plane), plane_size(height, plane));
    const uint across = (size.x + 3u) / 4u, words = across * size.y;
    Plane from = plane_of(sources, frame, plane), to = plane_of(pictures, frame, plane);

    if (!has_plane(pictures, frame, plane))
        return;
    for (uint i = gl_GlobalInvocationID.x; i < words; i += 64u * gl_NumWorkGroups.x) {
        const uint x = 4u * (i % across), y = i / across;

        if (has_kept == 0u || byte_at(kept, y / side * columns + x / side) == 0u)
            set_word(to, x, y, smoothed(from, ivec2(size) - 1, int(x), int(y)));
    }
}
