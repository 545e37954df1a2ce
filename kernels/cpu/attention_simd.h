/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Attention of one head of one window as two products with packed panels, keys and values, for a
 * block of queries at a time; include a simd_*.h before.
 */
#ifndef ODVA_CPU_ATTENTION_SIMD_H
#define ODVA_CPU_ATTENTION_SIMD_H

#include <math.h>
#include <string.h>

#include "kernels/cpu/panels_simd.h"

#define QUERIES V_TILE_ROWS /* in a block */

/** Scratch memory of a window; lengths are rounded up to whole panels. */
struct attention_scratch {
    float *keys;    /* panels of keys: [length / PANEL][head_dim][PANEL] */
    float *values;  /* panels of elements: [head_dim / PANEL][length][PANEL] */
    float *queries; /* [QUERIES][head_dim] */
    float *scores;  /* [QUERIES][length] */
};

static size_t attention_scratch_simd(int max_length, int head_dim)
{
    const size_t length = odva_cpu_round_up(max_length, PANEL);
    const size_t values = odva_cpu_round_up(head_dim, PANEL);

    return length * head_dim + length * values + QUERIES * (length + head_dim);
}

static struct attention_scratch cut_scratch(float *scratch, int length, int head_dim)
{
    struct attention_scratch s;

    s.keys = scratch;
    s.values = s.keys + (int64_t)length * head_dim;
    s.scores = s.values + (int64_t)length * odva_cpu_round_up(head_dim, PANEL);
    s.queries = s.scores + QUERIES * (int64_t)length;
    return s;
}

/* Rotated q or k of one token; head_dim / 2 is a multiple of 8. */
static void rotate(float *dst, const float *src, const struct odva_cpu_attention *a, int position)
{
    const int half = a->head_dim / 2;

    if (position < 0) {
        memcpy(dst, src, a->head_dim * sizeof(*dst));
        return;
    }
    for (int i = 0; i < half; i += V_WIDTH) {
        const int n = half - i < V_WIDTH ? half - i : V_WIDTH;
        const v_float c = v_load_n(a->cosines + (int64_t)position * half + i, n);
        const v_float s = v_load_n(a->sines + (int64_t)position * half + i, n);
        const v_float x = v_load_n(src + i, n), y = v_load_n(src + half + i, n);

        v_store_n(dst + i, v_fnma(y, s, v_mul(x, c)), n);
        v_store_n(dst + half + i, v_fma(x, s, v_mul(y, c)), n);
    }
}

static void pack_key(float *panel, const float *key, int head_dim)
{
    for (int d = 0; d < head_dim; d++)
        panel[(int64_t)d * PANEL] = key[d];
}

static void pack_value(float *values, const float *value, int token, int length, int head_dim)
{
    for (int first = 0; first < head_dim; first += PANEL) {
        const int n = head_dim - first < PANEL ? head_dim - first : PANEL;
        float *dst = values + (int64_t)first * length + (int64_t)token * PANEL;

        memcpy(dst, value + first, n * sizeof(*dst));
        memset(dst + n, 0, (PANEL - n) * sizeof(*dst));
    }
}

/* Keys and values of a window; what the last panel of keys has too much is 0. */
static void pack_window(const struct attention_scratch *s, const struct odva_cpu_attention *a,
                        int begin, int count, int length, int head)
{
    const int head_dim = a->head_dim;
    const int64_t width = (int64_t)a->heads * head_dim;

    for (int i = 0; i < count; i++) {
        const float *q = a->qkv + a->rows[begin + i] * a->qkv_stride + head * head_dim;
        float *panel = s->keys + (int64_t)(i / PANEL) * PANEL * head_dim + i % PANEL;

        rotate(s->queries, q + width, a, a->rope[begin + i]);
        pack_key(panel, s->queries, head_dim);
        pack_value(s->values, q + 2 * width, i, length, head_dim);
    }
    memset(s->queries, 0, head_dim * sizeof(*s->queries));
    for (int i = count; i < length; i++)
        pack_key(s->keys + (int64_t)(i / PANEL) * PANEL * head_dim + i % PANEL, s->queries,
                 head_dim);
}

