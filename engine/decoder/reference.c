/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decoder/reference.h"

#include "base/assert.h"
#include "base/log.h"
#include "transform/deblocking.h"

/* ---- clip by clip ------------------------------------------------------------------------ */

static void swap(struct odva_reference *reference)
{
    const struct odva_reference_picture before = reference->before;

    reference->before = reference->after;
    reference->after = before;
}

static int has_picture(const struct odva_reference_picture *picture,
                       const struct onedva_stream *stream)
{
    return picture->canvas.frames > 0 && picture->canvas.width == (int)stream->width &&
           picture->canvas.height == (int)stream->height;
}

/* What an inter clip is predicted from is missing or not intact. */
static int tell(struct odva_reference *reference, const struct onedva_logger *logger, int frames,
                int status)
{
    if (reference->told)
        return status;
    reference->told = 1;
    if (status < 0)
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "inter clip without any clip before it: %d frame%s lost, and all up to the next "
                 "key clip",
                 frames, frames == 1 ? "" : "s");
    else
        odva_log(logger, ONEDVA_LOG_WARNING,
                 "inter clip does not follow the clip that it is predicted from: frames are not "
                 "those that were encoded up to the next key clip");
    return status;
}

int odva_reference_begin(struct odva_reference *reference,
                         const struct odva_packet_decoder *decoder, struct onedva_clip *clip)
{
    const struct odva_packet *packet = &decoder->packet;
    const struct odva_reference_picture *last = &reference->after;

    if (packet->is_inter && !has_picture(last, &decoder->stream))
        return tell(reference, &decoder->logger, packet->frames, ONEDVA_ERR_DATA);
    clip->is_corrupt = packet->is_inter && !(last->is_intact && last->id == packet->reference);
    if (!packet->is_inter)
        reference->told = 0;
    else if (clip->is_corrupt)
        tell(reference, &decoder->logger, packet->frames, ONEDVA_OK);
    if (odva_reference_is_made(reference))
        swap(reference);
    reference->after.canvas.frames = 0;
    reference->after.id = odva_packet_id(packet, packet->first_crc);
    reference->after.is_intact = !clip->is_corrupt;
    return ONEDVA_OK;
}

void odva_reference_take_back(struct odva_reference *reference)
{
    swap(reference);
    reference->before.canvas.frames = 0;
}

void odva_reference_lose(struct odva_reference *reference)
{
    if (!odva_reference_is_made(reference))
        swap(reference);
    reference->after.is_intact = 0;
}

void odva_reference_forget(struct odva_reference *reference)
{
    reference->before.canvas.frames = reference->after.canvas.frames = 0;
    reference->told = 0;
}

void odva_reference_free(struct odva_reference *reference)
{
    odva_canvas_free(&reference->before.canvas);
    odva_canvas_free(&reference->after.canvas);
    odva_prediction_canvas_free(&reference->prediction);
    odva_canvas_free(&reference->coded);
    odva_deblocking_free(&reference->deblocking);
}

/* ---- pictures ---------------------------------------------------------------------------- */

int odva_reference_predict(struct odva_reference *reference, struct odva_backend *backend,
                           const struct odva_packet_decoder *decoder,
                           const struct onedva_const_picture **prediction)
{
    const struct onedva_const_picture *before = reference->before.canvas.const_picture;
    int status = ONEDVA_OK;

    *prediction = NULL;
    if (!decoder->is_inter)
        return ONEDVA_OK;
    ODVA_ASSERT(reference->before.canvas.frames == 1);
    if (decoder->has_motion)
        status =
            odva_prediction_canvas_set(&reference->prediction, backend, before, &decoder->motion);
    if (status == ONEDVA_OK)
        *prediction = decoder->has_motion ? reference->prediction.canvas.const_picture : before;
    return status;
}

/* The clip's last picture from its last canvas. */
static int warp_last(struct odva_reference *reference, struct odva_backend *backend,
                     const struct odva_warp *warp)
{
    struct odva_canvas *picture = &reference->after.canvas;
    struct odva_warp last = *warp;
    const int status = odva_canvas_set_size(picture, 1, warp->width, warp->height);

    last.frames = 1;
    last.nodes += (size_t)(warp->frames - 1) * warp->columns * warp->rows;
    return status < 0 ? status
                      : backend->ops->warp(backend, picture->picture,
                                           reference->coded.const_picture, &last);
}

int odva_reference_make(struct odva_reference *reference, struct odva_backend *backend,
                        const struct odva_latents *first, const struct onedva_picture *coded,
                        const struct odva_warp *warp)
{
    const struct onedva_const_picture source = odva_const_picture(coded);
    struct odva_canvas *canvas = warp ? &reference->coded : &reference->after.canvas;
    int status = odva_canvas_copy(canvas, &source, first->grid.width, first->grid.height);

    if (status == ONEDVA_OK)
        status = odva_deblock(&reference->deblocking, backend, canvas->picture, first, 1);
    if (status == ONEDVA_OK && warp)
        status = warp_last(reference, backend, warp);
    if (status < 0)
        reference->after.canvas.frames = 0;
    return status;
}

int odva_reference_take(struct odva_reference *reference, const struct onedva_picture *picture,
                        int width, int height)
{
    const struct onedva_const_picture source = odva_const_picture(picture);

    return odva_canvas_copy(&reference->after.canvas, &source, width, height);
}
