/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The linear operator; include a simd_*.h before. */
#ifndef ODVA_CPU_LINEAR_OPERATOR_SIMD_H
#define ODVA_CPU_LINEAR_OPERATOR_SIMD_H

#include "cpu/linear_simd.h"

/* The epilogue on n <= V_WIDTH numbers of a row. */
static inline void finish_vector(const struct odva_cpu_linear *linear, int64_t row, int column,
                                 const float *sums, int n)
{
    v_float y = v_load(sums);

    if (linear->bias)
        y = v_add(y, v_load_n(linear->bias + column, n));
    if (linear->activation == ODVA_ACTIVATION_GELU)
        y = v_gelu(y);
    else if (linear->activation == ODVA_ACTIVATION_SILU)
        y = v_silu(y);
    if (linear->gate) {
        const float *gate = linear->gate + linear->gate_row[row] * linear->gate_stride;

        y = v_mul(y, v_load_n(gate + column, n));
    }
    if (linear->add) {
        const int64_t add_row = linear->add_row ? linear->add_row[row] : row;

        y = v_add(y, v_load_n(linear->add + add_row * linear->add_stride + column, n));
    }
    v_store_n(linear->dst + row * linear->dst_stride + column, y, n);
}

static void finish_tile(const struct odva_cpu_linear *linear, int64_t first_row, int rows,
                        int column, const float *sums)
{
    const int left = linear->weights->n_out - column;
    const int count = left < PANEL ? left : PANEL;

    for (int r = 0; r < rows; r++)
        for (int j = 0; j < count; j += V_WIDTH)
            finish_vector(linear, first_row + r, column + j, sums + r * PANEL + j,
                          count - j < V_WIDTH ? count - j : V_WIDTH);
}

static void linear_simd(const struct odva_cpu_linear *linear, int64_t first_row, int64_t rows,
                        float *scratch)
{
    const struct odva_weights *weights = linear->weights;
    const float *panel = weights->panels;
    const int64_t end = first_row + rows;

    (void)scratch;
    for (int column = 0; column < weights->n_out; column += PANEL, panel += PANEL * weights->n_in) {
        for (int64_t row = first_row; row < end; row += V_TILE_ROWS) {
            const int height = end - row < V_TILE_ROWS ? (int)(end - row) : V_TILE_ROWS;
            float sums[V_TILE_ROWS * PANEL];

            multiply_tile(sums, linear->src + row * linear->src_stride, linear->src_stride, panel,
                          weights->n_in, height);
            finish_tile(linear, row, height, column, sums);
        }
    }
}

#endif
