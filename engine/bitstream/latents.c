/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/latents.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "model/model.h"
#include "onedva/onedva.h"

static int set_tiles(struct odva_latents *latents, struct odva_scan_cache *scans)
{
    const struct odva_grid *grid = &latents->grid;

    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *place = &grid->tiles[i];
        latents->tiles[i] = (struct odva_latent_tile){
            .scan = odva_scan_get(scans, place->nt, place->ny, place->nx),
            .offset = (size_t)place->first_patch * latents->basis,
            .coefficients = place->patches * latents->basis,
            .max_tokens = place->tokens,
        };
        if (!latents->tiles[i].scan)
            return ONEDVA_ERR_NOMEM;
    }
    return ONEDVA_OK;
}

static int set_grid(struct odva_latents *latents, int frames, int width, int height)
{
    const struct odva_clip_size size = {frames, width, height};

    if (latents->grid.tiles && odva_grid_fits(&latents->grid, size))
        return ONEDVA_OK;
    odva_grid_free(&latents->grid);
    return odva_grid_init(&latents->grid, frames, width, height, latents->basis);
}

int odva_latents_set_size(struct odva_latents *latents, struct odva_scan_cache *scans, int frames,
                          int width, int height)
{
    int status;

    ODVA_ASSERT(scans->model);
    latents->basis = scans->model->config.basis;
    latents->layers = 1;
    latents->nested = 0;
    latents->shift = 0;
    status = set_grid(latents, frames, width, height);
    if (status < 0)
        return status;
    latents->q = odva_reserve(latents->q, &latents->q_capacity, odva_latents_count(latents),
                              sizeof(*latents->q));
    latents->seen = odva_reserve(latents->seen, &latents->seen_capacity,
                                 odva_latents_count(latents), sizeof(*latents->seen));
    latents->log_smooth = odva_reserve(latents->log_smooth, &latents->log_smooth_capacity,
                                       odva_latents_count(latents), sizeof(*latents->log_smooth));
    latents->tiles = odva_reserve(latents->tiles, &latents->tile_capacity, latents->grid.tile_count,
                                  sizeof(*latents->tiles));
    if (!latents->q || !latents->seen || !latents->log_smooth || !latents->tiles)
        return ONEDVA_ERR_NOMEM;
    return set_tiles(latents, scans);
}

void odva_latents_free(struct odva_latents *latents)
{
    odva_grid_free(&latents->grid);
    free(latents->q);
    free(latents->seen);
    free(latents->log_smooth);
    free(latents->tiles);
    *latents = (struct odva_latents){0};
}
