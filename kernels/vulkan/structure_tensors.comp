#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Sums of products of gradients and differences: an invocation makes a block of 4x4 samples. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Frames a, b;
    Ints dst;
    uint width, height;
};

int sum_at(Plane p, Plane q, int x, int y)
{
    const uint column = uint(clamp(x, 0, int(width) - 1)), row = uint(clamp(y, 0, int(height) - 1));

    return int(sample_at(p, column, row) + sample_at(q, column, row));
}

void main()
{
    const uint across = (width + 3u) / 4u, blocks = across * ((height + 3u) / 4u);
    Plane p = plane_of(a, 0u, 0u), q = plane_of(b, 0u, 0u);

    for (uint i = gl_GlobalInvocationID.x; i < blocks; i += 64u * gl_NumWorkGroups.x) {
        const int left = int(4u * (i % across)), top = int(4u * (i / across));
        ivec3 gradients = ivec3(0), differences = ivec3(0);

        for (int y = top; y < min(top + 4, int(height)); y++)
            for (int x = left; x < min(left + 4, int(width)); x++) {
                const int gx = sum_at(p, q, x + 1, y) - sum_at(p, q, x - 1, y);
                const int gy = sum_at(p, q, x, y + 1) - sum_at(p, q, x, y - 1);
                const int e = int(sample_at(q, uint(x), uint(y))) - int(sample_at(p, uint(x), uint(y)));

                gradients += ivec3(gx * gx, gx * gy, gy * gy);
                differences += ivec3(gx, gy, e) * e;
            }
        for (uint k = 0u; k < 3u; k++) {
            dst.at[6u * i + k] = gradients[k];
            dst.at[6u * i + 3u + k] = differences[k];
        }
    }
}
