#version 460
/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * linear.comp on cooperative matrices: factors of 16 bits, sums of float32. A group makes TILE rows
 * of TILE outputs, each of its four subgroups a quarter: SIDE by SIDE.
 */
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require

#include "linear.glsl"

#define TILE        64
#define SIDE        (TILE / 2)
#define MOST_HALF   65504.0
#define OCTETS      (DEPTH / 8)
#define STRIDE      (OCTETS + 1) /* odd, which keeps rows out of each other's banks */
#define SUMS_STRIDE (TILE + 4)   /* likewise */

layout(constant_id = 1) const uint THREADS = 128; /* four subgroups */
layout(constant_id = 2) const uint M = 16;        /* of a matrix: rows, outputs, inputs */
layout(constant_id = 3) const uint N = 16;
layout(constant_id = 4) const uint K = 16;

layout(local_size_x_id = 1) in;

const uint ROWS = SIDE / M, COLUMNS = SIDE / N;

shared uvec4 rows_tile[TILE * STRIDE], weights_tile[TILE * STRIDE]; /* eight numbers each */
shared float sums_tile[TILE * SUMS_STRIDE];

uvec2 halves_of(vec4 v)
{
    v = clamp(v, -MOST_HALF, MOST_HALF);
    return uvec2(packHalf2x16(v.xy), packHalf2x16(v.zw));
}

void load_tiles(uint first_row, uint first_column, uint first_input)
{
    for (uint i = gl_LocalInvocationIndex; i < TILE * OCTETS; i += THREADS) {
        const uint r = i / OCTETS, octet = i % OCTETS, at = first_input + 8 * octet;

        rows_tile[r * STRIDE + octet] = uvec4(halves_of(source_quad(first_row + r, at)),
                                              halves_of(source_quad(first_row + r, at + 4)));
        weights_tile[r * STRIDE + octet] =
            Octets(weights).at[weights_quad(first_column + r, at) / 2];
    }
}

void main()
{
    const uint first_row = gl_WorkGroupID.y * TILE, first_column = gl_WorkGroupID.x * TILE;
    const uint row = gl_SubgroupID / 2 * SIDE, column = gl_SubgroupID % 2 * SIDE; /* in the tile */
    coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> sums[ROWS * COLUMNS];

    [[unroll]] for (uint i = 0; i < ROWS * COLUMNS; i++)
        sums[i] = coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>(0.0);
    for (uint first = 0; first < n_in; first += DEPTH) {
        load_tiles(first_row, first_column, first);
        barrier();
        [[unroll]] for (uint k = 0; k < DEPTH; k += K) {
            coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> w[COLUMNS];

            [[unroll]] for (uint c = 0; c < COLUMNS; c++)
                coopMatLoad(w[c], weights_tile, (column + c * N) * STRIDE + k / 8, STRIDE,
                            gl_CooperativeMatrixLayoutColumnMajor);
            [[unroll]] for (uint r = 0; r < ROWS; r++) {
                coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> v;

                coopMatLoad(v, rows_tile, (row + r * M) * STRIDE + k / 8, STRIDE,
                            gl_CooperativeMatrixLayoutRowMajor);
                [[unroll]] for (uint c = 0; c < COLUMNS; c++)
                    sums[r * COLUMNS + c] = coopMatMulAdd(v, w[c], sums[r * COLUMNS + c]);
            }
        }
        barrier();
    }
    [[unroll]] for (uint r = 0; r < ROWS; r++)
        [[unroll]] for (uint c = 0; c < COLUMNS; c++)
            coopMatStore(sums[r * COLUMNS + c], sums_tile,
                         (row + r * M) * SUMS_STRIDE + column + c * N, SUMS_STRIDE,
                         gl_CooperativeMatrixLayoutRowMajor);
    barrier();
    for (uint i = gl_LocalInvocationIndex; i < TILE * TILE; i += THREADS)
        finish(first_row + i / TILE, first_column + i % TILE,
               sums_tile[i / TILE * SUMS_STRIDE + i % TILE]);
}
