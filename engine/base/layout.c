/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/layout.h"

#include <stdlib.h>

#include "base/integers.h"
#include "onedva/onedva.h"

#define SIDE ODVA_SUPERBLOCK_SIDE

/* Bits 0, 2, 4 of a place along the z-curve. */
static int even_bits(int z)
{
    return (z & 1) | (z >> 1 & 2) | (z >> 2 & 4);
}

static void place_superblock(struct odva_grid *grid, struct odva_superblock *superblock)
{
    int64_t row = superblock->first_patch;

    for (int z = 0; z < SIDE * SIDE; z++) {
        const int y = even_bits(z >> 1), x = even_bits(z);

        if (y >= superblock->ny || x >= superblock->nx)
            continue;
        grid->place[(size_t)(superblock->y0 + y) * grid->gx + superblock->x0 + x] = (int32_t)row;
        row += grid->gt;
    }
}

static void place_superblocks(struct odva_grid *grid)
{
    struct odva_superblock *superblock = grid->superblocks;
    int64_t first_patch = 0;

    for (int y0 = 0; y0 < grid->gy; y0 += SIDE) {
        for (int x0 = 0; x0 < grid->gx; x0 += SIDE, superblock++) {
            *superblock = (struct odva_superblock){
                .y0 = y0,
                .x0 = x0,
                .ny = odva_min(SIDE, grid->gy - y0),
                .nx = odva_min(SIDE, grid->gx - x0),
                .first_patch = first_patch,
            };
            first_patch += (int64_t)grid->gt * superblock->ny * superblock->nx;
            place_superblock(grid, superblock);
        }
    }
}

int odva_grid_init(struct odva_grid *grid, int frames, int width, int height, int basis)
{
    size_t places;

    *grid = (struct odva_grid){.frames = frames, .width = width, .height = height, .basis = basis};
    if (frames < 1 || frames > ONEDVA_MAX_CLIP_FRAMES || basis < 1 || width < 1 || height < 1 ||
        width > ONEDVA_MAX_DIMENSION || height > ONEDVA_MAX_DIMENSION)
        return ONEDVA_ERR_ARGUMENT;
    grid->gt = odva_ceil_div(frames, ODVA_TOKEN_FRAMES);
    grid->gy = odva_ceil_div(height, ODVA_TOKEN_LUMA);
    grid->gx = odva_ceil_div(width, ODVA_TOKEN_LUMA);
    grid->superblocks_y = odva_ceil_div(grid->gy, SIDE);
    grid->superblocks_x = odva_ceil_div(grid->gx, SIDE);
    grid->superblock_count = grid->superblocks_y * grid->superblocks_x;
    grid->patches = (int64_t)grid->gt * grid->gy * grid->gx;
    places = (size_t)grid->gy * grid->gx;
    grid->superblocks = calloc(grid->superblock_count, sizeof(*grid->superblocks));
    grid->place = malloc(places * sizeof(*grid->place));
    grid->tiles = malloc(places * sizeof(*grid->tiles));
    grid->tile_of = malloc(places * sizeof(*grid->tile_of));
    if (!grid->superblocks || !grid->place || !grid->tiles || !grid->tile_of) {
        odva_grid_free(grid);
        return ONEDVA_ERR_NOMEM;
    }
    place_superblocks(grid);
    odva_grid_set_partition(grid, NULL);
    return ONEDVA_OK;
}

void odva_grid_free(struct odva_grid *grid)
{
    free(grid->superblocks);
    free(grid->place);
    free(grid->tiles);
    free(grid->tile_of);
    *grid = (struct odva_grid){0};
}

void odva_tile_rows(int32_t *rows, int nt, int ny, int nx)
{
    int32_t row = 0;

    for (int z = 0; z < SIDE * SIDE; z++) {
        const int y = even_bits(z >> 1), x = even_bits(z);

        if (y >= ny || x >= nx)
            continue;
        for (int t = 0; t < nt; t++)
            rows[(t * ny + y) * nx + x] = row++;
    }
}

enum odva_node odva_grid_node(const struct odva_grid *grid, int level, int y, int x)
{
    const int half = SIDE >> (level + 1);

    if (y >= grid->gy || x >= grid->gx)
        return ODVA_NODE_OUTSIDE;
    return grid->gy - y <= half && grid->gx - x <= half ? ODVA_NODE_IMPLIED : ODVA_NODE_FREE;
}

static void add_tile(struct odva_grid *grid, int superblock, int level, int y0, int x0)
{
    const int side = SIDE >> level;
    struct odva_tile *tile = &grid->tiles[grid->tile_count];

    *tile = (struct odva_tile){
        .y0 = y0,
        .x0 = x0,
        .size = ODVA_TILE_SIZES - 1 - level,
        .nt = grid->gt,
        .ny = odva_min(side, grid->gy - y0),
        .nx = odva_min(side, grid->gx - x0),
        .superblock = superblock,
        .first_patch = grid->place[(size_t)y0 * grid->gx + x0],
    };
    tile->patches = tile->nt * tile->ny * tile->nx;
    tile->tokens = odva_ceil_div(grid->basis * tile->patches, odva_token_length(tile->size));
    for (int y = y0; y < y0 + tile->ny; y++)
        for (int x = x0; x < x0 + tile->nx; x++)
            grid->tile_of[(size_t)y * grid->gx + x] = grid->tile_count;
    grid->tile_count++;
}

static void add_node(struct odva_grid *grid, int superblock, uint32_t splits, int level, int index,
                     int y, int x)
{
    const int half = SIDE >> (level + 1);
    enum odva_node node;

    if (level == ODVA_TILE_SIZES - 1) {
        if (y < grid->gy && x < grid->gx)
            add_tile(grid, superblock, level, y, x);
        return;
    }
    node = odva_grid_node(grid, level, y, x);
    if (node == ODVA_NODE_OUTSIDE)
        return;
    if (node == ODVA_NODE_FREE && !(splits & odva_split_bit(level, index))) {
        add_tile(grid, superblock, level, y, x);
        return;
    }
    for (int i = 0; i < 4; i++)
        add_node(grid, superblock, splits, level + 1, 4 * index + i, y + (i >> 1) * half,
                 x + (i & 1) * half);
}

void odva_grid_set_partition(struct odva_grid *grid, const uint32_t *splits)
{
    grid->tile_count = 0;
    for (int i = 0; i < grid->superblock_count; i++)
        add_node(grid, i, splits ? splits[i] : 0, 0, 0, grid->superblocks[i].y0,
                 grid->superblocks[i].x0);
}
