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

int odva_deblock(struct odva_deblocking *deblocking, struct odva_backend *backend,
                 const struct onedva_picture *pictures, const struct odva_latents *latents,
                 int frames)
{
    const int limit = odva_deblocking_step_limit(latents->qidx);
    const uint8_t *kept = NULL;
    struct odva_grid grid = latents->grid;
    int status;

    ODVA_ASSERT(frames >= 1 && frames <= grid.frames);
    if (limit == 0)
        return ONEDVA_OK;
    if (latents->is_inter) {
        deblocking->kept = odva_reserve(deblocking->kept, &deblocking->capacity,
                                        (size_t)grid.gy * grid.gx, sizeof(*deblocking->kept));
        if (!deblocking->kept)
            return ONEDVA_ERR_NOMEM;
        odva_mark_kept(deblocking->kept, latents);
        kept = deblocking->kept;
    }
    grid.frames = frames;
    status = backend->ops->deblock(backend, pictures, &grid, limit, kept);
    return status < 0 ? status
                      : backend->ops->smooth(backend, pictures, &grid,
                                             odva_smoothing_limit(latents->qidx), kept);
}

void odva_deblocking_free(struct odva_deblocking *deblocking)
{
    free(deblocking->kept);
    *deblocking = (struct odva_deblocking){0};
}
