/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The linear operator with bfloat16 factors and float32 sums. Rows are rounded once per block; a
 * tile of V_TILE_ROWS rows and one panel is summed and finished in registers. Include
 * simd_avx512bf16.h before.
 */
#ifndef ODVA_CPU_LINEAR_BF16_H
#define ODVA_CPU_LINEAR_BF16_H

#include "kernels/cpu/linear_rounded.h"

/* Numbers from one rounded row to the next; the odd line keeps rows out of each other's sets. */
static inline int64_t rounded_stride(int n_in)
{
    return odva_cpu_round_up(n_in, 2 * V_WIDTH) + 2 * V_WIDTH;
}

static size_t linear_scratch_bf16(int n_in)
{
    const size_t floats = ROUNDED_ROWS * rounded_stride(n_in) / 2,
                 exact = linear_scratch_simd(n_in);

    return floats > exact ? floats : exact;
}

static void round_rows(uint16_t *dst, const float *src, int64_t src_stride, int64_t rows, int n_in)
{
    const int64_t stride = rounded_stride(n_in);
    const int whole = n_in / (2 * V_WIDTH) * (2 * V_WIDTH);

    for (int64_t r = 0; r < rows; r++, dst += stride, src += src_stride) {
        for (int i = 0; i < whole; i += 2 * V_WIDTH)
            v_store_pairs(dst + i, v_round_pairs(v_load(src + i), v_load(src + i + V_WIDTH)));
        if (whole < n_in) {
            const int n = n_in - whole, second = n > V_WIDTH ? n - V_WIDTH : 0;

            v_store_pairs(dst + whole, v_round_pairs(v_load_n(src + whole, n),
                                                     v_load_n(src + whole + n - second, second)));
        }
    }
}

/* acc += the next pair of rows times the panel's; rows is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) void dot_pair(v_float acc[V_TILE_ROWS][V_TILE_VECS],
                                                           struct row_groups *groups,
                                                           const uint16_t **panel, const int rows)
{
    v_pairs w[V_TILE_VECS];

    ODVA_UNROLL
    for (int v = 0; v < V_TILE_VECS; v++)
        w[v] = v_load_pairs(*panel + 2 * v * V_WIDTH);
    ODVA_UNROLL
    for (int r = 0; r < rows; r++) {
        const v_pairs x = v_set1_pair(row_of(groups, r));

        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            acc[r][v] = v_dot_pairs(acc[r][v], x, w[v]);
    }
    *panel += 2 * PANEL;
    row_groups_advance(groups, 2 * sizeof(**panel), rows);
}

/* rows is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) void
dot_rows(const struct tile_place *p, const struct tile_factors *f, const int rows)
{
    v_float acc[V_TILE_ROWS][V_TILE_VECS];
    struct row_groups groups = row_groups_of(f->rows, f->stride, rows);
    struct tile_fetch fetch = begin_tile_fetch(p, rows);
    const uint16_t *panel = f->panel;
    const int pairs = f->steps;
    int i = 0;

    ODVA_KEEP_IN_MEMORY(p);
    ODVA_UNROLL
    for (int r = 0; r < rows; r++) {
        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            acc[r][v] = v_zero();
    }
    for (; i < rows && i < pairs; i++) {
        fetch_tile_row(&fetch);
        dot_pair(acc, &groups, &panel, rows);
    }
    for (; i < pairs; i++) {
        fetch_ahead_step(&fetch.rows);
        dot_pair(acc, &groups, &panel, rows);
    }
    *p->fetch = fetch.rows;
    finish_tile(p, acc, rows, v_gelu_coarse);
}

/* Separate functions, so that each has the registers to itself. */
static __attribute__((noinline)) void dot_12_rows(const struct tile_place *p,
                                                  const struct tile_factors *f)
{
    dot_rows(p, f, 12);
}

static __attribute__((noinline)) void dot_4_rows(const struct tile_place *p,
                                                 const struct tile_factors *f)
{
    dot_rows(p, f, 4);
}

static __attribute__((noinline)) void dot_1_row(const struct tile_place *p,
                                                const struct tile_factors *f)
{
    dot_rows(p, f, 1);
}

static void linear_bf16(const struct odva_cpu_linear *linear, int64_t first_row, int64_t rows,
                        float *scratch)
{
    const struct odva_weights *weights = linear->weights;
    const int64_t end = first_row + rows;
    const int pairs = (weights->n_in + 1) / 2;
    uint16_t *rounded = (uint16_t *)scratch;

    if (!weights->pairs) {
        linear_simd(linear, first_row, rows, scratch);
        return;
    }
    for (int64_t row = first_row; row < end; row += ROUNDED_ROWS) {
        const int64_t height = end - row < ROUNDED_ROWS ? end - row : ROUNDED_ROWS;
        const uint16_t *panel = weights->pairs, *src = rounded;
        int64_t stride = rounded_stride(weights->n_in);
        struct fetch_ahead fetch = begin_fetch(linear, height, pairs);

        if (linear->rounded_src) {
            src = linear->rounded_src + row * linear->src_stride;
            stride = linear->src_stride;
        } else {
            round_rows(rounded, linear->src + row * linear->src_stride, linear->src_stride, height,
                       weights->n_in);
        }
        for (int column = 0; column < weights->n_out; column += PANEL, panel += 2 * PANEL * pairs)
            multiply_block(
                (struct tile_place){linear, row, column, weights->n_out - column, &fetch},
                (struct tile_factors){src, stride * sizeof(*src), NULL, panel, pairs}, height,
                dot_12_rows, dot_4_rows, dot_1_row);
    }
}

#endif
