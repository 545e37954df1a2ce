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

uint mean_at(Plane p, uint x, uint y)
{
    const uint right = min(2u * x + 1u, width - 1u), below = min(2u * y + 1u, height - 1u);

    return (sample_at(p, min(2u * x, width - 1u), 2u * y) + sample_at(p, right, 2u * y) +
            sample_at(p, min(2u * x, width - 1u), below) + sample_at(p, right, below) + 2u) >> 2;
}

void main()
{
    const uint across = ((width + 1u) / 2u + 3u) / 4u, words = across * ((height + 1u) / 2u);
    Plane from = plane_of(src, 0u, 0u), to = plane_of(dst, 0u, 0u);

    for (uint i = gl_GlobalInvocationID.x; i < words; i += 64u * gl_NumWorkGroups.x) {
        const uint x = 4u * (i % across), y = i / across;

        set_word(to, x, y, pack(uvec4(mean_at(from, x, y), mean_at(from, x + 1u, y),
                                      mean_at(from, x + 2u, y), mean_at(from, x + 3u, y))));
    }
}
