/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decoder/clip_smoothing.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/thread_pool.h"
#include "transform/deblocking.h"

#define ROWS  16  /* of luma, in a task */
#define CHUNK 256 /* samples side by side */

/** A plane of a clip's first frames and of the frame shown before them. */
struct plane_job {
    const uint8_t *last;
    ptrdiff_t last_stride;
    uint8_t *frame[ODVA_CLIP_SMOOTHING_FRAMES];
    ptrdiff_t stride[ODVA_CLIP_SMOOTHING_FRAMES];
    int frames, width, height;
    int depth, limit; /* the limit in steps of a sample of that depth */
};

struct smoothing_job {
    struct plane_job plane[3];
};

/* Samples of a row as words. */
static void load(int16_t *samples, const uint8_t *row, int x, int n, int depth)
{
    if (depth > 8) {
        memcpy(samples, (const uint16_t *)row + x, n * sizeof(*samples));
        return;
    }
    for (int i = 0; i < n; i++)
        samples[i] = row[x + i];
}

static void store(uint8_t *row, const int16_t *samples, int x, int n, int depth)
{
    if (depth > 8) {
        memcpy((uint16_t *)row + x, samples, n * sizeof(*samples));
        return;
    }
    for (int i = 0; i < n; i++)
        row[x + i] = (uint8_t)samples[i];
}

/* What a difference of coding moves the first frame by, in two halves; 0 where it is too large to
 * be one. */
static void find_moves(int16_t *moves, const int16_t *last, const int16_t *first, int limit, int n)
{
    for (int x = 0; x < n; x++) {
        const int step = last[x] - first[x], size = abs(step), left = limit - size;
        const int kept = size < left ? size : left < 0 ? 0 : left;

        moves[x] = (int16_t)(step < 0 ? -kept : kept);
    }
}

static void add_moves(int16_t *samples, const int16_t *moves, int weight, int n, int largest)
{
    for (int x = 0; x < n; x++) {
        const int v = samples[x] + ((weight * moves[x] + 16) >> 5);

        samples[x] = (int16_t)(v < 0 ? 0 : v > largest ? largest : v);
    }
}

static void smooth_row(const struct plane_job *job, int y)
{
    static const int weights[ODVA_CLIP_SMOOTHING_FRAMES] = {16, 11, 7, 3};
    int16_t moves[CHUNK], last[CHUNK], samples[CHUNK];

    for (int x = 0; x < job->width; x += CHUNK) {
        const int n = job->width - x < CHUNK ? job->width - x : CHUNK;

        load(last, job->last + y * job->last_stride, x, n, job->depth);
        for (int t = 0; t < job->frames; t++) {
            uint8_t *row = job->frame[t] + y * job->stride[t];

            load(samples, row, x, n, job->depth);
            if (t == 0)
                find_moves(moves, last, samples, job->limit, n);
            add_moves(samples, moves, weights[t], n, (1 << job->depth) - 1);
            store(row, samples, x, n, job->depth);
        }
    }
}

static void smooth_task(void *opaque, int64_t index, int worker)
{
    const struct smoothing_job *job = opaque;

    (void)worker;
    for (int p = 0; p < 3; p++) {
        const struct plane_job *plane = &job->plane[p];
        const int rows = p ? ROWS / 2 : ROWS, first = (int)index * rows;

        for (int y = first; y < first + rows && y < plane->height; y++)
            smooth_row(plane, y);
    }
}

/* Whether two frames differ, in the mean, by more than coding explains. */
static int is_cut(const struct plane_job *luma)
{
    int16_t last[CHUNK], first[CHUNK];
    uint64_t sum = 0;

    for (int y = 0; y < luma->height; y++) {
        for (int x = 0; x < luma->width; x += CHUNK) {
            const int n = luma->width - x < CHUNK ? luma->width - x : CHUNK;

            load(last, luma->last + y * luma->last_stride, x, n, luma->depth);
            load(first, luma->frame[0] + y * luma->stride[0], x, n, luma->depth);
            for (int i = 0; i < n; i++)
                sum += (uint64_t)abs(last[i] - first[i]);
        }
    }
    return 2 * sum > (uint64_t)luma->limit * luma->width * luma->height;
}

static struct plane_job plane_of(const struct odva_canvas *last, int plane,
                                 const struct onedva_picture *pictures, int n, int limit)
{
    struct plane_job job = {
        .last = last->picture[0].data[plane],
        .last_stride = last->picture[0].stride[plane],
        .frames = n < ODVA_CLIP_SMOOTHING_FRAMES ? n : ODVA_CLIP_SMOOTHING_FRAMES,
        .width = plane ? (last->width + 1) / 2 : last->width,
        .height = plane ? (last->height + 1) / 2 : last->height,
        .depth = last->depth,
        .limit = (plane ? 5 * limit / 8 : limit) << (last->depth - 8),
    };

    for (int t = 0; t < job.frames; t++) {
        job.frame[t] = pictures[t].data[plane];
        job.stride[t] = pictures[t].stride[plane];
    }
    return job;
}

static void smooth(const struct odva_clip_smoothing *smoothing, struct odva_thread_pool *pool,
                   const struct onedva_picture *pictures, int n, int qidx)
{
    const int limit = odva_deblocking_limit(qidx);
    struct smoothing_job job;

    for (int p = 0; p < 3; p++)
        job.plane[p] = plane_of(&smoothing->last, p, pictures, n, limit);
    if (limit > 0 && !is_cut(&job.plane[0]))
        odva_thread_pool_run(pool, (smoothing->last.height + ROWS - 1) / ROWS, smooth_task, &job);
}

int odva_clip_smoothing_run(struct odva_clip_smoothing *smoothing, struct odva_thread_pool *pool,
                            const struct onedva_picture *pictures, int n, int width, int height,
                            int depth, int qidx)
{
    const struct onedva_const_picture final = odva_const_picture(&pictures[n - 1]);
    const struct odva_canvas *last = &smoothing->last;

    ODVA_ASSERT(n >= 1 && n <= ONEDVA_MAX_CLIP_FRAMES);
    if (last->frames > 0 && last->width == width && last->height == height && last->depth == depth)
        smooth(smoothing, pool, pictures, n, qidx);
    return odva_canvas_copy(&smoothing->last, &final, width, height, depth);
}

void odva_clip_smoothing_forget(struct odva_clip_smoothing *smoothing)
{
    smoothing->last.frames = 0;
}

void odva_clip_smoothing_free(struct odva_clip_smoothing *smoothing)
{
    odva_canvas_free(&smoothing->last);
}
