/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Products of pairs of 16-bit integers; include a simd_*.h before. */
#ifndef ODVA_CPU_BASIS_SIMD_H
#define ODVA_CPU_BASIS_SIMD_H

#include "base/unroll.h"
#include "kernels/cpu/basis.h"

#define PAIR_VECS (ODVA_CPU_PAIR_OUTPUTS / V_SUMS)
#define PAIR_ROWS 4

static inline uint32_t load_pair(const int16_t *p)
{
    uint32_t pair;

    memcpy(&pair, p, sizeof(pair));
    return pair;
}

/* rows is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) void
multiply_pair_rows(const struct odva_cpu_pairs *product, int first, const int rows, int o)
{
    const int16_t *src = product->src + first * product->src_stride;
    const int16_t *weights = product->weights + 2 * o;
    int32_t *dst = product->dst + first * product->dst_stride + o;
    v_sums sum[PAIR_ROWS][PAIR_VECS];

    ODVA_UNROLL
    for (int r = 0; r < rows; r++)
        ODVA_UNROLL
    for (int v = 0; v < PAIR_VECS; v++)
        sum[r][v] = v_sums_zero();
    for (int p = 0; p < product->pairs; p++) {
        const int pair = product->pair ? product->pair[p] : p;
        const int16_t *w = weights + (int64_t)pair * product->weight_outputs * 2;
        v_shorts weight[PAIR_VECS];

        ODVA_UNROLL
        for (int v = 0; v < PAIR_VECS; v++)
            weight[v] = v_load_shorts(w + 2 * v * V_SUMS);
        ODVA_UNROLL
        for (int r = 0; r < rows; r++) {
            const v_shorts x = v_set1_shorts(load_pair(src + r * product->src_stride + 2 * p));

            ODVA_UNROLL
            for (int v = 0; v < PAIR_VECS; v++)
                sum[r][v] = v_dot_shorts(sum[r][v], weight[v], x);
        }
    }
    ODVA_UNROLL
    for (int r = 0; r < rows; r++)
        ODVA_UNROLL
    for (int v = 0; v < PAIR_VECS; v++)
        v_sums_store(dst + r * product->dst_stride + v * V_SUMS, sum[r][v]);
}

static void multiply_pairs_simd(const struct odva_cpu_pairs *product)
{
    int r = 0;

    for (; r + PAIR_ROWS <= product->rows; r += PAIR_ROWS)
        for (int o = 0; o < product->outputs; o += ODVA_CPU_PAIR_OUTPUTS)
            multiply_pair_rows(product, r, PAIR_ROWS, o);
    for (; r < product->rows; r++)
        for (int o = 0; o < product->outputs; o += ODVA_CPU_PAIR_OUTPUTS)
            multiply_pair_rows(product, r, 1, o);
}

#endif
