/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What kernels of a product share: arguments, how rows and weights are read, what follows sums. */
#include "common.glsl"

#define DEPTH 16 /* inputs at a time; rows of weights are padded with zeros to a multiple */
#define QUADS (DEPTH / 4)

#define ACTIVATION 3u /* bits of flags */
#define GELU       1u
#define SILU       2u
#define BIAS       4u
#define GATE       8u
#define ADD        16u
#define ADD_ROW    32u

layout(constant_id = 0) const uint IS_ALIGNED = 0; /* whole quads of rows, n_in a multiple of DEPTH */

layout(push_constant, std430) uniform Arguments
{
    Floats dst, src, weights, bias, gate;
    Ints gate_row;
    Floats add;
    Ints add_row;
    uint dst_stride, src_stride, gate_stride, add_stride;
    uint rows, n_in, n_out, flags;
};

/* Inputs i .. i + 3 of a row, 0 beyond the last one; beyond the last row that repeats. */
vec4 source_quad(uint row, uint i)
{
    const uint from = min(row, rows - 1) * src_stride + i;

    if (IS_ALIGNED != 0)
        return Quads(src).at[from / 4];
    return vec4(i < n_in ? src.at[from] : 0.0, i + 1 < n_in ? src.at[from + 1] : 0.0,
                i + 2 < n_in ? src.at[from + 2] : 0.0, i + 3 < n_in ? src.at[from + 3] : 0.0);
}

/* Where inputs i .. i + 3 of an output's weights are, in quads; beyond the last output that repeats. */
uint weights_quad(uint column, uint i)
{
    return min(column, n_out - 1) * ((n_in + DEPTH - 1) / DEPTH * QUADS) + i / 4;
}

float activate(float v)
{
    if ((flags & ACTIVATION) == GELU) /* v/2 (1 + tanh u) = v / (1 + e^-2u) */
        return v / (1.0 + exp(clamp(-1.59576912 * (v + 0.044715 * (v * v * v)), -87.0, 88.0)));
    if ((flags & ACTIVATION) == SILU)
        return v / (1.0 + exp(clamp(-v, -87.0, 88.0)));
    return v;
}

/* Of a sum, if there is such a row and column. */
void finish(uint row, uint column, float v)
{
    if (row >= rows || column >= n_out)
        return;
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
