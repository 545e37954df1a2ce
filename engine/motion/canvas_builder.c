/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/canvas_builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "base/samples.h"
#include "base/thread_pool.h"
#include "kernels/host_pictures.h"

#define BLOCK   4
#define SPACING 16 /* of the canvases' own nodes */
#define NEAR    24 /* 1/16 sample: blocks that lie outside as a whole are 32 away */

static int reserve(struct odva_canvas_builder *b, const struct odva_motion *motion)
{
    const int frames = motion->frames, pictures = odva_motion_path_frames(motion);
    const int width = odva_motion_canvas_width(motion), height = odva_motion_canvas_height(motion);
    int status;

    if (width > ONEDVA_MAX_DIMENSION || height > ONEDVA_MAX_DIMENSION)
        return ONEDVA_ERR_ARGUMENT;
    status = odva_canvas_set_size(&b->canvas, frames, width, height, b->backend->depth);
    if (status == ONEDVA_OK)
        status = odva_inverse_nodes_reserve(&b->inverse, motion, pictures);
    if (status < 0)
        return status;
    b->block_columns = (width + BLOCK - 1) / BLOCK;
    b->block_rows = (height + BLOCK - 1) / BLOCK;
    b->visible = odva_reserve(b->visible, &b->visible_capacity,
                              (size_t)pictures * b->block_columns * b->block_rows, 1);
    return b->visible ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* One frame's work. */
struct job {
    struct odva_canvas_builder *builder;
    const struct odva_motion *motion;
    const struct onedva_const_picture *prediction;
};

/* Whether a place, in 1/16 sample of the frame, is in it or so near that its edge can stand for it.
 */
static int is_near(const struct odva_motion *motion, int x, int y)
{
    return x >= -NEAR && y >= -NEAR && x <= 16 * motion->width + NEAR &&
           y <= 16 * motion->height + NEAR;
}

/* Whether all blocks of a cell lie in the frame: between the nodes a field is between theirs.
 * @param n the cell's first node @param x, y of the cell, luma samples of the frame */
static int shows_cell(const struct odva_motion *motion, const int16_t (*node)[2], int columns,
                      int x, int y)
{
    for (int k = 0; k < 4; k++) {
        const int16_t *d = node[(k & 1) + (k >> 1) * columns];

        if (!is_near(motion, 16 * x + d[0], 16 * y + d[1]) ||
            !is_near(motion, 16 * (x + SPACING) + d[0], 16 * (y + SPACING) + d[1]))
            return 0;
    }
    return 1;
}

/* Whether a block's centre lies in the frame. @param x, y of the block in its cell */
static int shows_block(const struct odva_motion *motion, const int16_t (*node)[2], int columns,
                       int cell_x, int cell_y, int x, int y)
{
    const int fx = x * BLOCK + BLOCK / 2, fy = y * BLOCK + BLOCK / 2;
    int place[2] = {16 * (cell_x + fx), 16 * (cell_y + fy)};

    for (int k = 0; k < 2; k++)
        place[k] +=
            ((SPACING - fx) * (SPACING - fy) * node[0][k] + fx * (SPACING - fy) * node[1][k] +
             (SPACING - fx) * fy * node[columns][k] + fx * fy * node[columns + 1][k]) /
            (SPACING * SPACING);
    return is_near(motion, place[0], place[1]);
}

/* Which blocks the frame shows. */
static void mark_visible(const struct job *job, int t)
{
    const struct odva_canvas_builder *b = job->builder;
    const struct odva_motion *motion = job->motion;
    const int columns = b->inverse.columns, per_cell = SPACING / BLOCK;
    const int16_t(*nodes)[2] = (const int16_t(*)[2])odva_inverse_nodes_of(&b->inverse, t);
    uint8_t *visible = b->visible + (size_t)t * b->block_rows * b->block_columns;

    for (int y = 0; y < b->block_rows; y++, visible += b->block_columns) {
        for (int x = 0; x < b->block_columns; x += per_cell) {
            const int16_t(*node)[2] = nodes + y / per_cell * columns + x / per_cell;
            const int cell_x = x * BLOCK - motion->left;
            const int cell_y = y / per_cell * SPACING - motion->top;
            const int n = b->block_columns - x < per_cell ? b->block_columns - x : per_cell;

            if (shows_cell(motion, node, columns, cell_x, cell_y)) {
                memset(visible + x, 1, n);
                continue;
            }
            for (int i = 0; i < n; i++)
                visible[x + i] =
                    shows_block(motion, node, columns, cell_x, cell_y, i, y % per_cell);
        }
    }
}

/* The picture before an inter clip comes behind its frames. */
static void prepare_frame(void *opaque, int64_t t, int worker)
{
    const struct job *job = opaque;
    const struct odva_motion *motion = job->motion;

    (void)worker;
    odva_inverse_nodes_set(&job->builder->inverse, motion, (int)t,
                           t < motion->frames ? (int)t + motion->is_inter : 0);
    mark_visible(job, (int)t);
}

/* The frame nearest in time that shows a block, or the number of frames: the prediction does. If
 * none does, the prediction, or else the reference frame, whose edge stands for it. */
static int find_source(const struct job *job, int t, size_t block)
{
    const struct odva_canvas_builder *b = job->builder;
    const size_t blocks = (size_t)b->block_rows * b->block_columns;
    const int frames = job->motion->frames;

    for (int distance = 1; distance <= frames; distance++) {
        if (t - distance >= 0 && b->visible[(t - distance) * blocks + block])
            return t - distance;
        if (t + distance < frames && b->visible[(t + distance) * blocks + block])
            return t + distance;
        if (t - distance == -1 && job->prediction && b->visible[frames * blocks + block])
            return frames;
    }
    return job->prediction ? frames : job->motion->reference;
}

/* Copy a block's samples of all planes to a canvas from another one or the prediction. */
static void copy_block(const struct odva_canvas *canvas, int to,
                       const struct onedva_const_picture *from, int x, int y)
{
    for (int p = 0; p < 3; p++) {
        const int side = p ? BLOCK / 2 : BLOCK;
        const int width = p ? (canvas->width + 1) / 2 : canvas->width;
        const int height = p ? (canvas->height + 1) / 2 : canvas->height;
        const int columns = width - x * side < side ? width - x * side : side;
        const int bytes = odva_sample_bytes(canvas->depth), at = x * side * bytes;
        const ptrdiff_t stride = canvas->picture[to].stride[p];

        for (int row = y * side; row < (y + 1) * side && row < height; row++)
            memcpy(canvas->picture[to].data[p] + row * stride + at,
                   from->data[p] + row * from->stride[p] + at, (size_t)columns * bytes);
    }
}

/* Only blocks that a frame does not show are written, only ones that it shows or none does are
 * read. */
static void fill_frame(void *opaque, int64_t t, int worker)
{
    const struct job *job = opaque;
    const struct odva_canvas_builder *b = job->builder;
    const size_t blocks = (size_t)b->block_rows * b->block_columns;
    const uint8_t *visible = b->visible + t * blocks;

    (void)worker;
    for (size_t block = 0; block < blocks; block++) {
        const uint8_t *next = memchr(visible + block, 0, blocks - block);
        int source;

        if (!next)
            break;
        block = next - visible;
        source = find_source(job, (int)t, block);
        if (source != t)
            copy_block(&b->canvas, (int)t,
                       source == b->canvas.frames ? job->prediction
                                                  : &b->canvas.const_picture[source],
                       (int)(block % b->block_columns), (int)(block / b->block_columns));
    }
}

int odva_canvas_build(struct odva_canvas_builder *b, const struct odva_motion *motion,
                      const struct onedva_const_picture *frames,
                      const struct onedva_const_picture *prediction)
{
    struct job job = {.builder = b, .motion = motion, .prediction = prediction};
    int status = reserve(b, motion);
    struct odva_warp warp;

    ODVA_ASSERT(motion->frames >= 1 && motion->frames <= ONEDVA_MAX_CLIP_FRAMES);
    ODVA_ASSERT(!prediction == !motion->is_inter);
    if (status < 0)
        return status;
    odva_thread_pool_run(b->pool, odva_motion_path_frames(motion), prepare_frame, &job);
    warp = odva_inverse_nodes_warp(&b->inverse, motion, motion->frames);
    status = odva_host_warp(b->backend, b->canvas.picture, frames, &warp,
                            (const int16_t(*)[2])b->inverse.nodes, b->backend->depth);
    if (status < 0)
        return status;
    odva_thread_pool_run(b->pool, motion->frames, fill_frame, &job);
    return ONEDVA_OK;
}

void odva_canvas_builder_free(struct odva_canvas_builder *b)
{
    odva_canvas_free(&b->canvas);
    free(b->visible);
    odva_inverse_nodes_free(&b->inverse);
    *b = (struct odva_canvas_builder){0};
}
