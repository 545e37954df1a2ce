/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "base/samples.h"

#define ALIGNMENT 64 /* bytes of a cache line and of the widest vector */

static size_t align(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

int odva_canvas_set_size(struct odva_canvas *canvas, int frames, int width, int height, int depth)
{
    const size_t bytes = odva_sample_bytes(depth), chroma = align((width + 1) / 2 * bytes);
    const size_t stride[3] = {align(width * bytes), chroma, chroma};
    const size_t rows[3] = {height, (height + 1) / 2, (height + 1) / 2};
    const uint64_t picture_size = (uint64_t)stride[0] * rows[0] + 2 * (uint64_t)stride[1] * rows[1];
    const uint64_t size = picture_size * frames + ALIGNMENT;
    uint8_t *next;

    ODVA_ASSERT(frames >= 1 && frames <= ONEDVA_MAX_CLIP_FRAMES);
    ODVA_ASSERT(width >= 1 && width <= ONEDVA_MAX_DIMENSION);
    ODVA_ASSERT(height >= 1 && height <= ONEDVA_MAX_DIMENSION);
    if (size <= SIZE_MAX)
        canvas->data = odva_reserve(canvas->data, &canvas->capacity, (size_t)size, 1);
    if (size > SIZE_MAX || !canvas->data) {
        odva_canvas_free(canvas);
        return ONEDVA_ERR_NOMEM;
    }
    canvas->frames = frames;
    canvas->width = width;
    canvas->height = height;
    canvas->depth = depth;
    next = canvas->data + (align((uintptr_t)canvas->data) - (uintptr_t)canvas->data);
    for (int t = 0; t < frames; t++) {
        for (int plane = 0; plane < 3; plane++) {
            canvas->picture[t].data[plane] = next;
            canvas->picture[t].stride[plane] = (ptrdiff_t)stride[plane];
            canvas->const_picture[t].data[plane] = next;
            canvas->const_picture[t].stride[plane] = (ptrdiff_t)stride[plane];
            next += stride[plane] * rows[plane];
        }
    }
    return ONEDVA_OK;
}

int odva_canvas_copy(struct odva_canvas *canvas, const struct onedva_const_picture *picture,
                     int width, int height, int depth)
{
    const int status = odva_canvas_set_size(canvas, 1, width, height, depth);

    if (status < 0)
        return status;
    for (int p = 0; p < 3; p++) {
        const int columns = p ? (width + 1) / 2 : width, rows = p ? (height + 1) / 2 : height;
        const size_t bytes = (size_t)columns * odva_sample_bytes(depth);

        for (int y = 0; y < rows; y++)
            memcpy(canvas->picture[0].data[p] + y * canvas->picture[0].stride[p],
                   picture->data[p] + y * picture->stride[p], bytes);
    }
    return ONEDVA_OK;
}

void odva_canvas_free(struct odva_canvas *canvas)
{
    free(canvas->data);
    *canvas = (struct odva_canvas){0};
}
