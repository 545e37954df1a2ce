/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/reference.h"

static uint8_t clip_byte(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static int clip_to(int v, int limit)
{
    return v < -limit ? -limit : v > limit ? limit : v;
}

void odva_cpu_deblock_border(uint8_t *at, ptrdiff_t distance, int limit)
{
    static const int weights[ODVA_CPU_DEBLOCK_REACH] = ODVA_CPU_DEBLOCK_WEIGHTS;
    const int last = at[-distance], first = at[0], step = first - last;
    const int across = weights[0] * clip_to(step, limit), kept = clip_to(step, limit / 2);
    const int before = ODVA_CPU_DEBLOCK_BESIDE * clip_to(at[-2 * distance] - last, limit);
    const int behind = ODVA_CPU_DEBLOCK_BESIDE * clip_to(at[distance] - first, limit);

    at[-distance] = clip_byte(last + ((before + across + 64) >> 7));
    at[0] = clip_byte(first + ((behind - across + 64) >> 7));
    for (int i = 1; i < ODVA_CPU_DEBLOCK_REACH; i++) {
        const int move = (weights[i] * kept + 64) >> 7;
        uint8_t *further_before = at - (i + 1) * distance, *further_behind = at + i * distance;

        *further_before = clip_byte(*further_before + move);
        *further_behind = clip_byte(*further_behind - move);
    }
}

void odva_cpu_deblock_columns(const struct odva_cpu_filter *job, int first_row, int end_row)
{
    for (int y = first_row; y < end_row; y++) {
        uint8_t *row = job->plane + y * job->stride;

        for (int x = job->side; x + ODVA_CPU_DEBLOCK_REACH <= job->width; x += job->side)
            odva_cpu_deblock_border(
                row + x, 1, odva_cpu_deblock_column_limit(job, y / job->side, x / job->side));
    }
}

void odva_cpu_deblock_bands(const struct odva_cpu_filter *job, int first_band, int bands,
                            void (*columns)(const struct odva_cpu_filter *job, int first_row,
                                            int end_row),
                            void (*row)(const struct odva_cpu_filter *job, int border))
{
    for (int band = first_band; band < first_band + bands; band++) {
        const int border = band * job->side;

        columns(job, odva_cpu_deblock_top(job, band), odva_cpu_deblock_top(job, band + 1));
        if (border > 0 && border + ODVA_CPU_DEBLOCK_REACH <= job->height)
            row(job, border);
    }
}

static void deblock_row_c(const struct odva_cpu_filter *job, int border)
{
    uint8_t *row = job->plane + border * job->stride;

    for (int x = 0; x < job->width; x++)
        odva_cpu_deblock_border(row + x, job->stride,
                                odva_cpu_deblock_row_limit(job, border / job->side, x / job->side));
}

void odva_cpu_deblock_c(const struct odva_cpu_filter *job, int first_band, int bands)
{
    odva_cpu_deblock_bands(job, first_band, bands, odva_cpu_deblock_columns, deblock_row_c);
}
