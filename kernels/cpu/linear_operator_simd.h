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

static size_t linear_scratch_simd(int n_in)
{
    return n_in; /* int32 */
}

/* Inputs that are not 0 in all rows, in ascending order. @return how many */
static int list_inputs(int32_t *list, const struct odva_cpu_linear *linear, int64_t first_row,
                       int64_t rows)
{
    const float *src = linear->src + first_row * linear->src_stride;
    const int n_in = linear->weights->n_in;
    int count = 0;

    for (int i = 0; i < n_in; i += V_WIDTH) {
        const int n = n_in - i < V_WIDTH ? n_in - i : V_WIDTH;
        unsigned present = 0;

        for (int64_t r = 0; r < rows && present != (1u << n) - 1; r++)
            present |= v_nonzero(v_load_n(src + r * linear->src_stride + i, n));
        for (int j = 0; j < n; j++)
            if (present >> j & 1)
                list[count++] = i + j;
    }
    return count;
}

static void linear_simd(const struct odva_cpu_linear *linear, int64_t first_row, int64_t rows,
                        float *scratch)
{
    const struct odva_weights *weights = linear->weights;
    const float *panel = weights->panels;
    const int64_t end = first_row + rows;
    int32_t *inputs = (int32_t *)scratch;
    const int count = list_inputs(inputs, linear, first_row, rows);

    for (int column = 0; column < weights->n_out; column += PANEL, panel += PANEL * weights->n_in) {
        for (int64_t row = first_row; row < end; row += V_TILE_ROWS) {
            const int height = end - row < V_TILE_ROWS ? (int)(end - row) : V_TILE_ROWS;
            const float *src = linear->src + row * linear->src_stride;
            float sums[V_TILE_ROWS * PANEL];

            if (count < weights->n_in)
                multiply_listed(sums, src, linear->src_stride, panel, inputs, count, height);
            else
                multiply_tile(sums, src, linear->src_stride, panel, weights->n_in, height);
            finish_tile(linear, row, height, column, sums);
        }
    }
}

#endif
