/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* deblock and smooth of wide pictures: loops over samples side by side that compilers make vectors
 * of. Limits are those of 8 bits. */
#ifndef ODVA_CPU_WIDE_FILTERS_H
#define ODVA_CPU_WIDE_FILTERS_H

#include <string.h>

#include "base/unroll.h"
#include "kernels/cpu/reference.h"
#include "kernels/cpu/wide.h"

#define SIDE_BY_SIDE 16
#define REACH        ODVA_CPU_DEBLOCK_REACH

/* ---- deblock ----------------------------------------------------------------------------- */

/** What lies across a border, p3 .. p0 and q0 .. q3, of so many lines. */
struct wide_lines {
    int16_t sample[2 * REACH][SIDE_BY_SIDE];
};

static inline int clip_wide_step(int v, int limit)
{
    return v < -limit ? -limit : v > limit ? limit : v;
}

static inline int16_t clip_wide_sample(int v)
{
    return (int16_t)(v < 0 ? 0 : v > ODVA_WIDE_LARGEST ? ODVA_WIDE_LARGEST : v);
}

/* odva_cpu_deblock_border for all lines. */
static inline void deblock_wide_lines(struct wide_lines *lines, int limit)
{
    static const int weights[REACH] = ODVA_CPU_DEBLOCK_WEIGHTS;
    int16_t(*s)[SIDE_BY_SIDE] = lines->sample;
    const int T = limit << ODVA_WIDE_SHIFT;

    for (int i = 0; i < SIDE_BY_SIDE; i++) {
        const int last = s[REACH - 1][i], first = s[REACH][i], step = first - last;
        const int across = weights[0] * clip_wide_step(step, T), kept = clip_wide_step(step, T / 2);
        const int before = ODVA_CPU_DEBLOCK_BESIDE * clip_wide_step(s[REACH - 2][i] - last, T);
        const int behind = ODVA_CPU_DEBLOCK_BESIDE * clip_wide_step(s[REACH + 1][i] - first, T);

        s[REACH - 1][i] = clip_wide_sample(last + ((before + across + 64) >> 7));
        s[REACH][i] = clip_wide_sample(first + ((behind - across + 64) >> 7));
        ODVA_UNROLL
        for (int k = 1; k < REACH; k++) {
            const int move = (weights[k] * kept + 64) >> 7;

            s[REACH - 1 - k][i] = clip_wide_sample(s[REACH - 1 - k][i] + move);
            s[REACH + k][i] = clip_wide_sample(s[REACH + k][i] - move);
        }
    }
}

static inline uint16_t *wide_row(const struct odva_cpu_filter *job, int y)
{
    return (uint16_t *)(job->plane + y * job->stride);
}

/* Some columns from x on of the border above row border. */
static inline void deblock_wide_columns_of_row(const struct odva_cpu_filter *job, int border, int x,
                                               int count, int limit)
{
    struct wide_lines lines = {{{0}}};

    for (int k = 0; k < 2 * REACH; k++)
        memcpy(lines.sample[k], wide_row(job, border - REACH + k) + x, count * sizeof(int16_t));
    deblock_wide_lines(&lines, limit);
    for (int k = 0; k < 2 * REACH; k++)
        memcpy(wide_row(job, border - REACH + k) + x, lines.sample[k], count * sizeof(int16_t));
}

static void deblock_wide_row(const struct odva_cpu_filter *job, int border)
{
    for (int x = 0; x < job->width; x += job->side) {
        const int limit = odva_cpu_deblock_row_limit(job, border / job->side, x / job->side);
        const int count = job->width - x < job->side ? job->width - x : job->side;

        if (limit > 0)
            deblock_wide_columns_of_row(job, border, x, count, limit);
    }
}

/* Some rows from y on of the border before column x. */
static inline void deblock_wide_rows_of_column(const struct odva_cpu_filter *job, int y, int count,
                                               int x, int limit)
{
    struct wide_lines lines = {{{0}}};

    for (int i = 0; i < count; i++)
        for (int k = 0; k < 2 * REACH; k++)
            lines.sample[k][i] = (int16_t)wide_row(job, y + i)[x - REACH + k];
    deblock_wide_lines(&lines, limit);
    for (int i = 0; i < count; i++)
        for (int k = 0; k < 2 * REACH; k++)
            wide_row(job, y + i)[x - REACH + k] = (uint16_t)lines.sample[k][i];
}

