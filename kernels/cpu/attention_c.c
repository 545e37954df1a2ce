/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <math.h>

#include "base/strict_math.h"
#include "base/unroll.h"
#include "kernels/cpu/reference.h"

#define WIDTH ODVA_CPU_C_WIDTH

/* One row of scores and its keys [head_dim][padded length], values [length][head_dim], one query.
 */
size_t odva_cpu_attention_scratch_c(int max_length, int head_dim)
{
    const size_t padded = odva_cpu_round_up(max_length, WIDTH);

    return padded * (2 * head_dim + 1) + odva_cpu_round_up(head_dim, WIDTH);
}

/* Rotated q or k of one token; step is the distance between the elements of dst. */
static void rotate(float *dst, int64_t step, const float *src, const struct odva_cpu_attention *a,
                   int position)
{
    const int half = a->head_dim / 2;

    if (position < 0) {
        for (int i = 0; i < a->head_dim; i++)
            dst[i * step] = src[i];
        return;
    }
    const float *c = a->cosines + (int64_t)position * half;
    const float *s = a->sines + (int64_t)position * half;
    for (int i = 0; i < half; i++) {
        dst[i * step] = src[i] * c[i] - src[i + half] * s[i];
        dst[(i + half) * step] = src[i] * s[i] + src[i + half] * c[i];
    }
}

static void score_keys(float *scores, const float *query, const float *keys, int padded,
                       int head_dim, float factor)
{
    for (int first = 0; first < padded; first += WIDTH) {
        float sums[WIDTH] = {0};

        for (int d = 0; d < head_dim; d++) {
            ODVA_UNROLL
            for (int j = 0; j < WIDTH; j++)
                sums[j] += query[d] * keys[(int64_t)d * padded + first + j];
        }
        for (int j = 0; j < WIDTH; j++)
            scores[first + j] = sums[j] * factor;
    }
}

/* Scores to weights that are not yet divided by their sum, which is returned. */
static float exponentials(float *scores, int length, int padded)
{
    float partial[WIDTH] = {0};
    float maximum = scores[0];

    for (int i = 1; i < length; i++)
        maximum = scores[i] > maximum ? scores[i] : maximum;
    for (int i = 0; i < padded; i += WIDTH) {
        for (int j = 0; j < WIDTH; j++)
            scores[i + j] = odva_expf(scores[i + j] - maximum);
        for (int j = 0; j < WIDTH; j++) {
            scores[i + j] = i + j < length ? scores[i + j] : 0.0f;
            partial[j] += scores[i + j];
        }
    }
    return odva_cpu_tree_sum(partial);
}

static void mix_values(float *dst, const float *scores, const float *values, int length,
                       int head_dim, float factor)
{
    for (int first = 0; first < head_dim; first += WIDTH) {
        float sums[WIDTH] = {0};

        for (int i = 0; i < length; i++) {
            ODVA_UNROLL
            for (int j = 0; j < WIDTH; j++)
                sums[j] += scores[i] * values[(int64_t)i * head_dim + first + j];
        }
        for (int j = 0; j < WIDTH; j++)
            dst[first + j] = sums[j] * factor;
    }
}

void odva_cpu_attention_c(const struct odva_cpu_attention *a, int window, int head, float *scratch)
{
    const int begin = a->begin[window], length = a->begin[window + 1] - begin;
    const int head_dim = a->head_dim, padded = odva_cpu_round_up(length, WIDTH);
    const int64_t width = (int64_t)a->heads * head_dim;
    const float factor = 1.0f / sqrtf((float)head_dim);
    float *keys = scratch;
    float *values = keys + (int64_t)head_dim * padded;
    float *scores = values + (int64_t)head_dim * padded;
    float *query = scores + padded;

    for (int i = 0; i < length; i++) {
        const float *src = a->qkv + a->rows[begin + i] * a->qkv_stride + head * head_dim;

        rotate(keys + i, padded, src + width, a, a->rope[begin + i]);
        for (int d = 0; d < head_dim; d++)
            values[(int64_t)i * head_dim + d] = src[2 * width + d];
    }
    for (int i = length; i < padded; i++)
        for (int d = 0; d < head_dim; d++)
            keys[(int64_t)d * padded + i] = 0.0f;
    for (int i = 0; i < length; i++) {
        const int64_t row = a->rows[begin + i];

        rotate(query, 1, a->qkv + row * a->qkv_stride + head * head_dim, a, a->rope[begin + i]);
        score_keys(scores, query, keys, padded, head_dim, factor);
        const float sum = exponentials(scores, length, padded);
        mix_values(a->dst + row * a->dst_stride + head * head_dim, scores, values, length, head_dim,
                   1.0f / sum);
    }
}
