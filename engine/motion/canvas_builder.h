/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The canvases of a clip, from its frames and its motion: each frame is warped to where its content
 * rests, and what it does not show is taken from the frame nearest in time that does, the one that
 * an inter clip is predicted from among them.
 */
#ifndef ODVA_CANVAS_BUILDER_H
#define ODVA_CANVAS_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "bitstream/motion.h"
#include "motion/canvas.h"
#include "motion/inverse_nodes.h"
#include "onedva/onedva.h"

struct odva_backend;
struct odva_thread_pool;

struct odva_canvas_builder {
    struct odva_backend *backend; /* borrowed, as the next */
    struct odva_thread_pool *pool;
    struct odva_canvas canvas; /* the result */
    /* [frames][block rows][block columns]: 1 where the frame shows a 4x4 block; behind those of an
     * inter clip's frames those of the picture before */
    uint8_t *visible;
    int block_columns, block_rows;
    struct odva_inverse_nodes inverse; /* in the same order */
    size_t visible_capacity;
};

/**
 * @param prediction of all canvases, of their size, which stands for what no frame shows as well;
 *                   NULL: there is none
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM, or ONEDVA_ERR_ARGUMENT where the canvas would be too large
 */
int odva_canvas_build(struct odva_canvas_builder *builder, const struct odva_motion *motion,
                      const struct onedva_const_picture *frames,
                      const struct onedva_const_picture *prediction);

void odva_canvas_builder_free(struct odva_canvas_builder *builder);

#endif
