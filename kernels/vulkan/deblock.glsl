/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Borders of tokens (doc/bitstream.md, section 8); include planes.glsl before. */
layout(local_size_x = 64) in;
layout(push_constant, std430) uniform Arguments
{
    Frames pictures;
    Words kept; /* a byte for each token */
    uint width, height, columns; /* columns: of tokens */
    int limit_of;
    uint has_kept;
};

const ivec4 WEIGHTS = ivec4(56, 30, 14, 5); /* nearest first */
const int BESIDE = 30;

bool is_kept(uint row, uint column)
{
    return byte_at(kept, row * columns + column) != 0u;
}

/* What of a step counts between two tokens. */
int limit_between(uvec2 a, uvec2 b)
{
    return has_kept != 0u && is_kept(a.y, a.x) && is_kept(b.y, b.x) ? 0 : limit_of;
}

/* Borders of a plane that have four samples on both sides. */
uint borders_of(uint size, uint spacing)
{
    return size >= 4u ? (size - 4u) / spacing : 0u;
}

/* Four samples on each side of a border, nearest first. */
void deblock_line(inout ivec4 before, inout ivec4 behind, int limit)
{
    const int jump = behind.x - before.x;
    const int across = WEIGHTS.x * clamp(jump, -limit, limit);
    const int counted = clamp(jump, -(limit / 2), limit / 2);
    const int beside_before = BESIDE * clamp(before.y - before.x, -limit, limit);
    const int beside_behind = BESIDE * clamp(behind.y - behind.x, -limit, limit);
    ivec4 moves_before = WEIGHTS * counted + 64 >> 7, moves_behind = -moves_before;

    moves_before.x = beside_before + across + 64 >> 7;
    moves_behind.x = beside_behind - across + 64 >> 7;
    before = clamp(before + moves_before, 0, 255);
    behind = clamp(behind + moves_behind, 0, 255);
}
