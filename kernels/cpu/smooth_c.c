/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "base/integers.h"
#include "kernels/cpu/reference.h"

/* A sample's row, and those that reach it: lines of a ring, each a row as it was with its edges
 * repeated. */
#define LINES (2 * ODVA_CPU_SMOOTH_REACH + 1)

static size_t line_bytes(int width, int sample_bytes)
{
    return (size_t)width * sample_bytes + 2 * ODVA_CPU_SMOOTH_MARGIN;
}

size_t odva_cpu_smooth_scratch(int width, int sample_bytes)
{
    return LINES * line_bytes(width, sample_bytes);
}

static uint8_t *line_of(const struct odva_cpu_filter *job, uint8_t *scratch, int row)
{
    return scratch + row % LINES * line_bytes(job->width, job->sample_bytes) +
           ODVA_CPU_SMOOTH_MARGIN;
}

static void read_line(const struct odva_cpu_filter *job, uint8_t *scratch, int row)
{
    const int bytes = job->sample_bytes;
    uint8_t *line = line_of(job, scratch, row), *end = line + (ptrdiff_t)job->width * bytes;

    memcpy(line, job->plane + row * job->stride, (size_t)job->width * bytes);
    for (int i = 0; i < ODVA_CPU_SMOOTH_REACH; i++) {
        memcpy(line - (i + 1) * bytes, line, bytes);
        memcpy(end + i * bytes, end - bytes, bytes);
    }
}

/* @return the first token behind one that is not kept as it is, of a row of them */
static int end_of_run(const struct odva_cpu_filter *job, const uint8_t *kept, int token)
{
    int end = token;

    if (!kept)
        return job->columns;
    while (end < job->columns && kept[end] == kept[token])
        end++;
    return end;
}

static void smooth_row(const struct odva_cpu_filter *job, uint8_t *scratch, int y,
                       void (*run)(uint8_t *dst, const uint8_t *const *lines, int count, int limit))
{
    const uint8_t *kept = job->kept ? job->kept + (ptrdiff_t)(y / job->side) * job->columns : NULL;
    uint8_t *dst = job->plane + y * job->stride;
    const uint8_t *row[LINES], *lines[LINES];

    for (int i = 0; i < LINES; i++)
        row[i] =
            line_of(job, scratch, odva_clip(y + i - ODVA_CPU_SMOOTH_REACH, 0, job->height - 1));
    for (int token = 0, end; token < job->columns; token = end) {
        const int x = token * job->side, at = x * job->sample_bytes;

        end = end_of_run(job, kept, token);
        if (kept && kept[token])
            continue;
        for (int i = 0; i < LINES; i++)
            lines[i] = row[i] + at;
        run(dst + at, lines, odva_min(end * job->side, job->width) - x, job->limit);
    }
}

void odva_cpu_smooth_plane(const struct odva_cpu_filter *job, uint8_t *scratch,
                           void (*run)(uint8_t *dst, const uint8_t *const *lines, int count,
                                       int limit))
{
    for (int y = 0; y < odva_min(ODVA_CPU_SMOOTH_REACH, job->height); y++)
        read_line(job, scratch, y);
    for (int y = 0; y < job->height; y++) {
        if (y + ODVA_CPU_SMOOTH_REACH < job->height)
            read_line(job, scratch, y + ODVA_CPU_SMOOTH_REACH);
        smooth_row(job, scratch, y, run);
    }
}

/* What a difference counts: itself up to half the limit, then less, and nothing from it on. */
static int count_of(int difference, int limit)
{
    const int size = difference < 0 ? -difference : difference;
    const int counted = odva_max(0, odva_min(size, limit - size));

    return difference < 0 ? -counted : counted;
}

static void smooth_run_c(uint8_t *dst, const uint8_t *const *lines, int count, int limit)
{
    for (int x = 0; x < count; x++) {
        const uint8_t *row = lines[2] + x;
        const int sample = row[0];
        const int near = count_of(row[-1] - sample, limit) + count_of(row[1] - sample, limit) +
                         count_of(lines[1][x] - sample, limit) +
                         count_of(lines[3][x] - sample, limit);
        const int far = count_of(row[-2] - sample, limit) + count_of(row[2] - sample, limit) +
                        count_of(lines[0][x] - sample, limit) +
                        count_of(lines[4][x] - sample, limit);

        /* the weights' sum is below 128, so that this lies between the samples */
        dst[x] = (uint8_t)(sample +
                           ((ODVA_CPU_SMOOTH_NEAR * near + ODVA_CPU_SMOOTH_FAR * far + 64) >> 7));
    }
}

void odva_cpu_smooth_c(const struct odva_cpu_filter *job, uint8_t *scratch)
{
    odva_cpu_smooth_plane(job, scratch, smooth_run_c);
}
