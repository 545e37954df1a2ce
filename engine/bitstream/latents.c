/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/latents.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "model/model.h"
#include "onedva/onedva.h"

/* All scans that a partition of the grid can need, so that none is missing later. */
static int get_scans(struct odva_latents *latents, struct odva_scan_cache *scans)
{
    const struct odva_grid *grid = &latents->grid;

    for (int size = 0; size < ODVA_TILE_SIZES; size++) {
        const int side = 1 << size, cut_y = grid->gy % side, cut_x = grid->gx % side;

        for (int i = 0; i < 4; i++) {
            const struct odva_scan_shape shape = {.detail = latents->detail,
                                                  .size = size,
                                                  .nt = grid->gt,
                                                  .ny = i & 2 && cut_y ? cut_y : side,
                                                  .nx = i & 1 && cut_x ? cut_x : side};
            const struct odva_scan *scan = odva_scan_get(scans, &shape);

            if (!scan)
                return ONEDVA_ERR_NOMEM;
            latents->scans[size][i >> 1][i & 1] = scan;
        }
    }
    return ONEDVA_OK;
}

void odva_latents_set_partition(struct odva_latents *latents)
{
    struct odva_grid *grid = &latents->grid;

    odva_grid_set_partition(grid, latents->splits);
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *place = &grid->tiles[i];
        const int side = 1 << place->size;

        latents->tiles[i] = (struct odva_latent_tile){
            .scan = latents->scans[place->size][place->ny < side][place->nx < side],
            .offset = (size_t)place->first_patch * latents->basis,
            .coefficients = place->patches * latents->basis,
            .token_length = odva_token_length(place->size),
            .max_tokens = place->tokens,
        };
    }
}

static int set_grid(struct odva_latents *latents, struct odva_clip_size size)
{
    if (latents->grid.tiles && odva_grid_fits(&latents->grid, size) &&
        latents->grid.basis == latents->basis)
        return ONEDVA_OK;
    odva_grid_free(&latents->grid);
    return odva_grid_init(&latents->grid, size.frames, size.width, size.height, latents->basis);
}

int odva_latents_set_shape(struct odva_latents *latents, struct odva_scan_cache *scans, int detail,
                           struct odva_clip_size size)
{
    int status;

    ODVA_ASSERT(scans->model && detail >= 0 && detail < ODVA_DETAILS);
    latents->detail = detail;
    latents->basis = scans->model->tables.bands[detail].basis;
    latents->layers = 1;
    latents->is_inter = 0;
    latents->nested = 0;
    latents->shift = 0;
    status = set_grid(latents, size);
    if (status < 0)
        return status;
    latents->q = odva_reserve(latents->q, &latents->q_capacity, odva_latents_count(latents),
                              sizeof(*latents->q));
    latents->tiles =
        odva_reserve(latents->tiles, &latents->tile_capacity,
                     (size_t)latents->grid.gy * latents->grid.gx, sizeof(*latents->tiles));
    latents->splits = odva_reserve(latents->splits, &latents->split_capacity,
                                   latents->grid.superblock_count, sizeof(*latents->splits));
    latents->predicted = odva_reserve(latents->predicted, &latents->predicted_capacity,
                                      latents->grid.superblock_count, sizeof(*latents->predicted));
    if (!latents->q || !latents->tiles || !latents->splits || !latents->predicted)
        return ONEDVA_ERR_NOMEM;
    memset(latents->splits, 0, latents->grid.superblock_count * sizeof(*latents->splits));
    memset(latents->predicted, 0, latents->grid.superblock_count * sizeof(*latents->predicted));
    status = get_scans(latents, scans);
    if (status == ONEDVA_OK)
        odva_latents_set_partition(latents);
    return status;
}

int odva_latents_set_size(struct odva_latents *latents, struct odva_scan_cache *scans, int detail,
                          struct odva_clip_size size)
{
    const int status = odva_latents_set_shape(latents, scans, detail, size);

    if (status < 0)
        return status;
    latents->seen = odva_reserve(latents->seen, &latents->seen_capacity,
                                 odva_latents_count(latents), sizeof(*latents->seen));
    latents->ratio = odva_reserve(latents->ratio, &latents->ratio_capacity,
                                  odva_latents_count(latents), sizeof(*latents->ratio));
    return latents->seen && latents->ratio ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

void odva_latents_free(struct odva_latents *latents)
{
    odva_grid_free(&latents->grid);
    free(latents->q);
    free(latents->seen);
    free(latents->ratio);
    free(latents->tiles);
    free(latents->splits);
    free(latents->predicted);
    *latents = (struct odva_latents){0};
}
