#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Between a tile's numbers and its latents, which are in the order of its scan. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "tiles.glsl"

layout(constant_id = 0) const uint TO_LATENTS = 0u; /* or to numbers that are 0 */

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Tiles tiles;
    uint basis;
};

void main()
{
    Tile tile = tiles.at[gl_WorkGroupID.y];
    Words latents = Words(tile.latents), numbers = Words(tile.numbers);

    for (uint i = gl_GlobalInvocationID.x; i < tile.coefficients; i += 64u * gl_NumWorkGroups.x) {
        const uint order = uint(tile.order.at[i]);
        const uint at = (order >> ORDER_BITS) * basis + (order & ORDER_MASK);

        if (TO_LATENTS != 0u)
            latents.at[i] = numbers.at[at];
        else
            numbers.at[at] = latents.at[i];
    }
}
