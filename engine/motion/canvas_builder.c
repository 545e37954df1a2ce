/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/canvas_builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "kernels/backend.h"
#include "motion/displacement_mesh.h"
#include "motion/inverse_mesh.h"
#include "motion/motion_paths.h"

#define BLOCK        4
#define LOG2_SPACING 4 /* of the nodes by which frames are warped, luma samples */
#define SPACING      (1 << LOG2_SPACING)
#define NEAR         24 /* 1/16 sample: blocks that lie outside as a whole are 32 away */

static int node_columns(const struct odva_canvas_builder *b)
{
    return odva_mesh_nodes(b->canvas.width, SPACING);
}

static int node_rows(const struct odva_canvas_builder *b)
{
    return odva_mesh_nodes(b->canvas.height, SPACING);
}

static int reserve(struct odva_canvas_builder *b, const struct odva_motion *motion)
{
    const int frames = motion->frames;
    const int width = motion->left + motion->width + motion->right;
    const int height = motion->top + motion->height + motion->bottom;
    int status;

    if (width > ONEDVA_MAX_DIMENSION || height > ONEDVA_MAX_DIMENSION)
        return ONEDVA_ERR_ARGUMENT;
    status = odva_canvas_set_size(&b->canvas, frames, width, height);
    if (status < 0)
        return status;
    b->block_columns = (width + BLOCK - 1) / BLOCK;
    b->block_rows = (height + BLOCK - 1) / BLOCK;
    b->visible = odva_reserve(b->visible, &b->visible_capacity,
                              (size_t)frames * b->block_columns * b->block_rows, 1);
    b->nodes = odva_reserve(b->nodes, &b->node_capacity,
                            (size_t)frames * node_columns(b) * node_rows(b), sizeof(*b->nodes));
    b->forward =
        odva_reserve(b->forward, &b->forward_capacity,
                     (size_t)frames * odva_motion_columns(motion) * odva_motion_rows(motion),
                     sizeof(*b->forward));
    return b->visible && b->nodes && b->forward ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* One frame's work. */
struct job {
    struct odva_canvas_builder *builder;
    const struct odva_motion *motion;
    const struct onedva_const_picture *prediction;
};

#define PREDICTION (-1) /* a frame: the one before the clip */

/* The displacements that the bitstream gives, as a mesh. The frame's nodes serve as scratch memory.
 */
static struct odva_displacement_mesh forward_mesh(const struct job *job, int t)
{
    struct odva_canvas_builder *b = job->builder;
    struct odva_displacement_mesh mesh = {
        .spacing = odva_motion_spacing(job->motion),
        .columns = odva_motion_columns(job->motion),
        .rows = odva_motion_rows(job->motion),
    };
    const int nodes = mesh.columns * mesh.rows;
    int16_t(*rounded)[2] = b->nodes + (size_t)t * node_columns(b) * node_rows(b);

    mesh.d = b->forward + (size_t)t * nodes;
    odva_motion_nodes(job->motion, t, rounded);
    for (int n = 0; n < nodes; n++)
        for (int k = 0; k < 2; k++)
            mesh.d[n][k] = (float)rounded[n][k] / 16.0f;
    return mesh;
}

static void invert(const struct job *job, int t)
{
    struct odva_canvas_builder *b = job->builder;
    const struct odva_displacement_mesh mesh = forward_mesh(job, t);
    int16_t(*node)[2] = b->nodes + (size_t)t * node_columns(b) * node_rows(b);

    for (int j = 0; j < node_rows(b); j++) {
        for (int i = 0; i < node_columns(b); i++, node++) {
            float d[2];

            odva_mesh_invert_at(&mesh, (float)(i * SPACING - job->motion->left),
                                (float)(j * SPACING - job->motion->top), d);
            odva_mesh_round(*node, d, 0);
        }
    }
}

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
    const int columns = node_columns(b), per_cell = SPACING / BLOCK;
    const int16_t(*nodes)[2] = (const int16_t(*)[2])b->nodes + (size_t)t * columns * node_rows(b);
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

static void prepare_frame(void *opaque, int64_t t, int worker)
{
    const struct job *job = opaque;

    (void)worker;
    invert(job, (int)t);
    mark_visible(job, (int)t);
}

/* The frame nearest in time that shows a block. If none does, the reference frame, whose edge
 * stands for it, or the prediction. */
static int find_source(const struct job *job, int t, size_t block)
{
    const struct odva_canvas_builder *b = job->builder;
    const size_t blocks = (size_t)b->block_rows * b->block_columns;

    for (int distance = 1; distance < job->motion->frames; distance++) {
        if (t - distance >= 0 && b->visible[(t - distance) * blocks + block])
            return t - distance;
        if (t + distance < job->motion->frames && b->visible[(t + distance) * blocks + block])
            return t + distance;
        if (t - distance == PREDICTION && job->prediction)
            return PREDICTION;
    }
    return job->prediction ? PREDICTION : job->motion->reference;
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
        const ptrdiff_t stride = canvas->picture[to].stride[p];

        for (int row = y * side; row < (y + 1) * side && row < height; row++)
            memcpy(canvas->picture[to].data[p] + row * stride + x * side,
                   from->data[p] + row * from->stride[p] + x * side, columns);
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
                       source == PREDICTION ? job->prediction : &b->canvas.const_picture[source],
                       (int)(block % b->block_columns), (int)(block / b->block_columns));
    }
}

static int warp_frames(struct odva_canvas_builder *b, const struct odva_motion *motion,
                       const struct onedva_const_picture *frames)
{
    const struct odva_warp warp = {
        .frames = motion->frames,
        .width = b->canvas.width,
        .height = b->canvas.height,
        .source_width = motion->width,
        .source_height = motion->height,
        .left = -motion->left,
        .top = -motion->top,
        .log2_spacing = LOG2_SPACING,
        .columns = node_columns(b),
        .rows = node_rows(b),
        .nodes = (const int16_t(*)[2])b->nodes,
    };

    return b->backend->ops->warp(b->backend, b->canvas.picture, frames, &warp);
}

int odva_canvas_build(struct odva_canvas_builder *b, const struct odva_motion *motion,
                      const struct onedva_const_picture *frames,
                      const struct onedva_const_picture *prediction)
{
    struct job job = {.builder = b, .motion = motion, .prediction = prediction};
    int status = reserve(b, motion);

    ODVA_ASSERT(motion->frames >= 1 && motion->frames <= ONEDVA_MAX_CLIP_FRAMES);
    if (status < 0)
        return status;
    odva_backend_parallel_for(b->backend, motion->frames, prepare_frame, &job);
    status = warp_frames(b, motion, frames);
    if (status < 0)
        return status;
    odva_backend_parallel_for(b->backend, motion->frames, fill_frame, &job);
    return ONEDVA_OK;
}

void odva_canvas_builder_free(struct odva_canvas_builder *b)
{
    odva_canvas_free(&b->canvas);
    free(b->visible);
    free(b->nodes);
    free(b->forward);
    *b = (struct odva_canvas_builder){0};
}
