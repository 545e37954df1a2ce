/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/reduced_frames.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "kernels/host_pictures.h"

/* The pyramid without its largest level; its memory stays the whole one's. */
static void drop_level(struct odva_luma_pyramid *dst, const struct odva_luma_pyramid *src)
{
    *dst = (struct odva_luma_pyramid){.levels = src->levels - 1};
    for (int l = 0; l < dst->levels; l++)
        dst->level[l] = src->level[l + 1];
}

/* The picture that the clip is predicted from, and the pyramid of the frame that it stands for. */
static int reduce_prediction(struct odva_reduced_frames *reduced, struct odva_backend *backend,
                             const struct odva_frames *frames)
{
    struct odva_canvas *prediction = &reduced->prediction;
    int status =
        odva_canvas_set_size(prediction, 1, reduced->frames.width, reduced->frames.height, 8);

    for (int p = 0; p < 3 && status == ONEDVA_OK; p++)
        status = odva_host_downscale2x(backend, prediction->picture[0].data[p],
                                       prediction->picture[0].stride[p],
                                       frames->prediction->data[p], frames->prediction->stride[p],
                                       p ? (frames->width + 1) / 2 : frames->width,
                                       p ? (frames->height + 1) / 2 : frames->height);
    drop_level(&reduced->pyramid[0], &frames->pyramids[-1]);
    reduced->frames.prediction = prediction->const_picture;
    return status;
}

int odva_reduced_frames_set(struct odva_reduced_frames *reduced, struct odva_backend *backend,
                            const struct odva_frames *frames)
{
    const int width = (frames->width + 1) / 2, height = (frames->height + 1) / 2;
    const int chroma_width = (width + 1) / 2, chroma_height = (height + 1) / 2;
    const size_t plane = (size_t)chroma_width * chroma_height;
    int status = ONEDVA_OK;

    ODVA_ASSERT(frames->count >= 1 && frames->pyramids[0].levels >= 2);
    reduced->chroma =
        odva_reserve(reduced->chroma, &reduced->capacity, 2 * plane * frames->count, 1);
    if (!reduced->chroma)
        return ONEDVA_ERR_NOMEM;
    for (int t = 0; t < frames->count; t++) {
        struct onedva_const_picture *picture = &reduced->picture[t];

        drop_level(&reduced->pyramid[1 + t], &frames->pyramids[t]);
        picture->data[0] = reduced->pyramid[1 + t].level[0].data;
        picture->stride[0] = reduced->pyramid[1 + t].level[0].stride;
        for (int p = 1; p < 3 && status == ONEDVA_OK; p++) {
            uint8_t *dst = reduced->chroma + (2 * t + p - 1) * plane;

            status = odva_host_downscale2x(backend, dst, chroma_width, frames->pictures[t].data[p],
                                           frames->pictures[t].stride[p], width, height);
            picture->data[p] = dst;
            picture->stride[p] = chroma_width;
        }
    }
    reduced->frames = (struct odva_frames){.pictures = reduced->picture,
                                           .pyramids = reduced->pyramid + 1,
                                           .count = frames->count,
                                           .width = width,
                                           .height = height};
    return status < 0 || !frames->prediction ? status : reduce_prediction(reduced, backend, frames);
}

void odva_reduced_frames_free(struct odva_reduced_frames *reduced)
{
    odva_canvas_free(&reduced->prediction);
    free(reduced->chroma);
    *reduced = (struct odva_reduced_frames){0};
}
