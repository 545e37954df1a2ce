/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Attention of one head of one window with bfloat16 factors and float32 sums. A column of a tile is
 * a query, a row a key: a query's maximum and sum are numbers of its own lane. Scores never leave
 * the registers: they are taken relative to the largest of the first keys, and only where a later
 * one is much larger everything so far is scaled down (online softmax). Include
 * simd_avx512bf16.h before.
 */
#ifndef ODVA_CPU_ATTENTION_BF16_H
#define ODVA_CPU_ATTENTION_BF16_H

#include <math.h>

#include "kernels/cpu/attention_simd.h"

#define DOT_QUERIES (2 * V_WIDTH) /* in a block */
#define DOT_ROWS    8             /* keys, or elements of values, in a tile */
#define DOT_KEYS    128           /* whose weights are held at a time */
#define FETCH_AHEAD 6             /* tokens */
#define SCORE_LIMIT 40.0f         /* above the maximum; weights are powers of two of scores */
#define SCORE_NONE  (-1e4f)       /* of no key: has no weight */

/** Memory of a window; tokens are rounded up to whole tiles, missing ones are 0. */
struct dot_scratch {
    uint16_t *keys;      /* [tokens][stride] */
    uint16_t *values;    /* [head_dim / DOT_ROWS][tokens / 2][DOT_ROWS][2 tokens] */
    uint16_t *queries;   /* [stride / 2][DOT_QUERIES][2 elements] */
    uint16_t *weights;   /* [DOT_KEYS / 2][DOT_QUERIES][2 keys] */
    uint16_t *rows;      /* rounded queries, [DOT_QUERIES][stride] */
    float *sums;         /* [head_dim][DOT_QUERIES] */
    int64_t stride;      /* head_dim rounded up to whole vectors */
    int tokens, pending; /* keys whose weights wait for their values */
};

static size_t attention_scratch_bf16(int max_length, int head_dim)
{
    const size_t tokens = odva_cpu_round_up(max_length, DOT_ROWS);
    const size_t stride = odva_cpu_round_up(head_dim, 2 * V_WIDTH);
    const size_t words = 2 * tokens * stride + 2 * DOT_QUERIES * stride + DOT_KEYS * DOT_QUERIES;
    const size_t floats = words / 2 + head_dim * DOT_QUERIES;
    const size_t exact = attention_scratch_simd(max_length, head_dim);

    return floats > exact ? floats : exact;
}

static struct dot_scratch cut_dot_scratch(float *scratch, int count, int head_dim)
{
    struct dot_scratch s = {.stride = odva_cpu_round_up(head_dim, 2 * V_WIDTH),
                            .tokens = odva_cpu_round_up(count, DOT_ROWS)};

    s.keys = (uint16_t *)scratch;
    s.values = s.keys + s.tokens * s.stride;
    s.queries = s.values + s.tokens * s.stride;
    s.weights = s.queries + DOT_QUERIES * s.stride;
    s.rows = s.weights + DOT_KEYS * DOT_QUERIES;
    s.sums = (float *)(s.rows + DOT_QUERIES * s.stride);
    return s;
}

/* ---- packing ----------------------------------------------------------------------------- */

/* Numbers at .. at+n-1 of qkv. */
static inline __attribute__((always_inline)) v_float load_qkv(const struct odva_cpu_attention *a,
                                                              int64_t at, int n)
{
    return a->rounded_qkv ? v_load_rounded_n(a->rounded_qkv + at, n) : v_load_n(a->qkv + at, n);
}

/* Where q of an entry is in qkv. */
static inline int64_t query_at(const struct odva_cpu_attention *a, int entry, int head)
{
    return a->rows[entry] * a->qkv_stride + head * a->head_dim;
}

/* n numbers at src and half later, rotated, times factor and rounded. */
static inline __attribute__((always_inline)) void
round_rotated_pairs(uint16_t *dst, const struct odva_cpu_attention *a, int64_t src,
                    const float *cosines, const float *sines, v_float factor, int n)
{
    const int half = a->head_dim / 2;
    const v_float x = v_mul(load_qkv(a, src, n), factor);
    const v_float y = v_mul(load_qkv(a, src + half, n), factor);

    if (cosines) {
        const v_float c = v_load_n(cosines, n), s = v_load_n(sines, n);

        v_store_rounded_n(dst, v_fnma(y, s, v_mul(x, c)), n);
        v_store_rounded_n(dst + half, v_fma(x, s, v_mul(y, c)), n);
    } else {
        v_store_rounded_n(dst, x, n);
        v_store_rounded_n(dst + half, y, n);
    }
}