static void deblock_wide_columns(const struct odva_cpu_filter *job, int first_row, int end_row)
{
    for (int y = first_row, next; y < end_row; y = next) {
        const int row = y / job->side;

        next = (row + 1) * job->side < end_row ? (row + 1) * job->side : end_row;
        for (int x = job->side; x + REACH <= job->width; x += job->side) {
            const int limit = odva_cpu_deblock_column_limit(job, row, x / job->side);

            if (limit > 0)
                deblock_wide_rows_of_column(job, y, next - y, x, limit);
        }
    }
}

static void deblock_wide(const struct odva_cpu_filter *job, int first_band, int bands)
{
    odva_cpu_deblock_bands(job, first_band, bands, deblock_wide_columns, deblock_wide_row);
}

/* ---- smooth ------------------------------------------------------------------------------ */

/* What a difference counts: itself up to half the limit, then less, and nothing from it on. */
static inline int16_t count_wide(int16_t difference, int16_t limit)
{
    const int16_t size = difference < 0 ? (int16_t)-difference : difference;
    const int16_t left = (int16_t)(limit - size), counted = size < left ? size : left;
    const int16_t kept = counted > 0 ? counted : 0;

    return difference < 0 ? (int16_t)-kept : kept;
}

/* The sum of what four samples count fits 16 bits, and so does that sum's share of weights. */
static inline void smooth_wide_samples(uint16_t *restrict dst, const uint16_t *restrict row,
                                       const uint16_t *const *lines, int16_t limit)
{
    const uint16_t *restrict above = lines[1], *restrict below = lines[3];
    const uint16_t *restrict far_above = lines[0], *restrict far_below = lines[4];

    for (int x = 0; x < SIDE_BY_SIDE; x++) {
        const int16_t s = (int16_t)row[x];
        const int16_t near = (int16_t)(count_wide((int16_t)(row[x - 1] - s), limit) +
                                       count_wide((int16_t)(row[x + 1] - s), limit) +
                                       count_wide((int16_t)(above[x] - s), limit) +
                                       count_wide((int16_t)(below[x] - s), limit));
        const int16_t far = (int16_t)(count_wide((int16_t)(row[x - 2] - s), limit) +
                                      count_wide((int16_t)(row[x + 2] - s), limit) +
                                      count_wide((int16_t)(far_above[x] - s), limit) +
                                      count_wide((int16_t)(far_below[x] - s), limit));
        const int16_t sum = (int16_t)(ODVA_CPU_SMOOTH_NEAR * near + ODVA_CPU_SMOOTH_FAR * far + 64);

        dst[x] = (uint16_t)(s + (sum >> 7));
    }
}

static void smooth_wide_run(uint8_t *dst, const uint8_t *const *lines, int count, int limit)
{
    uint16_t *to = (uint16_t *)dst;

    for (int x = 0; x < count; x += SIDE_BY_SIDE) {
        const int n = count - x < SIDE_BY_SIDE ? count - x : SIDE_BY_SIDE;
        const uint16_t *rows[2 * ODVA_CPU_SMOOTH_REACH + 1];
        uint16_t smoothed[SIDE_BY_SIDE];

        for (int i = 0; i < 2 * ODVA_CPU_SMOOTH_REACH + 1; i++)
            rows[i] = (const uint16_t *)lines[i] + x;
        smooth_wide_samples(smoothed, rows[ODVA_CPU_SMOOTH_REACH], rows,
                            (int16_t)(limit << ODVA_WIDE_SHIFT));
        memcpy(to + x, smoothed, n * sizeof(*to));
    }
}

static void smooth_wide(const struct odva_cpu_filter *job, uint8_t *scratch)
{
    odva_cpu_smooth_plane(job, scratch, smooth_wide_run);
}

#undef SIDE_BY_SIDE
#undef REACH
#endif
