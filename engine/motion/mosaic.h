/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the frames of a clip have shown so far, in the reference frame's coordinates: luma at halved
 * sizes. */
#ifndef ODVA_MOSAIC_H
#define ODVA_MOSAIC_H

#include <stddef.h>
#include <stdint.h>

#include "motion/displacement_mesh.h"
#include "motion/luma_pyramid.h"

struct odva_mosaic {
    int base;          /* level of the frames' pyramids that pyramid.level[0] matches */
    int width, height; /* of the frames at that level */
    int margin;        /* around them, samples of that level */
    struct odva_luma_pyramid pyramid; /* level l has the margin margin >> l */
    struct odva_luma_plane warped;    /* a frame in the mosaic's coordinates */
    int columns, rows;                /* of 4x4 blocks of level 0 */
    uint8_t *seen;                    /* 1 where a block shows what a frame has shown */
    int16_t (*nodes)[2];
    uint8_t *memory;
    size_t memory_capacity, seen_capacity, node_capacity;
    int left, top, right,
        bottom; /* a rectangle of seen samples in the frames' coordinates at level 0 */
};

/** Begin with a frame's plane at level base, which stays at rest. @return ONEDVA_OK or
 * ONEDVA_ERR_NOMEM */
int odva_mosaic_start(struct odva_mosaic *mosaic, struct odva_backend *backend,
                      const struct odva_luma_plane *frame, int base);

/** Fill in what a frame shows for the first time. @param mesh where the frame's samples lie, in
 * luma samples */
int odva_mosaic_add(struct odva_mosaic *mosaic, struct odva_backend *backend,
                    const struct odva_luma_plane *frame, const struct odva_displacement_mesh *mesh);

/** Whether the mosaic knows a place. @param x, y samples of level 0 in the frames' coordinates */
static inline int odva_mosaic_has(const struct odva_mosaic *mosaic, float x, float y)
{
    const int i = (int)(x + (float)mosaic->margin), j = (int)(y + (float)mosaic->margin);

    return i >= 0 && j >= 0 && i / 4 < mosaic->columns && j / 4 < mosaic->rows &&
           mosaic->seen[j / 4 * mosaic->columns + i / 4];
}

/** The flags seen of a row of blocks, from the left margin on. @param y sample of level 0 in the
 * frames' coordinates @return NULL outside of the mosaic */
static inline const uint8_t *odva_mosaic_row(const struct odva_mosaic *mosaic, int y)
{
    const int j = y + mosaic->margin;

    return j < 0 || j / 4 >= mosaic->rows ? NULL
                                          : mosaic->seen + (ptrdiff_t)(j / 4) * mosaic->columns;
}

void odva_mosaic_free(struct odva_mosaic *mosaic);

#endif
