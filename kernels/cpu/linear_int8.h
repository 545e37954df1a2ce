/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The linear operator with 8-bit factors and int32 sums: weights have a scale for each output, rows
 * one of their own by their largest number. A row's bytes are kept 128 higher, without a sign, as
 * the dot product wants them; sums begin with what takes that off again. Include simd_avx512vnni.h
 * before.
 */
#ifndef ODVA_CPU_LINEAR_INT8_H
#define ODVA_CPU_LINEAR_INT8_H

#include "kernels/cpu/linear_rounded.h"

/* Bytes from one row to the next; the odd line keeps rows out of each other's sets. */
static inline int64_t byte_stride(int n_in)
{
    return odva_cpu_round_up(n_in, 4 * V_WIDTH) + 4 * V_WIDTH;
}

static size_t linear_scratch_int8(int n_in)
{
    const size_t floats = ROUNDED_ROWS * (byte_stride(n_in) / sizeof(float) + 1);
    const size_t exact = linear_scratch_simd(n_in);

    return floats > exact ? floats : exact;
}

/* n numbers of a row at i, V_WIDTH or fewer; rounded, whether they are bfloat16, is a constant
 * wherever this and what calls it is inlined. */
static inline __attribute__((always_inline)) v_float load_row(const void *row, int i, int n,
                                                              const int rounded)
{
    return rounded ? v_load_rounded_n((const uint16_t *)row + i, n)
                   : v_load_n((const float *)row + i, n);
}

/* @return what a step of the row's bytes is worth */
static inline __attribute__((always_inline)) float quantise_row(uint8_t *dst, const void *row,
                                                                int n_in, const int rounded)
{
    const int whole = n_in / V_WIDTH * V_WIDTH;
    v_float most = v_zero(), inverse;
    float largest;

    for (int i = 0; i < whole; i += V_WIDTH)
        most = v_max(most, v_abs(load_row(row, i, V_WIDTH, rounded)));
    if (whole < n_in)
        most = v_max(most, v_abs(load_row(row, whole, n_in - whole, rounded)));
    largest = v_largest(most);
    inverse = v_set1(largest > ODVA_CPU_INT8_LEAST ? ODVA_CPU_INT8_MAX / largest : 0);
    for (int i = 0; i < whole; i += V_WIDTH)
        v_store_offset_bytes(dst + i, v_mul(load_row(row, i, V_WIDTH, rounded), inverse));
    if (whole < n_in)
        v_store_offset_bytes(dst + whole,
                             v_mul(load_row(row, whole, n_in - whole, rounded), inverse));
    return largest / ODVA_CPU_INT8_MAX;
}

/* @param scale gets what a step of each row's bytes is worth */
static void quantise_rows(uint8_t *dst, float *scale, const struct odva_cpu_linear *linear,
                          int64_t row, int64_t rows)
{
    const int n_in = linear->weights->n_in;
    const int64_t stride = byte_stride(n_in), at = row * linear->src_stride;

    if (linear->rounded_src) {
        for (int64_t r = 0; r < rows; r++)
            scale[r] = quantise_row(dst + r * stride,
                                    linear->rounded_src + at + r * linear->src_stride, n_in, 1);
    } else {
        for (int64_t r = 0; r < rows; r++)
            scale[r] =
                quantise_row(dst + r * stride, linear->src + at + r * linear->src_stride, n_in, 0);
    }
}

