/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The linear operator; include a simd_*.h before. */
#ifndef ODVA_CPU_LINEAR_OPERATOR_SIMD_H
#define ODVA_CPU_LINEAR_OPERATOR_SIMD_H

#include "kernels/cpu/panels_simd.h"

/* What the epilogue needs of a tile. */
struct tile_place {
    const struct odva_cpu_linear *linear;
    int64_t row;
    int column;
    int count;                 /* outputs from column on; PANEL or more: all */
    struct fetch_ahead *fetch; /* of the rows ahead */
};

static inline __attribute__((always_inline)) v_float
finish_sum(const struct odva_cpu_linear *linear, int64_t row, int column, v_float y, int n)
{
    if (linear->gate)
        y = v_mul(y,
                  v_load_n(linear->gate + linear->gate_row[row] * linear->gate_stride + column, n));
    if (linear->add) {
        const int64_t add_row = linear->add_row ? linear->add_row[row] : row;

        y = v_add(y, v_load_n(linear->add + add_row * linear->add_stride + column, n));
    }
    return y;
}

#ifdef V_ROUNDS
static inline __attribute__((always_inline)) void
store_rounded_row(uint16_t *dst, const v_float y[V_TILE_VECS], const int n[V_TILE_VECS])
{
    if (n[0] == V_WIDTH && n[1] == V_WIDTH) {
        v_store_pairs(dst, v_round_pairs(y[0], y[1]));
        return;
    }
    ODVA_UNROLL
    for (int v = 0; v < V_TILE_VECS; v++)
        v_store_rounded_n(dst + v * V_WIDTH, y[v], n[v]);
}
#endif

/* rows and whether sums are finished are constants wherever this is inlined. */
static inline __attribute__((always_inline)) void
store_sums(const struct odva_cpu_linear *linear, int64_t row, int column,
           v_float acc[V_TILE_ROWS][V_TILE_VECS], const int rows, const int n[V_TILE_VECS],
           const int finished, const int rounded)
{
    int64_t at = row * linear->dst_stride + column;

    ODVA_UNROLL
    for (int r = 0; r < rows; r++, at += linear->dst_stride) {
        v_float y[V_TILE_VECS];

        ODVA_FORGET(at);
        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            y[v] = finished ? acc[r][v]
                            : finish_sum(linear, row + r, column + v * V_WIDTH, acc[r][v], n[v]);
#ifdef V_ROUNDS
        if (rounded) {
            store_rounded_row(linear->rounded_dst + at, y, n);
            continue;
        }
#else
        (void)rounded;
#endif
        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            v_store_n(linear->dst + at + v * V_WIDTH, y[v], n[v]);
    }
}

/* n[v] outputs of vector v, all of them where whole; where they are constants no masks remain. gelu
 * is one, too. */
static inline __attribute__((always_inline)) void
finish_sums(const struct tile_place *p, v_float acc[V_TILE_ROWS][V_TILE_VECS], const int rows,
            const int n[V_TILE_VECS], const int whole, v_float (*gelu)(v_float))
{
    const struct odva_cpu_linear own = *p->linear, *linear = &own; /* no store can change it */
    const int64_t row = p->row;
    const int column = p->column;

    if (linear->bias) {
        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++) {
            const v_float bias = v_load_n(linear->bias + column + v * V_WIDTH, n[v]);

            ODVA_UNROLL
            for (int r = 0; r < rows; r++)
                acc[r][v] = v_add(acc[r][v], bias);
        }
    }
    if (linear->activation == ODVA_ACTIVATION_GELU) {
        ODVA_UNROLL
        for (int r = 0; r < rows; r++) {
            ODVA_UNROLL
            for (int v = 0; v < V_TILE_VECS; v++)
                acc[r][v] = gelu(acc[r][v]);
        }
    } else if (linear->activation == ODVA_ACTIVATION_SILU) {
        ODVA_UNROLL
        for (int r = 0; r < rows; r++) {
            ODVA_UNROLL
            for (int v = 0; v < V_TILE_VECS; v++)
                acc[r][v] = v_silu(acc[r][v]);
        }
    }
    if (!whole || linear->gate || linear->add)
        store_sums(linear, row, column, acc, rows, n, 0, linear->rounded_dst != NULL);
    else if (linear->rounded_dst)
        store_sums(linear, row, column, acc, rows, n, 1, 1);
    else
        store_sums(linear, row, column, acc, rows, n, 1, 0);
}

/* Asks for what the epilogue will add. */
static inline __attribute__((always_inline)) void fetch_added(const struct tile_place *p,
                                                              const int rows)
{
    const struct odva_cpu_linear *linear = p->linear;

    for (int r = 0; r < rows; r++) {
        const int64_t add_row = linear->add_row ? linear->add_row[p->row + r] : p->row + r;
        const float *add = linear->add + add_row * linear->add_stride + p->column;

        for (int v = 0; v < V_TILE_VECS; v++)
            __builtin_prefetch(add + v * V_WIDTH);
    }
}

