#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures through a displacement field (doc/bitstream.md, section 10): an invocation makes 4x4
 * samples of a plane. */
#extension GL_GOOGLE_include_directive : require

#include "common.glsl"
#include "planes.glsl"

#define TAPS     6
#define WINDOW   9 /* samples each way that 4x4 come from */
#define FRACTION 32 /* bits of a position behind 1/16 sample */

layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Frames pictures, sources;
    Ints nodes; /* x below, y above, of 16 bits */
    uint width, height, source_width, source_height;
    int left, top;
    uint log2_spacing, columns, rows;
};

const int taps[16 * TAPS] = int[](
    0, 0, 64, 0, 0, 0, 1, -3, 63, 4, -1, 0, 1, -5, 62, 8, -2, 0, 2, -7, 60, 12, -3, 0,
    2, -9, 57, 17, -4, 1, 2, -9, 53, 23, -6, 1, 2, -9, 49, 28, -7, 1, 2, -9, 44, 34, -8, 1,
    2, -9, 39, 39, -9, 2, 1, -8, 34, 44, -9, 2, 1, -7, 28, 49, -9, 2, 1, -6, 23, 53, -9, 2,
    1, -4, 17, 57, -9, 2, 0, -3, 12, 60, -7, 2, 0, -2, 8, 62, -5, 1, 0, -1, 4, 63, -3, 1);

ivec2 node_at(uint frame, int column, int row)
{
    const uint x = uint(clamp(column, 0, int(columns) - 1)), y = uint(clamp(row, 0, int(rows) - 1));
    const int node = nodes.at[(frame * rows + y) * columns + x];

    return ivec2(bitfieldExtract(node, 0, 16), bitfieldExtract(node, 16, 16));
}

/* The field of row by of blocks at column i of nodes, times 2S. */
i64vec2 edge_at(uint frame, int e, int by, int i)
{
    const int log2_2s = int(log2_spacing) + 1;
    const int y = e * (8 * by + 4) - 1, j = y >> log2_2s, fy = y & ((1 << log2_2s) - 1);

    return i64vec2(node_at(frame, i, j)) * int64_t((1 << log2_2s) - fy) +
           i64vec2(node_at(frame, i, j + 1)) * int64_t(fy);
}

/* Where block (bx, by) comes from, in 1/16 sample. */
ivec2 position_of(uint frame, int chroma, int bx, int by)
{
    const int e = 1 + chroma, log2_2s = int(log2_spacing) + 1;
    const int cell_blocks = 1 << (int(log2_spacing) - 2 - chroma);
    const int cell = bx / cell_blocks, within = bx % cell_blocks;
    const int64_t unit = int64_t(1) << (FRACTION - 2 * log2_2s - e + 1);
    const i64vec2 start = edge_at(frame, e, by, cell);
    const i64vec2 slope = edge_at(frame, e, by, cell + 1) - start;
    const i64vec2 vector = start * int64_t(2 << log2_spacing) +
                           int64_t(4 * e - 1 + 8 * e * within) * slope;
    const i64vec2 rest = i64vec2(16 * (4 * bx + left / e), 16 * (4 * by + top / e));

    return ivec2((rest << FRACTION) + vector * unit + (int64_t(1) << (FRACTION - 1)) >> FRACTION);
}

/* The window's row from (x, y) on, filtered to four numbers. */
ivec4 filter_row(Plane source, ivec2 last, int x, int y, int phase)
{
    const uint row = uint(clamp(y, 0, last.y));
    int samples[WINDOW];
    ivec4 sums = ivec4(0);

    for (int i = 0; i < WINDOW; i++)
        samples[i] = int(sample_at(source, uint(clamp(x + i, 0, last.x)), row));
    for (int i = 0; i < TAPS; i++)
        sums += taps[phase * TAPS + i] *
                ivec4(samples[i], samples[i + 1], samples[i + 2], samples[i + 3]);
    return sums;
}

void warp_block(uint frame, uint plane, uint bx, uint by)
{
    const ivec2 from = position_of(frame, plane > 0u ? 1 : 0, int(bx), int(by));
    const ivec2 start = (from >> 4) - 2, phase = from & 15;
    const ivec2 last = ivec2(plane_size(source_width, plane), plane_size(source_height, plane)) - 1;
    Plane source = plane_of(sources, frame, plane), to = plane_of(pictures, frame, plane);
    const uint end = min(4u, plane_size(height, plane) - 4u * by);
    ivec4 rows_of[WINDOW];

    for (int j = 0; j < WINDOW; j++)
        rows_of[j] = filter_row(source, last, start.x, start.y + j, phase.x);
    for (uint y = 0u; y < end; y++) {
        ivec4 sum = ivec4(1 << 11);

        for (int j = 0; j < TAPS; j++)
            sum += taps[phase.y * TAPS + j] * rows_of[int(y) + j];
        set_word(to, 4u * bx, 4u * by + y, pack_clipped(sum >> 12));
    }
}

void main()
{
    const uint frame = gl_WorkGroupID.y, plane = gl_WorkGroupID.z;
    const uint across = (plane_size(width, plane) + 3u) / 4u;
    const uint blocks = across * ((plane_size(height, plane) + 3u) / 4u);

    if (!has_plane(pictures, frame, plane) || !has_plane(sources, frame, plane))
        return;
    for (uint i = gl_GlobalInvocationID.x; i < blocks; i += 64u * gl_NumWorkGroups.x)
        warp_block(frame, plane, i % across, i / across);
}
