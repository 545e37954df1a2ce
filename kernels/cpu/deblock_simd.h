/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The deblock operator; include a simd_*.h before. */
#ifndef ODVA_CPU_DEBLOCK_SIMD_H
#define ODVA_CPU_DEBLOCK_SIMD_H

#include <string.h>

#include "base/unroll.h"
#include "kernels/cpu/reference.h"

#define SQUARES 4 /* of 8x8 samples around borders, deblocked side by side: V_WORDS or more */

/* 1/128 of words, rounded. */
static inline v_int share_of_words(v_int words)
{
    return v_floor_words(v_add_words(words, v_set1_words(64)), 7);
}

static inline void move_words(uint8_t *samples, v_int move)
{
    v_store_words(samples, v_clip_words(v_add_words(v_load_words(samples), move)));
}

static inline v_int clip_to_words(v_int words, v_int limits)
{
    return v_min_words(v_max_words(words, v_sub_words(v_int_zero(), limits)), limits);
}

/* odva_cpu_deblock_border for V_WORDS samples of the row behind a border. Words: (56 + 30) * 255
 * fits. */
static inline void deblock_words(uint8_t *at, ptrdiff_t stride, v_int limits)
{
    static const int weights[ODVA_CPU_DEBLOCK_REACH] = ODVA_CPU_DEBLOCK_WEIGHTS;
    const v_int beside = v_set1_words(ODVA_CPU_DEBLOCK_BESIDE), first = v_load_words(at);
    const v_int last = v_load_words(at - stride), step = v_sub_words(first, last);
    const v_int kept = clip_to_words(step, v_shift_words(limits, 1));
    const v_int across = v_mul_words(clip_to_words(step, limits), v_set1_words(weights[0]));
    const v_int before = clip_to_words(v_sub_words(v_load_words(at - 2 * stride), last), limits);
    const v_int behind = clip_to_words(v_sub_words(v_load_words(at + stride), first), limits);

    move_words(at - stride, share_of_words(v_add_words(v_mul_words(before, beside), across)));
    move_words(at, share_of_words(v_sub_words(v_mul_words(behind, beside), across)));
    for (int i = 1; i < ODVA_CPU_DEBLOCK_REACH; i++) {
        const v_int move = share_of_words(v_mul_words(kept, v_set1_words(weights[i])));

        move_words(at - (i + 1) * stride, move);
        move_words(at + i * stride, v_sub_words(v_int_zero(), move));
    }
}

/* The limits of V_WORDS lines. @param counts 1: it is the job's limit, 0: it is none */
static inline v_int limits_of(const struct odva_cpu_filter *job, const uint8_t *counts)
{
    return v_mul_words(v_load_words(counts), v_set1_words((short)job->limit));
}

/* @return how many of V_WORDS columns from x on are to be deblocked */
static int mark_row(const struct odva_cpu_filter *job, int border, int x, uint8_t *counts)
{
    int marked = 0;

    for (int i = 0; i < V_WORDS; i++) {
        counts[i] = odva_cpu_deblock_row_limit(job, border / job->side, (x + i) / job->side) > 0;
        marked += counts[i];
    }
    return marked;
}

static void deblock_row(const struct odva_cpu_filter *job, int border)
{
    uint8_t *row = job->plane + border * job->stride;
    v_int limits = v_set1_words((short)job->limit);
    uint8_t counts[V_WORDS];
    int x = 0;

    for (; x + V_WORDS <= job->width; x += V_WORDS) {
        if (job->kept) {
            if (mark_row(job, border, x, counts) == 0)
                continue;
            limits = limits_of(job, counts);
        }
        deblock_words(row + x, job->stride, limits);
    }
    for (; x < job->width; x++)
        odva_cpu_deblock_border(row + x, job->stride,
                                odva_cpu_deblock_row_limit(job, border / job->side, x / job->side));
}

typedef uint8_t octets __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

static inline octets zip_low(octets a, octets b)
{
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

static inline octets zip_high(octets a, octets b)
{
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                   31);
}

static inline octets load_8(const uint8_t *p)
{
    uint64_t samples;

    memcpy(&samples, p, 8);
    return (octets)(halves){samples};
}

/* 8x8 samples. */
static inline void transpose_samples(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                                     ptrdiff_t src_stride)
{
    octets a[4], b[4], columns[4];

    ODVA_UNROLL
    for (int i = 0; i < 4; i++)
        a[i] = zip_low(load_8(src + i * src_stride), load_8(src + (i + 4) * src_stride));
    ODVA_UNROLL
    for (int i = 0; i < 2; i++) {
        b[i] = zip_low(a[i], a[i + 2]);
        b[i + 2] = zip_high(a[i], a[i + 2]);
    }
    ODVA_UNROLL
    for (int i = 0; i < 2; i++) {
        columns[2 * i] = zip_low(b[2 * i], b[2 * i + 1]);
        columns[2 * i + 1] = zip_high(b[2 * i], b[2 * i + 1]);
    }
    ODVA_UNROLL
    for (int i = 0; i < 8; i++) {
        const uint64_t samples = ((halves)columns[i / 2])[i % 2];

        memcpy(dst + i * dst_stride, &samples, 8);
    }
}

/* @return how many of 8 rows from first_row on are to be deblocked across some borders between
 * columns, from the border at x on */
static int mark_squares(const struct odva_cpu_filter *job, int first_row, int x, int count,
                        uint8_t *counts)
{
    int marked = 0;

    for (int i = 0; i < 8 * SQUARES; i++) {
        counts[i] =
            i < 8 * count && odva_cpu_deblock_column_limit(job, (first_row + i % 8) / job->side,
                                                           x / job->side + i / 8) > 0;
        marked += counts[i];
    }
    return marked;
}

/* Some borders between columns, from the border at x on, in 8 rows from first_row on. */
static void deblock_squares(const struct odva_cpu_filter *job, int first_row, int x, int count)
{
    uint8_t *at = job->plane + first_row * job->stride;
    uint8_t lines[8][8 * SQUARES] = {{0}}, counts[8 * SQUARES];
    v_int limits = v_set1_words((short)job->limit);

    if (job->kept && mark_squares(job, first_row, x, count, counts) == 0)
        return;
    for (int i = 0; i < count; i++)
        transpose_samples(&lines[0][8 * i], 8 * SQUARES, at + x + i * job->side - 4, job->stride);
    for (int i = 0; i < 8 * count; i += V_WORDS) {
        if (job->kept)
            limits = limits_of(job, counts + i);
        deblock_words(&lines[4][i], 8 * SQUARES, limits);
    }
    for (int i = 0; i < count; i++)
        transpose_samples(at + x + i * job->side - 4, job->stride, &lines[0][8 * i], 8 * SQUARES);
}

/* odva_cpu_deblock_columns for 8 rows. */
static void deblock_8_rows(const struct odva_cpu_filter *job, int first_row)
{
    const int borders = (job->width - ODVA_CPU_DEBLOCK_REACH) / job->side;

    for (int i = 0; i < borders; i += SQUARES)
        deblock_squares(job, first_row, (i + 1) * job->side,
                        borders - i < SQUARES ? borders - i : SQUARES);
}

static void deblock_columns(const struct odva_cpu_filter *job, int first_row, int end_row)
{
    int y = first_row;

    for (; y + 8 <= end_row; y += 8)
        deblock_8_rows(job, y);
    odva_cpu_deblock_columns(job, y, end_row);
}

static void deblock_simd(const struct odva_cpu_filter *job, int first_band, int bands)
{
    odva_cpu_deblock_bands(job, first_band, bands, deblock_columns, deblock_row);
}

#endif
