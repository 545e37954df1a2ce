/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * dst[r][o] = epilogue(sum over i of src[r][i] weights[o][i]): a group makes TILE_ROWS rows of
 * TILE_COLUMNS outputs, of which an invocation makes every eighth row and sixteenth column. Rows
 * and weights go through shared memory, DEPTH inputs at a time. Define TILE_ROWS before, a multiple
 * of 8.
 */
#include "common.glsl"

#define TILE_COLUMNS 64
#define DEPTH        16
#define THREADS      128
#define ROWS         (TILE_ROWS / 8)
#define COLUMNS      (TILE_COLUMNS / 16)

#define ACTIVATION 3u /* bits of flags */
#define GELU       1u
#define SILU       2u
#define BIAS       4u
#define GATE       8u
#define ADD        16u
#define ADD_ROW    32u

layout(local_size_x = 16, local_size_y = 8) in;
layout(push_constant, std430) uniform Arguments
{
    Floats dst, src, weights, bias, gate;
    Ints gate_row;
    Floats add;
    Ints add_row;
    uint dst_stride, src_stride, gate_stride, add_stride;
    uint rows, n_in, n_out, flags;
};

/* One number more than needed keeps columns out of each other's banks. */
shared float rows_tile[DEPTH][TILE_ROWS + 1];
shared float weights_tile[DEPTH][TILE_COLUMNS + 1];

void load_tiles(uint first_row, uint first_column, uint first_input)
{
    const uint thread = gl_LocalInvocationIndex;
    const uint k = thread % DEPTH, i = first_input + k;

    for (uint r = thread / DEPTH; r < TILE_ROWS; r += THREADS / DEPTH)
        rows_tile[k][r] = i < n_in && first_row + r < rows
                              ? src.at[(first_row + r) * src_stride + i] : 0.0;
    for (uint c = thread / DEPTH; c < TILE_COLUMNS; c += THREADS / DEPTH)
        weights_tile[k][c] = i < n_in && first_column + c < n_out
                                 ? weights.at[(first_column + c) * n_in + i] : 0.0;
}

float activate(float v)
{
    if ((flags & ACTIVATION) == GELU) /* v/2 (1 + tanh u) = v / (1 + e^-2u) */
        return v / (1.0 + exp(clamp(-1.59576912 * (v + 0.044715 * (v * v * v)), -87.0, 88.0)));
    if ((flags & ACTIVATION) == SILU)
        return v / (1.0 + exp(clamp(-v, -87.0, 88.0)));
    return v;
}

void finish(uint row, uint column, float v)
{
    if ((flags & BIAS) != 0u)
        v += bias.at[column];
    v = activate(v);
    if ((flags & GATE) != 0u)
        v *= gate.at[uint(gate_row.at[row]) * gate_stride + column];
    if ((flags & ADD) != 0u) {
        const uint from = (flags & ADD_ROW) != 0u ? uint(add_row.at[row]) : row;

        v += add.at[from * add_stride + column];
    }
    dst.at[row * dst_stride + column] = v;
}

void main()
{
    const uint first_row = gl_WorkGroupID.y * TILE_ROWS, y = gl_LocalInvocationID.y;
    const uint first_column = gl_WorkGroupID.x * TILE_COLUMNS, x = gl_LocalInvocationID.x;
    float sums[ROWS][COLUMNS];

    [[unroll]] for (uint r = 0; r < ROWS; r++)
        [[unroll]] for (uint c = 0; c < COLUMNS; c++)
            sums[r][c] = 0.0;
    for (uint first = 0; first < n_in; first += DEPTH) {
        load_tiles(first_row, first_column, first);
        barrier();
        for (uint k = 0; k < DEPTH; k++) {
            float w[COLUMNS];

            [[unroll]] for (uint c = 0; c < COLUMNS; c++)
                w[c] = weights_tile[k][x + 16 * c];
            [[unroll]] for (uint r = 0; r < ROWS; r++) {
                const float v = rows_tile[k][y + 8 * r];

                [[unroll]] for (uint c = 0; c < COLUMNS; c++)
                    sums[r][c] += v * w[c];
            }
        }
        barrier();
    }
    [[unroll]] for (uint r = 0; r < ROWS; r++)
        [[unroll]] for (uint c = 0; c < COLUMNS; c++) {
            const uint row = first_row + y + 8 * r, column = first_column + x + 16 * c;

            if (row < rows && column < n_out)
                finish(row, column, sums[r][c]);
        }
}
