/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/partition.h"

#include <string.h>

#include "bitstream/adaptive_bit.h"
#include "onedva/onedva.h"

#define LEVELS     (ODVA_TILE_SIZES - 1)
#define NEIGHBOURS 3 /* how many of two hold smaller tiles */
#define COLUMNS    (ONEDVA_MAX_DIMENSION / ODVA_TOKEN_LUMA + 1)

/* A walk over all nodes; exactly one of decoder and encoder is there. */
struct walk {
    struct odva_range_decoder *decoder;
    struct odva_range_encoder *encoder;
    const struct odva_grid *grid;
    uint32_t splits; /* of the superblock */
    struct odva_adaptive_bit context[LEVELS][NEIGHBOURS];
    uint8_t above[COLUMNS]; /* size of the last tile in each column, ODVA_TILE_SIZES: none */
    uint8_t left[ODVA_SUPERBLOCK_SIDE]; /* likewise of each row of the superblock */
};

static int code_split(struct walk *walk, int level, int index, int y, int x)
{
    const int size = ODVA_TILE_SIZES - 1 - level;
    struct odva_adaptive_bit *context =
        &walk->context[level]
                      [(walk->above[x] < size) + (walk->left[y % ODVA_SUPERBLOCK_SIDE] < size)];
    const uint32_t bit = odva_split_bit(level, index);
    int split;

    if (walk->encoder) {
        split = (walk->splits & bit) != 0;
        odva_adaptive_bit_encode(walk->encoder, context, split);
        return split;
    }
    split = odva_adaptive_bit_decode(walk->decoder, context);
    if (split)
        walk->splits |= bit;
    return split;
}

static void note_tile(struct walk *walk, int level, int y, int x)
{
    const int side = ODVA_SUPERBLOCK_SIDE >> level;

    for (int i = 0; i < side; i++) {
        walk->left[(y + i) % ODVA_SUPERBLOCK_SIDE] = (uint8_t)(ODVA_TILE_SIZES - 1 - level);
        if (x + i < walk->grid->gx)
            walk->above[x + i] = (uint8_t)(ODVA_TILE_SIZES - 1 - level);
    }
}

static void code_node(struct walk *walk, int level, int index, int y, int x)
{
    const int half = ODVA_SUPERBLOCK_SIDE >> (level + 1);
    enum odva_node node;

    if (level == LEVELS) {
        note_tile(walk, level, y, x);
        return;
    }
    node = odva_grid_node(walk->grid, level, y, x);
    if (node == ODVA_NODE_OUTSIDE)
        return;
    if (node == ODVA_NODE_FREE && !code_split(walk, level, index, y, x)) {
        note_tile(walk, level, y, x);
        return;
    }
    for (int i = 0; i < 4; i++)
        code_node(walk, level + 1, 4 * index + i, y + (i >> 1) * half, x + (i & 1) * half);
}

static void start(struct walk *walk)
{
    for (int level = 0; level < LEVELS; level++)
        for (int i = 0; i < NEIGHBOURS; i++)
            walk->context[level][i] = ODVA_ADAPTIVE_BIT_INIT;
    memset(walk->above, ODVA_TILE_SIZES, sizeof(walk->above));
}

/* @param splits of the superblock, where they are encoded */
static void code_superblock(struct walk *walk, const struct odva_superblock *superblock,
                            uint32_t splits)
{
    if (superblock->x0 == 0)
        memset(walk->left, ODVA_TILE_SIZES, sizeof(walk->left));
    walk->splits = splits;
    code_node(walk, 0, 0, superblock->y0, superblock->x0);
}

void odva_partition_decode(struct odva_range_decoder *range, const struct odva_grid *grid,
                           uint32_t *splits)
{
    struct walk walk = {.decoder = range, .grid = grid};

    start(&walk);
    for (int i = 0; i < grid->superblock_count; i++) {
        code_superblock(&walk, &grid->superblocks[i], 0);
        splits[i] = walk.splits;
    }
}

void odva_partition_encode(struct odva_range_encoder *range, const struct odva_grid *grid,
                           const uint32_t *splits)
{
    struct walk walk = {.encoder = range, .grid = grid};

    start(&walk);
    for (int i = 0; i < grid->superblock_count; i++)
        code_superblock(&walk, &grid->superblocks[i], splits[i]);
}
