/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/mosaic.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "bitstream/motion.h"
#include "kernels/host_pictures.h"
#include "motion/inverse_mesh.h"

#define BLOCK        4
#define LOG2_SPACING 4    /* of the nodes by which frames are warped, samples of level 0 */
#define INSET        1.5f /* so far from its edge a frame's samples count as seen */

static int set_size(struct odva_mosaic *m, const struct odva_luma_plane *frame, int base)
{
    struct odva_luma_plane *plane = &m->pyramid.level[0];
    size_t nodes;
    int status;

    m->base = base;
    m->margin = ODVA_MAX_MARGIN >> base;
    m->width = frame->width;
    m->height = frame->height;
    status = odva_luma_pyramid_set_size(&m->pyramid, frame->width + 2 * m->margin,
                                        frame->height + 2 * m->margin);
    if (status < 0)
        return status;
    m->columns = (plane->width + BLOCK - 1) / BLOCK;
    m->rows = (plane->height + BLOCK - 1) / BLOCK;
    nodes = (size_t)odva_mesh_nodes(plane->width, 1 << LOG2_SPACING) *
            odva_mesh_nodes(plane->height, 1 << LOG2_SPACING);
    m->memory =
        odva_reserve(m->memory, &m->memory_capacity, 2 * (size_t)plane->stride * plane->height, 1);
    m->seen = odva_reserve(m->seen, &m->seen_capacity, (size_t)m->columns * m->rows, 1);
    m->nodes = odva_reserve(m->nodes, &m->node_capacity, nodes, sizeof(*m->nodes));
    if (!m->memory || !m->seen || !m->nodes)
        return ONEDVA_ERR_NOMEM;
    plane->data = m->memory;
    m->warped = *plane;
    m->warped.data += (size_t)plane->stride * plane->height;
    return ONEDVA_OK;
}

/* Warp a frame's plane to the mosaic's coordinates by m->nodes. */
static int warp_frame(struct odva_mosaic *m, struct odva_backend *backend,
                      const struct odva_luma_plane *frame)
{
    const struct odva_luma_plane *dst = &m->warped;
    const struct onedva_picture picture = {.data = {dst->data}, .stride = {dst->stride}};
    const struct onedva_const_picture source = {.data = {frame->data}, .stride = {frame->stride}};
    const struct odva_warp warp = {
        .frames = 1,
        .width = dst->width,
        .height = dst->height,
        .source_width = frame->width,
        .source_height = frame->height,
        .left = -m->margin,
        .top = -m->margin,
        .log2_spacing = LOG2_SPACING,
        .columns = odva_mesh_nodes(dst->width, 1 << LOG2_SPACING),
        .rows = odva_mesh_nodes(dst->height, 1 << LOG2_SPACING),
    };

    return odva_host_warp(backend, &picture, &source, &warp, (const int16_t(*)[2])m->nodes, 8);
}

/* Copy a frame's plane to its place; its edges stand for what is beyond them. */
static void place_frame(const struct odva_mosaic *m, const struct odva_luma_plane *frame)
{
    const struct odva_luma_plane *dst = &m->pyramid.level[0];

    for (int y = 0; y < dst->height; y++) {
        const int row = y < m->margin                   ? 0
                        : y - m->margin < frame->height ? y - m->margin
                                                        : frame->height - 1;
        const uint8_t *src = frame->data + row * frame->stride;
        uint8_t *to = dst->data + y * dst->stride;

        memset(to, src[0], m->margin);
        memcpy(to + m->margin, src, frame->width);
        memset(to + m->margin + frame->width, src[frame->width - 1], m->margin);
    }
}

int odva_mosaic_start(struct odva_mosaic *m, struct odva_backend *backend,
                      const struct odva_luma_plane *frame, int base)
{
    int status = set_size(m, frame, base);

    ODVA_ASSERT(base >= 0 && base < ODVA_PYRAMID_LEVELS);
    ODVA_ASSERT(frame->data);
    if (status < 0)
        return status;
    memset(m->seen, 0, (size_t)m->columns * m->rows);
    for (int j = m->margin / BLOCK; j < (m->margin + m->height) / BLOCK; j++)
        memset(m->seen + (size_t)j * m->columns + m->margin / BLOCK, 1, m->width / BLOCK);
    m->left = m->top = 0;
    m->right = m->width;
    m->bottom = m->height;
    place_frame(m, frame);
    return odva_luma_pyramid_build(&m->pyramid, backend);
}