/* The row at src rotated, times factor; head_dim / 2 is a multiple of 8. */
static inline __attribute__((always_inline)) void round_rotated(uint16_t *dst,
                                                                const struct odva_cpu_attention *a,
                                                                int64_t src, int position,
                                                                v_float factor)
{
    const int half = a->head_dim / 2;
    const float *c = position < 0 ? NULL : a->cosines + (int64_t)position * half;
    const float *s = position < 0 ? NULL : a->sines + (int64_t)position * half;
    int i = 0;

    for (; i + V_WIDTH <= half; i += V_WIDTH)
        round_rotated_pairs(dst + i, a, src + i, c ? c + i : c, s ? s + i : s, factor, V_WIDTH);
    if (i < half)
        round_rotated_pairs(dst + i, a, src + i, c ? c + i : c, s ? s + i : s, factor, half - i);
}

/* Values of two tokens; below 0: there is none. */
static void pack_values(const struct dot_scratch *s, const struct odva_cpu_attention *a,
                        int64_t first, int64_t second, int pair)
{
    for (int i = 0; i < a->head_dim; i += V_WIDTH) {
        const v_pairs pairs = v_zip_pairs(first < 0 ? v_zero() : load_qkv(a, first + i, V_WIDTH),
                                          second < 0 ? v_zero() : load_qkv(a, second + i, V_WIDTH));
        uint16_t *dst = s->values + ((int64_t)i / DOT_ROWS * s->tokens + 2 * pair) * DOT_ROWS;

        v_store_half_pairs(dst, dst + (int64_t)s->tokens * DOT_ROWS, pairs);
    }
}

/* q, k and v of a token that is wanted soon: rows lie too far apart for the processor to guess. */
static inline void fetch_token(const struct odva_cpu_attention *a, int entry, int head)
{
    const int64_t width = (int64_t)a->heads * a->head_dim, q = query_at(a, entry, head);

    for (int part = 0; part < 3; part++) {
        if (a->rounded_qkv) {
            for (int i = 0; i < a->head_dim; i += 2 * V_WIDTH)
                __builtin_prefetch(a->rounded_qkv + q + part * width + i);
        } else {
            for (int i = 0; i < a->head_dim; i += V_WIDTH)
                __builtin_prefetch(a->qkv + q + part * width + i);
        }
    }
}

static void pack_tokens(const struct dot_scratch *s, const struct odva_cpu_attention *a, int begin,
                        int count, int head)
{
    const int64_t width = (int64_t)a->heads * a->head_dim;
    int64_t values[2];

    for (int i = 0; i < s->tokens; i++) {
        uint16_t *key = s->keys + i * s->stride;

        values[i % 2] = -1;
        if (i < count) {
            const int64_t q = query_at(a, begin + i, head);

            if (i + FETCH_AHEAD < count)
                fetch_token(a, begin + i + FETCH_AHEAD, head);
            round_rotated(key, a, q + width, a->rope[begin + i], v_set1(1.0f));
            values[i % 2] = q + 2 * width;
        } else {
            memset(key, 0, s->stride * sizeof(*key));
        }
        if (i % 2)
            pack_values(s, a, values[0], values[1], i / 2);
    }
}

/* Scores are logarithms to base 2. What a row of an earlier block holds does no harm. */
static void pack_queries(const struct dot_scratch *s, const struct odva_cpu_attention *a, int begin,
                         int count, int head)
{
    const v_float factor = v_set1(1.44269504f / sqrtf((float)a->head_dim));

    for (int i = 0; i < count; i++)
        round_rotated(s->rows + i * s->stride, a, query_at(a, begin + i, head), a->rope[begin + i],
                      factor);
    for (int q = 0; q < DOT_QUERIES; q += V_WIDTH) {
        for (int i = 0; i < s->stride; i += 2 * V_WIDTH) {
            v_pairs square[V_WIDTH];

            for (int r = 0; r < V_WIDTH; r++)
                square[r] = v_load_pairs(s->rows + (q + r) * s->stride + i);
            v_transpose_dwords(square);
            for (int r = 0; r < V_WIDTH; r++)
                v_store_pairs(s->queries + (i / 2 + r) * 2 * DOT_QUERIES + 2 * q, square[r]);
        }
    }
}

/* ---- products ---------------------------------------------------------------------------- */

/* acc += rows of pairs, each row_step apart and pair_step from pair to pair, times columns; vecs,
 * the vectors of queries, is a constant wherever this and what calls it is inlined. */
static inline __attribute__((always_inline)) void
dot_tile(v_float acc[DOT_ROWS][2], const uint16_t *rows, int64_t row_step, int64_t pair_step,
         const uint16_t *columns, int pairs, const int vecs)
{
    for (int i = 0; i < pairs; i++, rows += pair_step, columns += 2 * DOT_QUERIES) {
        v_pairs c[2];

        ODVA_UNROLL
        for (int v = 0; v < vecs; v++)
            c[v] = v_load_pairs(columns + 2 * v * V_WIDTH);
        ODVA_UNROLL
        for (int r = 0; r < DOT_ROWS; r++) {
            const v_pairs x = v_set1_pair(rows + r * row_step);

            ODVA_UNROLL
            for (int v = 0; v < vecs; v++)
                acc[r][v] = v_dot_pairs(acc[r][v], x, c[v]);
        }
    }
}

