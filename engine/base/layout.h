/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The token grid of a clip, its superblocks and their tiles (doc/bitstream.md, section 4). */
#ifndef ODVA_LAYOUT_H
#define ODVA_LAYOUT_H

#include <stdint.h>

#define ODVA_TOKEN_FRAMES    4
#define ODVA_TOKEN_LUMA      16
#define ODVA_TOKEN_CHROMA    8
#define ODVA_FRAME_SAMPLES   384  /* of a token in one frame: 16*16 + 2*8*8 */
#define ODVA_PATCH_SAMPLES   1536 /* of its 4 frames */
#define ODVA_BANDS           4    /* frequencies of the transform over a token's frames */
#define ODVA_MOST_COEFS      1536 /* of a patch: ODVA_BANDS x ODVA_FRAME_SAMPLES */
#define ODVA_DETAILS         4    /* how many coefficients a clip's patches may have */
#define ODVA_SUPERBLOCK_SIDE 8    /* tokens */
#define ODVA_TILE_SIZES      4    /* sides of 1, 2, 4, 8 tokens: a tile's size is the side's log2 */
#define ODVA_TILE_FRAMES     4    /* tokens, at most */
#define ODVA_TILE_PATCHES    256  /* at most */
#define ODVA_LATENT_TOKEN    32   /* coefficients per latent token of the largest tiles */

/* Nodes of a superblock's tree that may be split: one of side 8, 4 of 4, 16 of 2. */
#define ODVA_ALL_SPLIT 0x1fffffu

/** The coefficients of a patch: of each band those of the basis' first vectors, band by band. */
struct odva_bands {
    int count[ODVA_BANDS];
    int basis; /* K, all of them */
};

/** Coefficients per latent token of tiles of a size. */
static inline int odva_token_length(int size)
{
    static const int8_t length[ODVA_TILE_SIZES] = {8, 8, 16, ODVA_LATENT_TOKEN};

    return length[size];
}

/** Latent tokens of the largest tile. @param basis K */
static inline int odva_tile_tokens(int basis)
{
    return basis * ODVA_TILE_PATCHES / ODVA_LATENT_TOKEN;
}

/** Latent tokens that are for the area of a tile of a size what so many are for the largest's. */
static inline int odva_token_share(int size, int tokens)
{
    static const int8_t shift[ODVA_TILE_SIZES] = {4, 2, 1, 0};

    return tokens >> shift[size];
}

/** Latent tokens that a tile of a size may have where the largest may have so many. */
static inline int odva_token_limit(int size, int tokens)
{
    const int share = odva_token_share(size, tokens);

    return share > 1 ? share : 1;
}

/** A tile: patches [y0, y0+ny) x [x0, x0+nx) of the grid over all nt token times. */
struct odva_tile {
    int y0, x0;
    int size; /* log2 of the side that it has where the picture's end does not cut it */
    int nt, ny, nx;
    int superblock;
    int patches;         /* nt*ny*nx */
    int64_t first_patch; /* patches of all tiles before: tiles are stored one after the other */
    int tokens;          /* latent tokens: ceil(K*patches / odva_token_length(size)) */
};

/** All 0: of no clip. */
struct odva_clip_size {
    int frames, width, height;
};

/** 8 x 8 patches and what the picture's end leaves of them, over all token times. */
struct odva_superblock {
    int y0, x0;
    int ny, nx;
    int64_t first_patch;
};

/**
 * The grid of a clip. Patches are stored superblock after superblock, row by row; in each of them
 * in the order of their z-curve, the patches of one place (all token times) one after the other. So
 * the patches of any tile are stored one after the other, whatever the superblock's partition is.
 */
struct odva_grid {
    int frames, width, height;
    int basis; /* K */
    int gt, gy, gx;
    int superblocks_y, superblocks_x, superblock_count;
    int64_t patches;
    struct odva_superblock *superblocks;
    int32_t *place; /* [gy][gx]: where the patches of that place are stored */
    /* the partition */
    int tile_count;
    struct odva_tile *tiles; /* room for gy*gx */
    int32_t *tile_of;        /* [gy][gx] */
};

/**
 * Fill in a grid whose superblocks are not split.
 * @param basis K @return ONEDVA_OK, ONEDVA_ERR_ARGUMENT or ONEDVA_ERR_NOMEM
 */
int odva_grid_init(struct odva_grid *grid, int frames, int width, int height, int basis);
void odva_grid_free(struct odva_grid *grid);

/** Patch (t, y, x) of a tile of ny x nx patches is stored as the tile's patch rows[(t*ny + y)*nx +
 * x]. */
void odva_tile_rows(int32_t *rows, int nt, int ny, int nx);

/** A node of a superblock's tree. @param level 0: side 8, 1: 4, 2: 2 @param index along the z-curve
 * @return its bit in the superblock's splits */
static inline uint32_t odva_split_bit(int level, int index)
{
    return UINT32_C(1) << ((level == 0 ? 0 : level == 1 ? 1 : 5) + index);
}

/** How a node of a superblock's tree can be cut. */
enum odva_node {
    ODVA_NODE_OUTSIDE, /* of the picture */
    ODVA_NODE_IMPLIED, /* it is its first quarter and cut as that */
    ODVA_NODE_FREE,
};

/** @param y, x its first patch in the grid */
enum odva_node odva_grid_node(const struct odva_grid *grid, int level, int y, int x);

/**
 * Set the partition.
 * @param splits for each superblock: bits of the nodes that are split (odva_split_bit); those of
 *               nodes that do not exist, or are not free to choose, mean nothing
 */
void odva_grid_set_partition(struct odva_grid *grid, const uint32_t *splits);

static inline struct odva_clip_size odva_grid_clip_size(const struct odva_grid *grid)
{
    return (struct odva_clip_size){grid->frames, grid->width, grid->height};
}

/** Whether a clip of this size has this grid, but for the partition. */
static inline int odva_grid_fits(const struct odva_grid *grid, struct odva_clip_size size)
{
    return grid->frames == size.frames && grid->width == size.width && grid->height == size.height;
}

#endif
