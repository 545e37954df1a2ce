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

/* Some borders between columns, from the border at x on, in 8 rows from at on. */
static void deblock_squares(const struct odva_cpu_deblock *job, uint8_t *at, int x, int count)
{
    uint8_t lines[8][8 * SQUARES] = {{0}};
    uint16_t limits[8 * SQUARES] = {0};

    for (int i = 0; i < count; i++) {
        const int border = x + i * job->spacing;
        const int limit = 2 * odva_cpu_deblock_limit(job, border);

        transpose_samples(&lines[0][8 * i], 8 * SQUARES, at + border - 4, job->stride);
        for (int j = 0; j < 8; j++)
            limits[8 * i + j] = (uint16_t)limit;
    }
    for (int i = 0; i < 8 * count; i += V_WORDS)
        deblock_words(&lines[4][i], 8 * SQUARES, v_load_bytes((const uint8_t *)&limits[i]));
    for (int i = 0; i < count; i++)
        transpose_samples(at + x + i * job->spacing - 4, job->stride, &lines[0][8 * i],
                          8 * SQUARES);
}

/* odva_cpu_deblock_columns for 8 rows. */
static void deblock_8_rows(const struct odva_cpu_deblock *job, int first_row)
{
    const int borders = (job->width - ODVA_CPU_DEBLOCK_REACH) / job->spacing;
    uint8_t *at = job->plane + first_row * job->stride;

    for (int i = 0; i < borders; i += SQUARES)
        deblock_squares(job, at, (i + 1) * job->spacing,
                        borders - i < SQUARES ? borders - i : SQUARES);
    for (int x = ODVA_SUPERBLOCK_SIDE * job->spacing; odva_cpu_deblock_is_wide(job, x, job->width);
         x += ODVA_SUPERBLOCK_SIDE * job->spacing)
        for (int y = 0; y < 8; y++)
            odva_cpu_deblock_wide(at + y * job->stride + x, 1, odva_cpu_deblock_wide_limit(job));
}

static void deblock_columns(const struct odva_cpu_deblock *job, int first_row, int end_row)
{
    int y = first_row;

    for (; y + 8 <= end_row; y += 8)
        deblock_8_rows(job, y);
    odva_cpu_deblock_columns(job, y, end_row);
}

static void deblock_simd(const struct odva_cpu_deblock *job, int first_band, int bands)
{
    odva_cpu_deblock_bands(job, first_band, bands, deblock_columns, deblock_row);
}

#endif
