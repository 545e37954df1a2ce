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

int odva_smoothing_limit(int qidx, int smoothing)
{
    static const int eighths[ODVA_SMOOTHINGS] = {0, 2, 3, 4, 5, 6, 8, 12};

    ODVA_ASSERT(smoothing >= 0 && smoothing < ODVA_SMOOTHINGS);
    return odva_min((eighths[smoothing] * odva_deblocking_limit(qidx) + 4) >> 3, 63);
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

static struct odva_grid grid_of(const struct odva_latents *latents, int frames)
{
    struct odva_grid grid = latents->grid;

    ODVA_ASSERT(frames >= 1 && frames <= grid.frames);
    grid.frames = frames;
    return grid;
}

static const struct odva_buffer *kept_of(const struct odva_deblocking *deblocking,
                                         const struct odva_latents *latents)
{
    return latents->is_inter ? deblocking->kept_device.buffer : NULL;
}

int odva_smooth_borders(struct odva_deblocking *deblocking, struct odva_backend *backend,
                        struct odva_image *const *images, const struct odva_latents *latents,
                        int frames)
{
    const int limit = odva_deblocking_step_limit(latents->qidx);
    const struct odva_grid grid = grid_of(latents, frames);
    const int status = latents->is_inter ? set_kept(deblocking, backend, latents) : ONEDVA_OK;

    return status < 0 || limit == 0
               ? status
               : backend->ops->deblock(backend, images, &grid, limit, kept_of(deblocking, latents));
}

int odva_smooth_samples(const struct odva_deblocking *deblocking, struct odva_backend *backend,
                        struct odva_image *const *images, const struct odva_latents *latents,
                        int frames)
{
    const int limit = odva_smoothing_limit(latents->qidx, latents->smoothing);
    const struct odva_grid grid = grid_of(latents, frames);

    return limit == 0
               ? ONEDVA_OK
               : backend->ops->smooth(backend, images, &grid, limit, kept_of(deblocking, latents));
}

int odva_deblock(struct odva_deblocking *deblocking, struct odva_backend *backend,
                 struct odva_image *const *images, const struct odva_latents *latents, int frames)
{
    const int status = odva_smooth_borders(deblocking, backend, images, latents, frames);

    return status < 0 ? status : odva_smooth_samples(deblocking, backend, images, latents, frames);
}

void odva_deblocking_free(struct odva_deblocking *deblocking, struct odva_backend *backend)
{
    free(deblocking->kept);
    odva_device_array_free(backend, &deblocking->kept_device);
    *deblocking = (struct odva_deblocking){0};
}
