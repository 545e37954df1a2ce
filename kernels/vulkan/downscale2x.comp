#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Half the size: an invocation makes four samples, each the mean of 2x2. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Frames dst, src;
    uint width, height; /* of src */
};

/* @param last of the plane, x and y */
uint mean_at(Plane p, uvec2 last, uint x, uint y)
{
    const uint left = min(2u * x, last.x), right = min(2u * x + 1u, last.x);
    const uint above = 2u * y, below = min(2u * y + 1u, last.y);

    return (sample_at(p, left, above) + sample_at(p, right, above) + sample_at(p, left, below) +
            sample_at(p, right, below) + 2u) >> 2;
}

void main()
{
    const uint plane = gl_WorkGroupID.z;
    const uvec2 size = uvec2(plane_size(width, plane), plane_size(height, plane));
    const uint across = ((size.x + 1u) / 2u + 3u) / 4u, words = across * ((size.y + 1u) / 2u);
    Plane from = plane_of(src, 0u, plane), to = plane_of(dst, 0u, plane);

    if (!has_plane(src, 0u, plane) || !has_plane(dst, 0u, plane))
        return;
    for (uint i = gl_GlobalInvocationID.x; i < words; i += 64u * gl_NumWorkGroups.x) {
        const uint x = 4u * (i % across), y = i / across;

        set_word(to, x, y, pack(uvec4(mean_at(from, size - 1u, x, y), mean_at(from, size - 1u, x + 1u, y),
                                      mean_at(from, size - 1u, x + 2u, y),
                                      mean_at(from, size - 1u, x + 3u, y))));
    }
}