/* Invert a frame's field at the mosaic's nodes. */
static void set_nodes(struct odva_mosaic *m, const struct odva_displacement_mesh *mesh)
{
    const int spacing = 1 << LOG2_SPACING, scale = 1 << m->base;
    const int columns = odva_mesh_nodes(m->pyramid.level[0].width, spacing);
    const int rows = odva_mesh_nodes(m->pyramid.level[0].height, spacing);

    for (int j = 0; j < rows; j++) {
        for (int i = 0; i < columns; i++) {
            float d[2];

            odva_mesh_invert_at(mesh, (float)((i * spacing - m->margin) * scale),
                                (float)((j * spacing - m->margin) * scale), d);
            odva_mesh_round(m->nodes[j * columns + i], d, m->base);
        }
    }
}

/* Whether a frame shows a block. */
static int shows(const struct odva_mosaic *m, int i, int j)
{
    const int columns = odva_mesh_nodes(m->pyramid.level[0].width, 1 << LOG2_SPACING);
    const int per_cell = (1 << LOG2_SPACING) / BLOCK;
    const int16_t *node = m->nodes[j / per_cell * columns + i / per_cell];
    const float x = (float)(i * BLOCK + BLOCK / 2 - m->margin) + node[0] / 16.0f;
    const float y = (float)(j * BLOCK + BLOCK / 2 - m->margin) + node[1] / 16.0f;

    return x >= INSET + 2 && y >= INSET + 2 && x <= (float)m->width - INSET - 2 &&
           y <= (float)m->height - INSET - 2;
}

static void copy_block(const struct odva_mosaic *m, int i, int j)
{
    const struct odva_luma_plane *dst = &m->pyramid.level[0];
    const int width = dst->width - i * BLOCK < BLOCK ? dst->width - i * BLOCK : BLOCK;

    for (int y = j * BLOCK; y < j * BLOCK + BLOCK && y < dst->height; y++)
        memcpy(dst->data + y * dst->stride + i * BLOCK,
               m->warped.data + y * m->warped.stride + i * BLOCK, width);
}

/* Whether all of a frame lies in the rectangle that was seen before. */
static int is_inside(const struct odva_mosaic *m, const struct odva_displacement_mesh *mesh)
{
    const float scale = (float)(1 << m->base);

    for (int j = 0; j < mesh->rows; j++) {
        for (int i = 0; i < mesh->columns; i++) {
            const float *d = mesh->d[j * mesh->columns + i];
            const float x = i < mesh->columns - 1 ? (float)(i * mesh->spacing) : m->width * scale;
            const float y = j < mesh->rows - 1 ? (float)(j * mesh->spacing) : m->height * scale;

            if (x + d[0] < (m->left - 2) * scale || y + d[1] < (m->top - 2) * scale ||
                x + d[0] > (m->right + 2) * scale || y + d[1] > (m->bottom + 2) * scale)
                return 0;
        }
    }
    return 1;
}

int odva_mosaic_add(struct odva_mosaic *m, struct odva_backend *backend,
                    const struct odva_luma_plane *frame, const struct odva_displacement_mesh *mesh)
{
    int status, added = 0;

    ODVA_ASSERT(frame->width == m->width && frame->height == m->height);
    if (is_inside(m, mesh))
        return ONEDVA_OK;
    set_nodes(m, mesh);
    status = warp_frame(m, backend, frame);
    if (status < 0)
        return status;
    for (int j = 0; j < m->rows; j++) {
        for (int i = 0; i < m->columns; i++) {
            if (m->seen[j * m->columns + i] || !shows(m, i, j))
                continue;
            copy_block(m, i, j);
            m->seen[j * m->columns + i] = 1;
            added = 1;
        }
    }
    return added ? odva_luma_pyramid_build(&m->pyramid, backend) : ONEDVA_OK;
}

void odva_mosaic_free(struct odva_mosaic *m)
{
    odva_luma_pyramid_free(&m->pyramid);
    free(m->memory);
    free(m->seen);
    free(m->nodes);
    *m = (struct odva_mosaic){0};
}
