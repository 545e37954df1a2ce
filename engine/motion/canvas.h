/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Memory for a clip of pictures, kept from clip to clip. */
#ifndef ODVA_CANVAS_H
#define ODVA_CANVAS_H

#include <stddef.h>
#include <stdint.h>

#include "onedva/onedva.h"

/** Pictures in one allocation; zero-initialised is empty. */
struct odva_canvas {
    int frames, width, height; /* luma samples */
    int depth;                 /* bits of a sample; of more than 8 in words of 16 */
    uint8_t *data;
    size_t capacity; /* bytes */
    struct onedva_picture picture[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_const_picture const_picture[ONEDVA_MAX_CLIP_FRAMES]; /* the same, for reading */
};

/**
 * Set number and size of the pictures. Rows begin at multiples of 64 bytes. Contents are lost, and
 * memory grows only where a clip is larger than all before.
 * @param frames 1..16
 * @param width, height 1..65535
 * @param depth bits of a sample, 8 or 10
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM, and then the canvas is empty
 */
int odva_canvas_set_size(struct odva_canvas *canvas, int frames, int width, int height, int depth);
/** Set the canvas to a copy of one picture. @return as odva_canvas_set_size */
int odva_canvas_copy(struct odva_canvas *canvas, const struct onedva_const_picture *picture,
                     int width, int height, int depth);

static inline struct onedva_const_picture odva_const_picture(const struct onedva_picture *picture)
{
    return (struct onedva_const_picture){
        .data = {picture->data[0], picture->data[1], picture->data[2]},
        .stride = {picture->stride[0], picture->stride[1], picture->stride[2]},
    };
}

void odva_canvas_free(struct odva_canvas *canvas);

#endif
