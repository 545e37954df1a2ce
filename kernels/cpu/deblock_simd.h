/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The deblock operator; include a simd_*.h before. */
#ifndef ODVA_CPU_DEBLOCK_SIMD_H
#define ODVA_CPU_DEBLOCK_SIMD_H

#include "cpu/reference.h"

/* Move the samples that are i rows from a border towards each other. */
static inline void move_words(uint8_t *at, ptrdiff_t stride, int i, v_int move)
{
    uint8_t *before = at - (i + 1) * stride, *behind = at + i * stride;

    v_store_words(before, v_clip_words(v_add_words(v_load_words(before), move)));
    v_store_words(behind, v_clip_words(v_sub_words(v_load_words(behind), move)));
}

/* odva_cpu_deblock_border for V_WORDS samples of the row behind a border. Words: 26 * 1020 fits. */
static inline void deblock_words(uint8_t *at, ptrdiff_t stride, v_int limits)
{
    static const int weights[ODVA_CPU_DEBLOCK_REACH] = ODVA_CPU_DEBLOCK_WEIGHTS;
    const v_int inner = v_sub_words(v_load_words(at), v_load_words(at - stride));
    const v_int outer = v_sub_words(v_load_words(at + stride), v_load_words(at - 2 * stride));
    const v_int step = v_sub_words(v_add_words(v_add_words(inner, inner), inner), outer);
    const v_int sign = v_sign_words(step);
    const v_int size = v_sub_words(v_xor(step, sign), sign);
    const v_int left = v_max_words(v_sub_words(limits, size), v_int_zero());
    const v_int kept = v_min_words(size, left);

    for (int i = 0; i < ODVA_CPU_DEBLOCK_REACH; i++) {
        const v_int product = v_mul_words(kept, v_set1_words(weights[i]));
        const v_int share = v_shift_words(v_add_words(product, v_set1_words(64)), 7);

        move_words(at, stride, i, v_sub_words(v_xor(share, sign), sign));
    }
}

/* odva_cpu_deblock_wide for V_WORDS samples of the row behind a border. */
static inline void deblock_words_wide(uint8_t *at, ptrdiff_t stride, v_int limits)
{
    static const int weights[ODVA_CPU_DEBLOCK_WIDE_REACH] = ODVA_CPU_DEBLOCK_WIDE_WEIGHTS;
    const v_int first = v_load_words(at), last = v_load_words(at - stride);
    const v_int before_slope = v_sub_words(last, v_load_words(at - 4 * stride));
    const v_int behind_slope = v_sub_words(v_load_words(at + 3 * stride), first);
    const v_int six = v_mul_words(v_sub_words(first, last), v_set1_words(6));
    const v_int step = v_sub_words(six, v_add_words(before_slope, behind_slope));
    const v_int sign = v_sign_words(step);
    const v_int size = v_sub_words(v_xor(step, sign), sign);
    const v_int kept = v_and(size, v_sign_words(v_sub_words(size, limits)));

    for (int i = 0; i < ODVA_CPU_DEBLOCK_WIDE_REACH; i++) {
        const v_int product = v_mul_words(kept, v_set1_words(weights[i]));
        const v_int share = v_shift_words(v_add_words(product, v_set1_words(64)), 7);

        move_words(at, stride, i, v_sub_words(v_xor(share, sign), sign));
    }
}

static void deblock_row_wide(const struct odva_cpu_deblock *job, int border)
{
    uint8_t *row = job->plane + border * job->stride;
    const int limit = odva_cpu_deblock_wide_limit(job);
    const v_int limits = v_set1_words((short)limit);
    int x = 0;

    for (; x + V_WORDS <= job->width; x += V_WORDS)
        deblock_words_wide(row + x, job->stride, limits);
    for (; x < job->width; x++)
        odva_cpu_deblock_wide(row + x, job->stride, limit);
}

static void deblock_row(const struct odva_cpu_deblock *job, int border)
{
    uint8_t *row = job->plane + border * job->stride;
    const int limit = odva_cpu_deblock_limit(job, border);
    const v_int limits = v_set1_words((short)(2 * limit));
    int x = 0;

    for (; x + V_WORDS <= job->width; x += V_WORDS)
        deblock_words(row + x, job->stride, limits);
    for (; x < job->width; x++)
        odva_cpu_deblock_border(row + x, job->stride, limit);
    if (odva_cpu_deblock_is_wide(job, border, job->height))
        deblock_row_wide(job, border);
}

static void deblock_simd(const struct odva_cpu_deblock *job, int first_band, int bands)
{
    odva_cpu_deblock_bands(job, first_band, bands, deblock_row);
}

#endif