static inline __attribute__((always_inline)) void
mix_vectors(struct dot_scratch *s, const uint16_t *values, int head_dim, const int vecs)
{
    for (int d = 0; d < head_dim; d += DOT_ROWS, values += (int64_t)s->tokens * DOT_ROWS) {
        float *sums = s->sums + d * DOT_QUERIES;
        v_float acc[DOT_ROWS][2];

        ODVA_UNROLL
        for (int r = 0; r < DOT_ROWS; r++) {
            ODVA_UNROLL
            for (int v = 0; v < vecs; v++)
                acc[r][v] = v_load(sums + r * DOT_QUERIES + v * V_WIDTH);
        }
        dot_tile(acc, values, 2, 2 * DOT_ROWS, s->weights, s->pending / 2, vecs);
        ODVA_UNROLL
        for (int r = 0; r < DOT_ROWS; r++) {
            ODVA_UNROLL
            for (int v = 0; v < vecs; v++)
                v_store(sums + r * DOT_QUERIES + v * V_WIDTH, acc[r][v]);
        }
    }
}

/* Add the values of the pending keys, the last of which is key end - 1. */
static __attribute__((noinline)) void mix_pending(struct dot_scratch *s, int end, int head_dim,
                                                  int vecs)
{
    const uint16_t *values = s->values + (int64_t)(end - s->pending) * DOT_ROWS;

    if (vecs == 2)
        mix_vectors(s, values, head_dim, 2);
    else
        mix_vectors(s, values, head_dim, 1);
    s->pending = 0;
}

/** Of the queries of a block: what scores are relative to, and the sum of the weights. */
struct softmax {
    v_float maximum[2], sum[2];
};

static inline __attribute__((always_inline)) v_float largest_score(v_float acc[DOT_ROWS][2], int v)
{
    const v_float a = v_max(v_max(acc[0][v], acc[1][v]), v_max(acc[2][v], acc[3][v]));
    const v_float b = v_max(v_max(acc[4][v], acc[5][v]), v_max(acc[6][v], acc[7][v]));

    return v_max(a, b);
}

/* Make the scores of the tile that begins at key first at most 0. */
static __attribute__((noinline)) void raise_maximum(struct dot_scratch *s, struct softmax *softmax,
                                                    v_float acc[DOT_ROWS][2], int first,
                                                    int head_dim, int vecs)
{
    if (s->pending)
        mix_pending(s, first, head_dim, vecs);
    for (int v = 0; v < vecs; v++) {
        const v_float top = largest_score(acc, v);
        const v_float by = first ? v_max(top, v_zero()) : top;
        const v_float factor = v_exp2_coarse(v_sub(v_zero(), by));

        for (int r = 0; r < DOT_ROWS; r++)
            acc[r][v] = v_sub(acc[r][v], by);
        softmax->maximum[v] = v_add(softmax->maximum[v], by);
        if (first == 0)
            continue;
        softmax->sum[v] = v_mul(softmax->sum[v], factor);
        for (int d = 0; d < head_dim; d++) {
            float *sums = s->sums + d * DOT_QUERIES + v * V_WIDTH;

            v_store(sums, v_mul(v_load(sums), factor));
        }
    }
}

static inline __attribute__((always_inline)) int any_too_large(v_float acc[DOT_ROWS][2],
                                                               const int vecs)
{
    v_float largest = largest_score(acc, 0);

    if (vecs == 2)
        largest = v_max(largest, largest_score(acc, 1));
    return v_any_above(largest, v_set1(SCORE_LIMIT));
}

