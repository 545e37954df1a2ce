/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decoder/reference.h"

#include "base/assert.h"
#include "base/log.h"
#include "kernels/images.h"
#include "motion/prediction_canvas.h"
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
    return picture->width == (int)stream->width && picture->height == (int)stream->height &&
           picture->depth == (int)stream->depth;
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
    reference->after.width = 0;
    reference->after.id = odva_packet_id(packet, packet->first_crc);
    reference->after.is_intact = !clip->is_corrupt;
    return ONEDVA_OK;
}

void odva_reference_take_back(struct odva_reference *reference)
{
    swap(reference);
    reference->before.width = 0;
}

void odva_reference_lose(struct odva_reference *reference)
{
    if (!odva_reference_is_made(reference))
        swap(reference);
    reference->after.is_intact = 0;
}

void odva_reference_forget(struct odva_reference *reference)
{
    reference->before.width = reference->after.width = 0;
    reference->told = 0;
}

void odva_reference_free(struct odva_reference *reference, struct odva_backend *backend)
{
    struct odva_image *images[] = {reference->before.image, reference->after.image,
                                   reference->prediction, reference->coded};

    for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
        if (images[i])
            backend->ops->image_free(backend, images[i]);
    odva_inverse_nodes_free(&reference->inverse);
    odva_deblocking_free(&reference->deblocking, backend);
}

/* ---- pictures ---------------------------------------------------------------------------- */

/* Make room in an image. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
static int set_size(struct odva_image **image, struct odva_backend *backend, int width, int height)
{
    *image = backend->ops->image_alloc(backend, *image, width, height, backend->depth);
    return *image ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* Lay the picture where its content rests on the clip's canvases. */
static int place_on_canvas(struct odva_reference *reference, struct odva_backend *backend,
                           const struct odva_motion *motion)
{
    struct odva_warp warp;
    int status = odva_prediction_warp(&reference->inverse, motion, &warp);

    if (status == ONEDVA_OK)
        status = set_size(&reference->prediction, backend, warp.width, warp.height);
    return status < 0 ? status
                      : odva_images_warp(backend, &reference->prediction, &reference->before.image,
                                         &warp, (const int16_t(*)[2])reference->inverse.nodes);
}

int odva_reference_predict(struct odva_reference *reference, struct odva_backend *backend,
                           const struct odva_packet_decoder *decoder,
                           struct odva_image **prediction)
{
    int status = ONEDVA_OK;

    *prediction = NULL;
    if (!decoder->is_inter)
        return ONEDVA_OK;
    ODVA_ASSERT(reference->before.width > 0);
    if (decoder->has_motion)
        status = place_on_canvas(reference, backend, &decoder->motion);
    if (status == ONEDVA_OK)
        *prediction = decoder->has_motion ? reference->prediction : reference->before.image;
    return status;
}

/* The clip's last picture from its last canvas. */
static int warp_last(struct odva_reference *reference, struct odva_backend *backend,
                     const struct odva_motion_warp *warp)
{
    const size_t nodes = (size_t)warp->warp.columns * warp->warp.rows;
    struct odva_warp last = warp->warp;
    const int status = set_size(&reference->after.image, backend, last.width, last.height);

    last.frames = 1;
    return status < 0
               ? status
               : odva_images_warp(backend, &reference->after.image, &reference->coded, &last,
                                  odva_motion_warp_nodes(warp) + (warp->warp.frames - 1) * nodes);
}

static int copy(struct odva_image **image, struct odva_backend *backend, struct odva_image *from,
                int width, int height)
{
    const int status = set_size(image, backend, width, height);

    return status < 0 ? status : backend->ops->image_copy(backend, *image, from);
}

int odva_reference_make(struct odva_reference *reference, struct odva_backend *backend,
                        const struct odva_latents *first, struct odva_image *coded,
                        const struct odva_motion_warp *warp)
{
    const struct odva_grid *grid = &first->grid;
    struct odva_image **image = warp ? &reference->coded : &reference->after.image;
    int status = copy(image, backend, coded, grid->width, grid->height);

    if (status == ONEDVA_OK)
        status = odva_deblock(&reference->deblocking, backend, image, first, 1);
    if (status == ONEDVA_OK && warp)
        status = warp_last(reference, backend, warp);
    reference->after.width = status < 0 ? 0 : warp ? warp->warp.width : grid->width;
    reference->after.height = warp ? warp->warp.height : grid->height;
    reference->after.depth = backend->depth;
    return status;
}

int odva_reference_take(struct odva_reference *reference, struct odva_backend *backend,
                        struct odva_image *picture, int width, int height)
{
    const int status = copy(&reference->after.image, backend, picture, width, height);

    reference->after.width = status < 0 ? 0 : width;
    reference->after.height = height;
    reference->after.depth = backend->depth;
    return status;
}