/* Begins to ask for what is far away: results, what is added to them, rows of the next block. */
static inline __attribute__((always_inline)) struct tile_fetch
begin_tile_fetch(const struct tile_place *p, const int rows)
{
    const struct odva_cpu_linear *linear = p->linear;
    const int64_t size = linear->rounded_dst ? sizeof(*linear->rounded_dst) : sizeof(*linear->dst);
    const void *dst = linear->rounded_dst ? (const void *)linear->rounded_dst : linear->dst;

    if (linear->add && linear->add != linear->dst)
        fetch_added(p, rows);
    return (struct tile_fetch){
        .results = {.next = (uintptr_t)dst +
                            (uintptr_t)((p->row * linear->dst_stride + p->column) * size),
                    .step = linear->dst_stride * size},
        .rows = *p->fetch,
    };
}

static inline __attribute__((always_inline)) void finish_tile(const struct tile_place *p,
                                                              v_float acc[V_TILE_ROWS][V_TILE_VECS],
                                                              const int rows,
                                                              v_float (*gelu)(v_float))
{
    if (p->count >= PANEL) {
        finish_sums(p, acc, rows, (const int[V_TILE_VECS]){V_WIDTH, V_WIDTH}, 1, gelu);
    } else {
        const int second = p->count > V_WIDTH ? p->count - V_WIDTH : 0;

        finish_sums(p, acc, rows, (const int[V_TILE_VECS]){p->count - second, second}, 0, gelu);
    }
}

/* Begins to ask for the rows ahead beside the products of rows by all panels. @param steps of the
 * sums of a tile */
static inline struct fetch_ahead begin_fetch(const struct odva_cpu_linear *linear, int64_t rows,
                                             int steps)
{
    const int64_t tiles = rows < V_TILE_ROWS ? 1 : rows / V_TILE_ROWS;
    const int panels = odva_cpu_round_up(linear->weights->n_out, PANEL) / PANEL;

    return fetch_ahead_begin(&linear->ahead, tiles * panels * steps);
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

/* rows and whether there is a list are constants wherever this is inlined. */
static inline __attribute__((always_inline)) void linear_rows(const struct tile_place *p,
                                                              const float *panel,
                                                              const int32_t *list, int count,
                                                              const int rows)
{
    const struct odva_cpu_linear *linear = p->linear;
    v_float acc[V_TILE_ROWS][V_TILE_VECS];
    struct tile_fetch fetch = begin_tile_fetch(p, rows);

    sum_rows(acc, linear->src + p->row * linear->src_stride, linear->src_stride, panel, list, count,
             &fetch, rows);
    *p->fetch = fetch.rows;
    finish_tile(p, acc, rows, v_gelu);
}

/* Separate functions, so that each has the registers to itself. */
static __attribute__((noinline)) void linear_tile(const struct tile_place *p, const float *panel,
                                                  int count)
{
    linear_rows(p, panel, NULL, count, V_TILE_ROWS);
}

static __attribute__((noinline)) void
linear_listed_tile(const struct tile_place *p, const float *panel, const int32_t *list, int count)
{
    linear_rows(p, panel, list, count, V_TILE_ROWS);
}

static __attribute__((noinline)) void
linear_listed_4_rows(const struct tile_place *p, const float *panel, const int32_t *list, int count)
{
    linear_rows(p, panel, list, count, 4);
}

static __attribute__((noinline)) void
linear_listed_row(const struct tile_place *p, const float *panel, const int32_t *list, int count)
{
    linear_rows(p, panel, list, count, 1);
}

static void linear_simd(const struct odva_cpu_linear *linear, int64_t first_row, int64_t rows,
                        float *scratch)
{
    const struct odva_weights *weights = linear->weights;
    const float *panel = weights->panels;
    int32_t *inputs = (int32_t *)scratch;
    const int count = list_inputs(inputs, linear, first_row, rows);
    struct fetch_ahead fetch = begin_fetch(linear, rows, count);

    for (int column = 0; column < weights->n_out; column += PANEL, panel += PANEL * weights->n_in) {
        struct tile_place p = {linear, first_row, column, weights->n_out - column, &fetch};

        for (; p.row + V_TILE_ROWS <= first_row + rows; p.row += V_TILE_ROWS) {
            if (count < weights->n_in)
                linear_listed_tile(&p, panel, inputs, count);
            else
                linear_tile(&p, panel, count);
        }
        for (; p.row + 4 <= first_row + rows; p.row += 4)
            linear_listed_4_rows(&p, panel, inputs, count);
        for (; p.row < first_row + rows; p.row++)
            linear_listed_row(&p, panel, inputs, count);
    }
}

#endif
