/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Tiles of a transform; include common.glsl before. */
#define ORDER_BITS 11u /* of k in a tile's order */
#define ORDER_MASK 2047u

/** As struct tile of linear_path_operators.c. */
struct Tile {
    Ints rows, order; /* as in odva_dct_tile */
    uint64_t latents; /* the tile's first one, of 32 bits */
    Floats coefs;     /* the tile's first one */
    uint64_t numbers; /* [nt][ny][nx][basis] at work, of 32 bits */
    uint nt, ny, nx, y0, x0, coefficients, is_predicted;
};

layout(buffer_reference, std430, buffer_reference_align = 8) buffer Tiles
{
    Tile at[];
};

/** A tile's lines along an axis: t, y, x. */
struct Lines {
    uint count, size;
    uint inner; /* numbers from one of a line to the next */
};

Lines lines_of(uint axis, uint nt, uint ny, uint nx, uint basis)
{
    Lines lines;

    lines.size = axis == 0u ? nt : axis == 1u ? ny : nx;
    lines.inner = axis == 0u ? ny * nx * basis : axis == 1u ? nx * basis : basis;
    lines.count = nt * ny * nx * basis / lines.size;
    return lines;
}

/* Where a line's first number is. */
uint line_start(Lines lines, uint line)
{
    return line / lines.inner * lines.inner * lines.size + line % lines.inner;
}