/* Scores to weights whose sum, which is returned, is not yet 1. */
static inline float exponentials(float *scores, int count)
{
    const int whole = count / V_WIDTH * V_WIDTH;
    v_float largest = v_set1(scores[0]), sum = v_zero();

    for (int i = 0; i < whole; i += V_WIDTH)
        largest = v_max(largest, v_load(scores + i));
    float maximum = v_largest(largest);
    for (int i = whole; i < count; i++)
        maximum = scores[i] > maximum ? scores[i] : maximum;
    const v_float m = v_set1(maximum);
    for (int i = 0; i < whole; i += V_WIDTH) {
        const v_float e = v_exp(v_sub(v_load(scores + i), m));

        v_store(scores + i, e);
        sum = v_add(sum, e);
    }
    if (whole < count) {
        const v_float last = v_load_n(scores + whole, count - whole);

        v_store_n(scores + whole, v_exp(v_sub(last, m)), count - whole);
        sum = v_add(sum, v_load_n(scores + whole, count - whole));
    }
    return v_sum(sum);
}

static void score_queries(const struct attention_scratch *s, int rows, int length, int head_dim)
{
    for (int first = 0; first < length; first += PANEL) {
        float sums[V_TILE_ROWS * PANEL];

        multiply_tile(sums, s->queries, head_dim, s->keys + (int64_t)first * head_dim, head_dim,
                      rows);
        for (int r = 0; r < rows; r++)
            memcpy(s->scores + (int64_t)r * length + first, sums + r * PANEL,
                   PANEL * sizeof(*sums));
    }
}

static void mix_values(const struct attention_scratch *s, float *const *dst, const float *factors,
                       int rows, int count, int length, int head_dim)
{
    for (int first = 0; first < head_dim; first += PANEL) {
        float sums[V_TILE_ROWS * PANEL];

        multiply_tile(sums, s->scores, length, s->values + (int64_t)first * length, count, rows);
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < PANEL && first + j < head_dim; j += V_WIDTH) {
                const int n = head_dim - first - j < V_WIDTH ? head_dim - first - j : V_WIDTH;

                v_store_n(dst[r] + first + j,
                          v_mul(v_load(sums + r * PANEL + j), v_set1(factors[r])), n);
            }
        }
    }
}

static void attend_block(const struct attention_scratch *s, const struct odva_cpu_attention *a,
                         int begin, int rows, int count, int length, int head)
{
    const int head_dim = a->head_dim;
    const v_float factor = v_set1(1.0f / sqrtf((float)head_dim));
    float *dst[QUERIES], factors[QUERIES];

    for (int r = 0; r < rows; r++) {
        const int64_t row = a->rows[begin + r];
        float *query = s->queries + r * head_dim;

        rotate(query, a->qkv + row * a->qkv_stride + head * head_dim, a, a->rope[begin + r]);
        for (int i = 0; i < head_dim; i += V_WIDTH)
            v_store(query + i, v_mul(v_load(query + i), factor));
        dst[r] = a->dst + row * a->dst_stride + head * head_dim;
    }
    score_queries(s, rows, length, head_dim);
    for (int r = 0; r < rows; r++)
        factors[r] = 1.0f / exponentials(s->scores + (int64_t)r * length, count);
    mix_values(s, dst, factors, rows, count, length, head_dim);
}

static void attention_simd(const struct odva_cpu_attention *a, int window, int head, float *scratch)
{
    const int begin = a->begin[window], count = a->begin[window + 1] - begin;
    const int length = odva_cpu_round_up(count, PANEL);
    const struct attention_scratch s = cut_scratch(scratch, length, a->head_dim);

    pack_window(&s, a, begin, count, length, head);
    for (int i = 0; i < count; i += QUERIES)
        attend_block(&s, a, begin + i, count - i < QUERIES ? count - i : QUERIES, count, length,
                     head);
}

#endif
