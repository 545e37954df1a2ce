/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/layout.h"

#include <stdlib.h>

#include "base/integers.h"
#include "onedva/onedva.h"

static void place_tiles(struct odva_grid *grid, int basis)
{
    struct odva_tile *tile = grid->tiles;
    int64_t first_patch = 0;

    for (int y0 = 0; y0 < grid->gy; y0 += ODVA_TILE_SIDE) {
        for (int x0 = 0; x0 < grid->gx; x0 += ODVA_TILE_SIDE, tile++) {
            tile->y0 = y0;
            tile->x0 = x0;
            tile->nt = grid->gt;
            tile->ny = odva_min(ODVA_TILE_SIDE, grid->gy - y0);
            tile->nx = odva_min(ODVA_TILE_SIDE, grid->gx - x0);
            tile->patches = tile->nt * tile->ny * tile->nx;
            tile->first_patch = first_patch;
            tile->tokens = odva_ceil_div(basis * tile->patches, ODVA_LATENT_TOKEN);
            first_patch += tile->patches;
        }
    }
}

int odva_grid_init(struct odva_grid *grid, int frames, int width, int height, int basis)
{
    *grid = (struct odva_grid){.frames = frames, .width = width, .height = height};
    if (frames < 1 || frames > ONEDVA_MAX_CLIP_FRAMES || basis < 1 || width < 1 || height < 1 ||
        width > ONEDVA_MAX_DIMENSION || height > ONEDVA_MAX_DIMENSION)
        return ONEDVA_ERR_ARGUMENT;
    grid->gt = odva_ceil_div(frames, ODVA_TOKEN_FRAMES);
    grid->gy = odva_ceil_div(height, ODVA_TOKEN_LUMA);
    grid->gx = odva_ceil_div(width, ODVA_TOKEN_LUMA);
    grid->tiles_y = odva_ceil_div(grid->gy, ODVA_TILE_SIDE);
    grid->tiles_x = odva_ceil_div(grid->gx, ODVA_TILE_SIDE);
    grid->tile_count = grid->tiles_y * grid->tiles_x;
    grid->patches = (int64_t)grid->gt * grid->gy * grid->gx;
    grid->tiles = calloc(grid->tile_count, sizeof(*grid->tiles));
    if (!grid->tiles)
        return ONEDVA_ERR_NOMEM;
    place_tiles(grid, basis);
    return ONEDVA_OK;
}

void odva_grid_free(struct odva_grid *grid)
{
    free(grid->tiles);
    *grid = (struct odva_grid){0};
}
