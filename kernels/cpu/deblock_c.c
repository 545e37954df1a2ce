/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/reference.h"

#include <stdlib.h>

static uint8_t clip_byte(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* The step across a border less the slope on both sides, twice; small where it is too large to be
 * one of coding. */
static int step_size(int step, int limit)
{
    const int size = abs(step), left = 2 * limit - size;

    return size < left ? size : left < 0 ? 0 : left;
}

void odva_cpu_deblock_border(uint8_t *at, ptrdiff_t distance, int limit)
{
    static const int weights[ODVA_CPU_DEBLOCK_REACH] = ODVA_CPU_DEBLOCK_WEIGHTS;
    const int step = 3 * (at[0] - at[-distance]) - (at[distance] - at[-2 * distance]);
    const int size = step_size(step, limit);

    if (weights[0] * size < 64) /* most of them */
        return;
    for (int i = 0; i < ODVA_CPU_DEBLOCK_REACH; i++) {
        const int share = (weights[i] * size + 64) >> 7, move = step < 0 ? -share : share;
        uint8_t *before = at - (i + 1) * distance, *behind = at + i * distance;

        *before = clip_byte(*before + move);
        *behind = clip_byte(*behind - move);
    }
}

void odva_cpu_deblock_wide(uint8_t *at, ptrdiff_t distance, int limit)
{
    static const int weights[ODVA_CPU_DEBLOCK_WIDE_REACH] = ODVA_CPU_DEBLOCK_WIDE_WEIGHTS;
    const int slopes = at[-distance] - at[-4 * distance] + at[3 * distance] - at[0];
    const int step = 6 * (at[0] - at[-distance]) - slopes;

    if (abs(step) >= limit)
        return;
    for (int i = 0; i < ODVA_CPU_DEBLOCK_WIDE_REACH; i++) {
        const int share = (weights[i] * abs(step) + 64) >> 7, move = step < 0 ? -share : share;
        uint8_t *before = at - (i + 1) * distance, *behind = at + i * distance;

        *before = clip_byte(*before + move);
        *behind = clip_byte(*behind - move);
    }
}

void odva_cpu_deblock_columns(const struct odva_cpu_deblock *job, int first_row, int end_row)
{
    for (int y = first_row; y < end_row; y++) {
        uint8_t *row = job->plane + y * job->stride;

        for (int x = job->spacing; x + ODVA_CPU_DEBLOCK_REACH <= job->width; x += job->spacing) {
            odva_cpu_deblock_border(row + x, 1, odva_cpu_deblock_limit(job, x));
            if (odva_cpu_deblock_is_wide(job, x, job->width))
                odva_cpu_deblock_wide(row + x, 1, odva_cpu_deblock_wide_limit(job));
        }
    }
}

void odva_cpu_deblock_bands(const struct odva_cpu_deblock *job, int first_band, int bands,
                            void (*columns)(const struct odva_cpu_deblock *job, int first_row,
                                            int end_row),
                            void (*row)(const struct odva_cpu_deblock *job, int border))
{
    for (int band = first_band; band < first_band + bands; band++) {
        const int border = band * job->spacing;

        columns(job, odva_cpu_deblock_top(job, band), odva_cpu_deblock_top(job, band + 1));
        if (border > 0 && border + ODVA_CPU_DEBLOCK_REACH <= job->height)
            row(job, border);
    }
}

static void deblock_row_c(const struct odva_cpu_deblock *job, int border)
{
    uint8_t *row = job->plane + border * job->stride;
    const int limit = odva_cpu_deblock_limit(job, border);

    for (int x = 0; x < job->width; x++)
        odva_cpu_deblock_border(row + x, job->stride, limit);
    if (!odva_cpu_deblock_is_wide(job, border, job->height))
        return;
    for (int x = 0; x < job->width; x++)
        odva_cpu_deblock_wide(row + x, job->stride, odva_cpu_deblock_wide_limit(job));
}

void odva_cpu_deblock_c(const struct odva_cpu_deblock *job, int first_band, int bands)
{
    odva_cpu_deblock_bands(job, first_band, bands, odva_cpu_deblock_columns, deblock_row_c);
}
