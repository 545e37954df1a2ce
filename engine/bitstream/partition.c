/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/partition.h"

#include <string.h>

#include "bitstream/adaptive_bit.h"
#include "bitstream/latents.h"
#include "onedva/onedva.h"

#define LEVELS     (ODVA_TILE_SIZES - 1)
#define NEIGHBOURS 3 /* how many of two hold smaller tiles, or predicted ones */
#define COLUMNS    (ONEDVA_MAX_DIMENSION / ODVA_TOKEN_LUMA + 1)

/* A walk over all nodes; exactly one of decoder and encoder is there. */
struct walk {
    struct odva_range_decoder *decoder;
    struct odva_range_encoder *encoder;
    const struct odva_grid *grid;
    int is_inter;
    uint32_t splits;    /* of the superblock */
    uint64_t predicted; /* likewise */
    struct odva_adaptive_bit context[LEVELS][NEIGHBOURS];
    struct odva_adaptive_bit prediction[ODVA_TILE_SIZES][NEIGHBOURS];
    uint8_t above[COLUMNS]; /* size of the last tile in each column, ODVA_TILE_SIZES: none */
    uint8_t left[ODVA_SUPERBLOCK_SIDE]; /* likewise of each row of the superblock */
    uint8_t predicted_above[COLUMNS];   /* whether those tiles are predicted */
    uint8_t predicted_left[ODVA_SUPERBLOCK_SIDE];
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

/* @return whether the tile is predicted */
static int code_prediction(struct walk *walk, int size, int y, int x)
{
    struct odva_adaptive_bit *context =
        &walk->prediction[size][walk->predicted_above[x] +
                                walk->predicted_left[y % ODVA_SUPERBLOCK_SIDE]];
    int predicted;

    if (!walk->is_inter)
        return 0;
    if (!walk->encoder)
        return odva_adaptive_bit_decode(walk->decoder, context);
    predicted = (walk->predicted & odva_token_bit(y, x)) != 0;
    odva_adaptive_bit_encode(walk->encoder, context, predicted);
    return predicted;
}

static void code_tile(struct walk *walk, int level, int y, int x)
{
    const int side = ODVA_SUPERBLOCK_SIDE >> level, size = ODVA_TILE_SIZES - 1 - level;
    const int predicted = code_prediction(walk, size, y, x);

    for (int i = 0; i < side; i++) {
        walk->left[(y + i) % ODVA_SUPERBLOCK_SIDE] = (uint8_t)size;
        walk->predicted_left[(y + i) % ODVA_SUPERBLOCK_SIDE] = (uint8_t)predicted;
        if (x + i < walk->grid->gx) {
            walk->above[x + i] = (uint8_t)size;
            walk->predicted_above[x + i] = (uint8_t)predicted;
        }
        for (int j = 0; j < side && predicted; j++)
            walk->predicted |= odva_token_bit(y + i, x + j);
    }
}

static void code_node(struct walk *walk, int level, int index, int y, int x)
{
    const int half = ODVA_SUPERBLOCK_SIDE >> (level + 1);
    enum odva_node node;

    node = odva_grid_node(walk->grid, level, y, x);
    if (node == ODVA_NODE_OUTSIDE)
        return;
    if (level == LEVELS || (node == ODVA_NODE_FREE && !code_split(walk, level, index, y, x))) {
        code_tile(walk, level, y, x);
        return;
    }
    for (int i = 0; i < 4; i++)
        code_node(walk, level + 1, 4 * index + i, y + (i >> 1) * half, x + (i & 1) * half);
}

static void start(struct walk *walk)
{
    for (int i = 0; i < NEIGHBOURS; i++) {
        for (int level = 0; level < LEVELS; level++)
            walk->context[level][i] = ODVA_ADAPTIVE_BIT_INIT;
        for (int size = 0; size < ODVA_TILE_SIZES; size++)
            walk->prediction[size][i] = ODVA_ADAPTIVE_BIT_INIT;
    }
    memset(walk->above, ODVA_TILE_SIZES, sizeof(walk->above));
}

/* @param splits, predicted of the superblock, where they are encoded */
static void code_superblock(struct walk *walk, const struct odva_superblock *superblock,
                            uint32_t splits, uint64_t predicted)
{
    if (superblock->x0 == 0) {
        memset(walk->left, ODVA_TILE_SIZES, sizeof(walk->left));
        memset(walk->predicted_left, 0, sizeof(walk->predicted_left));
    }
    walk->splits = splits;
    walk->predicted = predicted;
    code_node(walk, 0, 0, superblock->y0, superblock->x0);
}

void odva_partition_decode(struct odva_range_decoder *range, const struct odva_grid *grid,
                           uint32_t *splits, uint64_t *predicted)
{
    struct walk walk = {.decoder = range, .grid = grid, .is_inter = predicted != NULL};

    start(&walk);
    for (int i = 0; i < grid->superblock_count; i++) {
        code_superblock(&walk, &grid->superblocks[i], 0, 0);
        splits[i] = walk.splits;
        if (predicted)
            predicted[i] = walk.predicted;
    }
}

void odva_partition_encode(struct odva_range_encoder *range, const struct odva_grid *grid,
                           const uint32_t *splits, const uint64_t *predicted)
{
    struct walk walk = {.encoder = range, .grid = grid, .is_inter = predicted != NULL};

    start(&walk);
    for (int i = 0; i < grid->superblock_count; i++)
        code_superblock(&walk, &grid->superblocks[i], splits[i], predicted ? predicted[i] : 0);
}
