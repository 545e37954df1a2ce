/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Products with packed panels; include a simd_*.h before. A tile of V_TILE_ROWS rows and one panel
 * is summed in registers, in ascending order of the input index whatever the tile's height.
 */
#ifndef ODVA_CPU_PANELS_SIMD_H
#define ODVA_CPU_PANELS_SIMD_H

#include "base/unroll.h"
#include "kernels/cpu/fetch_ahead.h"
#include "kernels/cpu/math_simd.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/row_groups.h"

#define PANEL (V_TILE_VECS * V_WIDTH)

/* sums += input i of src [rows] times the panel's */
static inline __attribute__((always_inline)) void sum_input(v_float sums[V_TILE_ROWS][V_TILE_VECS],
                                                            const struct row_groups *groups,
                                                            const float *panel, int64_t i,
                                                            const int rows)
{
    v_float w[V_TILE_VECS];

    ODVA_UNROLL
    for (int v = 0; v < V_TILE_VECS; v++)
        w[v] = v_load(panel + i * PANEL + v * V_WIDTH);
    ODVA_UNROLL
    for (int r = 0; r < rows; r++) {
        const v_float x = v_set1(((const float *)row_of(groups, r))[i]);

        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            sums[r][v] = v_fma(x, w[v], sums[r][v]);
    }
}

/*
 * acc = src [rows][count] panel; rows is a constant wherever this is inlined.
 * @param list NULL, or which count inputs are to be summed: the others' terms are 0
 * @param fetch NULL: none
 */
static inline __attribute__((always_inline)) void sum_rows(v_float acc[V_TILE_ROWS][V_TILE_VECS],
                                                           const float *src, int64_t stride,
                                                           const float *panel, const int32_t *list,
                                                           int count, struct tile_fetch *fetch,
                                                           const int rows)
{
    v_float sums[V_TILE_ROWS][V_TILE_VECS]; /* its own, so that they are in registers */
    const struct row_groups groups = row_groups_of(src, stride * sizeof(*src), rows);
    struct tile_fetch own = fetch ? *fetch : (struct tile_fetch){0};
    int k = 0;

    ODVA_UNROLL
    for (int r = 0; r < rows; r++) {
        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            sums[r][v] = v_zero();
    }
    if (fetch) {
        for (; k < rows && k < count; k++) {
            fetch_tile_row(&own);
            sum_input(sums, &groups, panel, list ? list[k] : k, rows);
        }
    }
    for (; k < count; k++) {
        if (fetch)
            fetch_ahead_step(&own.rows);
        sum_input(sums, &groups, panel, list ? list[k] : k, rows);
    }
    ODVA_UNROLL
    for (int r = 0; r < rows; r++) {
        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            acc[r][v] = sums[r][v];
    }
    if (fetch)
        *fetch = own;
}

/* sums [rows][PANEL] = src [rows][n_in] panel */
static inline __attribute__((always_inline)) void multiply_rows(float *sums, const float *src,
                                                                int64_t stride, const float *panel,
                                                                int n_in, const int rows)
{
    v_float acc[V_TILE_ROWS][V_TILE_VECS];

    sum_rows(acc, src, stride, panel, NULL, n_in, NULL, rows);
    ODVA_UNROLL
    for (int r = 0; r < rows; r++) {
        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            v_store(sums + r * PANEL + v * V_WIDTH, acc[r][v]);
    }
}

/* A tile of 1 to V_TILE_ROWS rows. */
static inline void multiply_tile(float *sums, const float *src, int64_t stride, const float *panel,
                                 int n_in, int rows)
{
    if (rows == V_TILE_ROWS) {
        multiply_rows(sums, src, stride, panel, n_in, V_TILE_ROWS);
        return;
    }
    for (; rows >= 4; rows -= 4, sums += 4 * PANEL, src += 4 * stride)
        multiply_rows(sums, src, stride, panel, n_in, 4);
    for (; rows > 0; rows--, sums += PANEL, src += stride)
        multiply_rows(sums, src, stride, panel, n_in, 1);
}

#endif
