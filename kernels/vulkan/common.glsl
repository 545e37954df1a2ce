/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * What all shaders share: a shader gets its arguments as push constants, memory as addresses in
 * them. Counts of groups are limited, so that each invocation goes on in steps of all of them.
 */
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require

layout(buffer_reference, std430, buffer_reference_align = 4) buffer Floats
{
    float at[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Quads
{
    vec4 at[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Octets
{
    uvec4 at[];
};
layout(buffer_reference, std430, buffer_reference_align = 8) buffer Pairs
{
    uvec2 at[];
};
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Ints
{
    int at[];
};
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words
{
    uint at[];
};

uint byte_at(Words words, uint at)
{
    return bitfieldExtract(words.at[at >> 2], int(8u * (at & 3u)), 8);
}