/* Weights of the keys first .. first + DOT_ROWS - 1, of which left exist. */
static inline __attribute__((always_inline)) void weigh_tile(struct dot_scratch *s,
                                                             struct softmax *softmax, int first,
                                                             int left, int head_dim, const int vecs)
{
    uint16_t *weights = s->weights + s->pending * DOT_QUERIES;
    v_float acc[DOT_ROWS][2];

    ODVA_UNROLL
    for (int r = 0; r < DOT_ROWS; r++) {
        ODVA_UNROLL
        for (int v = 0; v < vecs; v++)
            acc[r][v] = v_sub(v_zero(), softmax->maximum[v]);
    }
    dot_tile(acc, s->keys + first * s->stride, s->stride, 2, s->queries, (head_dim + 1) / 2, vecs);
    if (left < DOT_ROWS) {
        ODVA_UNROLL
        for (int r = 0; r < DOT_ROWS; r++) {
            ODVA_UNROLL
            for (int v = 0; v < vecs; v++)
                acc[r][v] = r < left ? acc[r][v] : v_set1(SCORE_NONE);
        }
    }
    if (first == 0 || any_too_large(acc, vecs)) {
        v_float copy[DOT_ROWS][2];

        memcpy(copy, acc, sizeof(copy));
        raise_maximum(s, softmax, copy, first, head_dim, vecs);
        memcpy(acc, copy, sizeof(acc));
        weights = s->weights + s->pending * DOT_QUERIES;
    }
    ODVA_UNROLL
    for (int v = 0; v < vecs; v++) {
        ODVA_UNROLL
        for (int r = 0; r < DOT_ROWS; r += 2) {
            const v_float a = v_exp2_coarse(acc[r][v]), b = v_exp2_coarse(acc[r + 1][v]);

            softmax->sum[v] = v_add(softmax->sum[v], v_add(a, b));
            v_store_pairs(weights + r * DOT_QUERIES + 2 * v * V_WIDTH, v_zip_pairs(a, b));
        }
    }
    s->pending += DOT_ROWS;
}

/* ---- one block of queries ---------------------------------------------------------------- */

static void store_block(const struct dot_scratch *s, const struct softmax *softmax,
                        const struct odva_cpu_attention *a, int begin, int count, int head)
{
    for (int q = 0; q < count; q += V_WIDTH) {
        const v_float factor = v_div(v_set1(1.0f), softmax->sum[q / V_WIDTH]);

        for (int d = 0; d < a->head_dim; d += V_WIDTH) {
            v_pairs square[V_WIDTH];

            for (int r = 0; r < V_WIDTH; r++)
                square[r] = v_bits(v_mul(v_load(s->sums + (d + r) * DOT_QUERIES + q), factor));
            v_transpose_dwords(square);
            for (int r = 0; r < V_WIDTH && q + r < count; r++) {
                const int64_t at = a->rows[begin + q + r] * a->dst_stride + head * a->head_dim + d;

                if (a->rounded_dst)
                    v_store_rounded_n(a->rounded_dst + at, v_of_bits(square[r]), V_WIDTH);
                else
                    v_store_pairs(a->dst + at, square[r]);
            }
        }
    }
}

static inline __attribute__((always_inline)) void weigh_and_mix(struct dot_scratch *s,
                                                                struct softmax *softmax, int keys,
                                                                int head_dim, const int vecs)
{
    for (int first = 0; first < keys; first += DOT_ROWS) {
        weigh_tile(s, softmax, first, keys - first, head_dim, vecs);
        if (s->pending == DOT_KEYS)
            mix_pending(s, first + DOT_ROWS, head_dim, vecs);
    }
    mix_pending(s, s->tokens, head_dim, vecs);
}

/* Separate functions, so that each has the registers to itself. */
static __attribute__((noinline)) void
weigh_and_mix_2(struct dot_scratch *s, struct softmax *softmax, int keys, int head_dim)
{
    weigh_and_mix(s, softmax, keys, head_dim, 2);
}

static __attribute__((noinline)) void
weigh_and_mix_1(struct dot_scratch *s, struct softmax *softmax, int keys, int head_dim)
{
    weigh_and_mix(s, softmax, keys, head_dim, 1);
}

static void attend_queries(struct dot_scratch *s, const struct odva_cpu_attention *a, int begin,
                           int count, int keys, int head)
{
    struct softmax softmax = {{v_zero(), v_zero()}, {v_zero(), v_zero()}};

    pack_queries(s, a, begin, count, head);
    memset(s->sums, 0, a->head_dim * DOT_QUERIES * sizeof(*s->sums));
    s->pending = 0;
    if (count > V_WIDTH)
        weigh_and_mix_2(s, &softmax, keys, a->head_dim);
    else
        weigh_and_mix_1(s, &softmax, keys, a->head_dim);
    store_block(s, &softmax, a, begin, count, head);
}

static void attention_bf16(const struct odva_cpu_attention *a, int window, int head, float *scratch)
{
    const int begin = a->begin[window], count = a->begin[window + 1] - begin;
    struct dot_scratch s = cut_dot_scratch(scratch, count, a->head_dim);

    if (a->precision == ODVA_PRECISION_EXACT) {
        attention_simd(a, window, head, scratch);
        return;
    }
    memset(s.rows, 0, DOT_QUERIES * s.stride * sizeof(*s.rows));
    pack_tokens(&s, a, begin, count, head);
    for (int i = 0; i < count; i += DOT_QUERIES)
        attend_queries(&s, a, begin + i, count - i < DOT_QUERIES ? count - i : DOT_QUERIES, count,
                       head);
}

#endif
