#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * dst[r][o] = epilogue(sum over i of src[r][i] weights[o][i]): a group makes SIDE * ROWS rows of
 * SIDE * COLUMNS outputs, of which an invocation makes every SIDEth row and column in registers.
 * Rows and weights go through shared memory in quads of inputs, DEPTH inputs at a time.
 */
#extension GL_GOOGLE_include_directive : require

#include "linear.glsl"

#define SIDE    8
#define THREADS (SIDE * SIDE)

layout(constant_id = 1) const uint ROWS = 8; /* of an invocation */
layout(constant_id = 2) const uint COLUMNS = 8;
layout(constant_id = 3) const uint IS_HALF = 0; /* weights are of 16 bits */

layout(local_size_x = SIDE, local_size_y = SIDE) in;

const uint TILE_ROWS = SIDE * ROWS, TILE_COLUMNS = SIDE * COLUMNS;
const uint STRIDE = QUADS + 1; /* odd, which keeps rows out of each other's banks */

shared vec4 rows_tile[TILE_ROWS * STRIDE], weights_tile[TILE_COLUMNS * STRIDE];

vec4 weights_of(uint quad)
{
    if (IS_HALF != 0) {
        const uvec2 halves = Pairs(weights).at[quad];

        return vec4(unpackHalf2x16(halves.x), unpackHalf2x16(halves.y));
    }
    return Quads(weights).at[quad];
}

void load_tiles(uint first_row, uint first_column, uint first_input)
{
    const uint q = gl_LocalInvocationIndex % QUADS, i = first_input + 4 * q;

    for (uint r = gl_LocalInvocationIndex / QUADS; r < TILE_ROWS; r += THREADS / QUADS)
        rows_tile[r * STRIDE + q] = source_quad(first_row + r, i);
    for (uint c = gl_LocalInvocationIndex / QUADS; c < TILE_COLUMNS; c += THREADS / QUADS)
        weights_tile[c * STRIDE + q] = weights_of(weights_quad(first_column + c, i));
}

void main()
{
    const uint y = gl_LocalInvocationID.y, first_row = gl_WorkGroupID.y * TILE_ROWS;
    const uint x = gl_LocalInvocationID.x, first_column = gl_WorkGroupID.x * TILE_COLUMNS;
    float sums[ROWS][COLUMNS];

    [[unroll]] for (uint r = 0; r < ROWS; r++)
        [[unroll]] for (uint c = 0; c < COLUMNS; c++)
            sums[r][c] = 0.0;
    for (uint first = 0; first < n_in; first += DEPTH) {
        load_tiles(first_row, first_column, first);
        barrier();
        for (uint q = 0; q < QUADS; q++) {
            vec4 w[COLUMNS];

            [[unroll]] for (uint c = 0; c < COLUMNS; c++)
                w[c] = weights_tile[(x + SIDE * c) * STRIDE + q];
            [[unroll]] for (uint r = 0; r < ROWS; r++) {
                const vec4 v = rows_tile[(y + SIDE * r) * STRIDE + q];

                [[unroll]] for (uint i = 0; i < 4; i++)
                    [[unroll]] for (uint c = 0; c < COLUMNS; c++)
                        sums[r][c] += v[i] * w[c][i];
            }
        }
        barrier();
    }
    [[unroll]] for (uint r = 0; r < ROWS; r++)
        [[unroll]] for (uint c = 0; c < COLUMNS; c++)
            finish(first_row + y + SIDE * r, first_column + x + SIDE * c, sums[r][c]);
}
