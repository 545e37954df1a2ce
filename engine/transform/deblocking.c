/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transform/deblocking.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"

#define DOUBLING 13  /* quantiser indices after which steps of coding are twice as large */
#define OFFSET   136 /* qidx + OFFSET >= 0 */
#define MOST     1020

int odva_deblocking_limit(int qidx)
{
    const int v = qidx + OFFSET;
    const int limit = ((DOUBLING + v % DOUBLING) << (v / DOUBLING)) >> 9;

    ODVA_ASSERT(qidx >= -128 && qidx <= 127);
    return limit < MOST ? limit : MOST;
}

int odva_deblocking_step_limit(int qidx)
{
    return (5 * odva_deblocking_limit(qidx) + 8) >> 4;
}

int odva_smoothing_limit(int qidx)
{
    return odva_min((3 * odva_deblocking_limit(qidx) + 4) >> 3, 63);
}

void odva_mark_kept(uint8_t *kept, const struct odva_latents *latents)
{
    const struct odva_grid *grid = &latents->grid;

    for (int y = 0; y < grid->gy; y++)
        for (int x = 0; x < grid->gx; x++) {
            const int tile = grid->tile_of[(size_t)y * grid->gx + x];

            kept[(size_t)y * grid->gx + x] =
                latents->tiles[tile].tokens == 0 && odva_tile_is_predicted(latents, tile);
        }
}

static int set_kept(struct odva_deblocking *deblocking, struct odva_backend *backend,
                    const struct odva_latents *latents)
{
    const int64_t places = (int64_t)latents->grid.gy * latents->grid.gx;

    deblocking->kept =
        odva_reserve(deblocking->kept, &deblocking->capacity, places, sizeof(*deblocking->kept));
    if (!deblocking->kept)
        return ONEDVA_ERR_NOMEM;
    odva_mark_kept(deblocking->kept, latents);
    return odva_device_array_set(backend, &deblocking->kept_device, deblocking->kept, places,
                                 sizeof(*deblocking->kept));
}

int odva_deblock(struct odva_deblocking *deblocking, struct odva_backend *backend,
                 struct odva_image *const *images, const struct odva_latents *latents, int frames)
{
    const int limit = odva_deblocking_step_limit(latents->qidx);
    const struct odva_buffer *kept = NULL;
    struct odva_grid grid = latents->grid;
    int status = ONEDVA_OK;

    ODVA_ASSERT(frames >= 1 && frames <= grid.frames);
    if (limit == 0)
        return ONEDVA_OK;
    if (latents->is_inter) {
        status = set_kept(deblocking, backend, latents);
        kept = deblocking->kept_device.buffer;
    }
    grid.frames = frames;
    if (status == ONEDVA_OK)
        status = backend->ops->deblock(backend, images, &grid, limit, kept);
    if (status == ONEDVA_OK)
        status =
            backend->ops->smooth(backend, images, &grid, odva_smoothing_limit(latents->qidx), kept);
    return status;
}

void odva_deblocking_free(struct odva_deblocking *deblocking, struct odva_backend *backend)
{
    free(deblocking->kept);
    odva_device_array_free(backend, &deblocking->kept_device);
    *deblocking = (struct odva_deblocking){0};
}