/* sums += the next quad of rows times the panel's; rows is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) void dot_quad(v_int sums[V_TILE_ROWS][V_TILE_VECS],
                                                           struct row_groups *groups,
                                                           const int8_t **panel, const int rows)
{
    v_int w[V_TILE_VECS];

    ODVA_UNROLL
    for (int v = 0; v < V_TILE_VECS; v++)
        w[v] = v_load_dwords(*panel + 4 * v * V_WIDTH);
    ODVA_UNROLL
    for (int r = 0; r < rows; r++) {
        const v_int x = v_set1_quad(row_of(groups, r));

        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            sums[r][v] = v_dot_quads(sums[r][v], x, w[v]);
    }
    *panel += 4 * PANEL;
    row_groups_advance(groups, 4 * sizeof(**panel), rows);
}

/* rows is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) void
dot_byte_rows(const struct tile_place *p, const struct tile_factors *f, const int rows)
{
    v_int sums[V_TILE_ROWS][V_TILE_VECS];
    v_float acc[V_TILE_ROWS][V_TILE_VECS], step[V_TILE_VECS];
    struct row_groups groups = row_groups_of(f->rows, f->stride, rows);
    struct tile_fetch fetch = begin_tile_fetch(p, rows);
    const int8_t *panel = f->panel;
    const int quads = f->steps;
    int i = 0;

    ODVA_UNROLL
    for (int v = 0; v < V_TILE_VECS; v++) {
        const v_int start = v_load_dwords(p->linear->weights->start + p->column + v * V_WIDTH);

        ODVA_UNROLL
        for (int r = 0; r < rows; r++)
            sums[r][v] = start;
    }
    ODVA_KEEP_IN_MEMORY(p);
    ODVA_KEEP_IN_MEMORY(f);
    for (; i < rows && i < quads; i++) {
        fetch_tile_row(&fetch);
        dot_quad(sums, &groups, &panel, rows);
    }
    for (; i < quads; i++) {
        fetch_ahead_step(&fetch.rows);
        dot_quad(sums, &groups, &panel, rows);
    }
    *p->fetch = fetch.rows;
    ODVA_UNROLL
    for (int v = 0; v < V_TILE_VECS; v++)
        step[v] = v_load(p->linear->weights->scale + p->column + v * V_WIDTH);
    ODVA_UNROLL
    for (int r = 0; r < rows; r++) {
        const v_float scale = v_set1(f->scale[r]);

        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            acc[r][v] = v_mul(v_mul(v_to_float(sums[r][v]), step[v]), scale);
    }
    finish_tile(p, acc, rows, v_gelu_coarse);
}

/* Separate functions, so that each has the registers to itself. */
static __attribute__((noinline)) void dot_12_byte_rows(const struct tile_place *p,
                                                       const struct tile_factors *f)
{
    dot_byte_rows(p, f, 12);
}

static __attribute__((noinline)) void dot_4_byte_rows(const struct tile_place *p,
                                                      const struct tile_factors *f)
{
    dot_byte_rows(p, f, 4);
}

static __attribute__((noinline)) void dot_1_byte_row(const struct tile_place *p,
                                                     const struct tile_factors *f)
{
    dot_byte_rows(p, f, 1);
}

static void linear_int8(const struct odva_cpu_linear *linear, int64_t first_row, int64_t rows,
                        float *scratch)
{
    const struct odva_weights *weights = linear->weights;
    const int64_t stride = byte_stride(weights->n_in), end = first_row + rows;
    const int quads = (weights->n_in + 3) / 4;
    uint8_t *bytes = (uint8_t *)(scratch + ROUNDED_ROWS);

    if (!weights->bytes) {
        linear_simd(linear, first_row, rows, scratch);
        return;
    }
    for (int64_t row = first_row; row < end; row += ROUNDED_ROWS) {
        const int64_t height = end - row < ROUNDED_ROWS ? end - row : ROUNDED_ROWS;
        const int8_t *panel = weights->bytes;
        struct fetch_ahead fetch = begin_fetch(linear, height, quads);

        quantise_rows(bytes, scratch, linear, row, height);
        for (int column = 0; column < weights->n_out; column += PANEL, panel += 4 * PANEL * quads)
            multiply_block(
                (struct tile_place){linear, row, column, weights->n_out - column, &fetch},
                (struct tile_factors){bytes, stride, scratch, panel, quads}, height,
                dot_12_byte_rows, dot_4_byte_rows, dot_1_byte_row);
    }
}

#endif
