/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The token grid of a clip and its tiles (doc/bitstream.md, section 4). */
#ifndef ODVA_LAYOUT_H
#define ODVA_LAYOUT_H

#include <stdint.h>

#define ODVA_TOKEN_FRAMES  4
#define ODVA_TOKEN_LUMA    16
#define ODVA_TOKEN_CHROMA  8
#define ODVA_PATCH_SAMPLES 1536 /* 4 x (16*16 + 2*8*8) */
#define ODVA_TILE_SIDE     8    /* tokens */
#define ODVA_TILE_FRAMES   4    /* tokens */
#define ODVA_TILE_PATCHES  256
#define ODVA_LATENT_TOKEN  32 /* coefficients per latent token */

/** Latent tokens of a tile that no border cuts. @param basis K */
static inline int odva_tile_tokens(int basis)
{
    return basis * ODVA_TILE_PATCHES / ODVA_LATENT_TOKEN;
}

/** A tile: patches [y0, y0+ny) x [x0, x0+nx) of the grid over all nt token times. */
struct odva_tile {
    int y0, x0;
    int nt, ny, nx;
    int patches;         /* nt*ny*nx */
    int64_t first_patch; /* patches of all tiles before: tiles are stored one after the other */
    int tokens;          /* latent tokens: ceil(K*patches / 32) */
};

/** All 0: of no clip. */
struct odva_clip_size {
    int frames, width, height;
};

/** The grid of a clip. Patch p of a tile is (t, y, x) = row-major in [nt][ny][nx]. */
struct odva_grid {
    int frames, width, height;
    int gt, gy, gx;
    int tiles_y, tiles_x, tile_count;
    int64_t patches;
    struct odva_tile *tiles; /* tile_count, row by row */
};

/** Fill in a grid. @return ONEDVA_OK, ONEDVA_ERR_ARGUMENT or ONEDVA_ERR_NOMEM */
int odva_grid_init(struct odva_grid *grid, int frames, int width, int height, int basis);
void odva_grid_free(struct odva_grid *grid);

static inline struct odva_clip_size odva_grid_clip_size(const struct odva_grid *grid)
{
    return (struct odva_clip_size){grid->frames, grid->width, grid->height};
}

/** Whether a clip of this size has this grid; tiles and patches follow from the size. */
static inline int odva_grid_fits(const struct odva_grid *grid, struct odva_clip_size size)
{
    return grid->frames == size.frames && grid->width == size.width && grid->height == size.height;
}

#endif
