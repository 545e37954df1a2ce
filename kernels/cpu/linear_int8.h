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

#include "cpu/linear_rounded.h"

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

/* Numbers at .. at+n-1 of a matrix's source. */
static inline v_float load_src(const struct odva_cpu_linear *linear, int64_t at, int n)
{
    return linear->rounded_src ? v_load_rounded_n(linear->rounded_src + at, n)
                               : v_load_n(linear->src + at, n);
}

/* Numbers that are soon to be loaded. */
static inline void fetch_src(const struct odva_cpu_linear *linear, int64_t at)
{
    if (linear->rounded_src)
        __builtin_prefetch(linear->rounded_src + at);
    else
        __builtin_prefetch(linear->src + at);
}

/* The largest magnitude of the row at at. @param later is wanted soon */
static inline float largest_of(const struct odva_cpu_linear *linear, int64_t at, int64_t later)
{
    const int n_in = linear->weights->n_in;
    v_float largest = v_zero();

    for (int i = 0; i < n_in; i += V_WIDTH) {
        fetch_src(linear, later + i);
        largest = v_max(largest, v_abs(load_src(linear, at + i, n_in - i)));
    }
    return v_largest(largest);
}

/* @param scale gets what a step of each row's bytes is worth */
static void quantise_rows(uint8_t *dst, float *scale, const struct odva_cpu_linear *linear,
                          int64_t row, int64_t rows)
{
    const int n_in = linear->weights->n_in;
    const int64_t stride = byte_stride(n_in);
    int64_t at = row * linear->src_stride;

    for (int64_t r = 0; r < rows; r++, dst += stride, at += linear->src_stride) {
        const int64_t later = at + (r + FETCH_ROWS < rows ? FETCH_ROWS : 0) * linear->src_stride;
        const float largest = largest_of(linear, at, later);
        const v_float inverse =
            v_set1(largest > ODVA_CPU_INT8_LEAST ? ODVA_CPU_INT8_MAX / largest : 0);

        scale[r] = largest / ODVA_CPU_INT8_MAX;
        for (int i = 0; i < n_in; i += V_WIDTH)
            v_store_offset_bytes(dst + i, v_mul(load_src(linear, at + i, n_in - i), inverse));
    }
}

/* rows is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) void
dot_byte_rows(const struct tile_place *p, const struct tile_factors *f, const int rows)
{
    const int8_t *panel = f->panel;
    const struct odva_weights *weights = p->linear->weights;
    v_int sums[V_TILE_ROWS][V_TILE_VECS];
    v_float acc[V_TILE_ROWS][V_TILE_VECS];
    const struct row_groups groups = row_groups_of(f->rows, f->stride, rows);
    struct fetch_ahead fetch = *p->fetch;

    fetch_tile(p, rows);
    ODVA_UNROLL
    for (int v = 0; v < V_TILE_VECS; v++) {
        const v_int start = v_load_dwords(weights->start + p->column + v * V_WIDTH);

        ODVA_UNROLL
        for (int r = 0; r < rows; r++)
            sums[r][v] = start;
    }
    for (int i = 0; i < f->steps; i++, panel += 4 * PANEL) {
        v_int w[V_TILE_VECS];

        fetch_ahead_step(&fetch);
        ODVA_UNROLL
        for (int v = 0; v < V_TILE_VECS; v++)
            w[v] = v_load_dwords(panel + 4 * v * V_WIDTH);
        ODVA_UNROLL
        for (int r = 0; r < rows; r++) {
            const v_int x = v_set1_quad((const uint8_t *)row_of(&groups, r) + 4 * i);

            ODVA_UNROLL
            for (int v = 0; v < V_TILE_VECS; v++)
                sums[r][v] = v_dot_quads(sums[r][v], x, w[v]);
        }
    }
    *p->fetch = fetch;
    ODVA_UNROLL
    for (int v = 0; v < V_TILE_VECS; v++) {
        const v_float step = v_load(weights->scale + p->column + v * V_WIDTH);

        ODVA_UNROLL
        for (int r = 0; r < rows; r++)
            acc[r][v] = v_mul(v_to_float(sums[r][v]), v_mul(step, v_set1(f->scale[r])));
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
