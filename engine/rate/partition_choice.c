/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/partition_choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/reserve.h"
#include "rate/bit_cost.h"

#define LEVELS ODVA_TILE_SIZES

/* Splits of a superblock whose tiles are all of a level. */
static const uint32_t uniform[LEVELS] = {0, 0x1, 0x1f, ODVA_ALL_SPLIT};

void odva_partition_choice_free(struct odva_partition_choice *choice)
{
    for (int level = 0; level < LEVELS; level++) {
        odva_latents_free(&choice->level[level].latents);
        free(choice->level[level].y);
        free(choice->level[level].costs);
    }
    *choice = (struct odva_partition_choice){0};
}

static int set_level_size(struct odva_tile_level *level, struct odva_scan_cache *scans, int detail,
                          struct odva_clip_size size, uint32_t splits)
{
    struct odva_latents *latents = &level->latents;
    const int status = odva_latents_set_shape(latents, scans, detail, size);

    if (status < 0)
        return status;
    for (int i = 0; i < latents->grid.superblock_count; i++)
        latents->splits[i] = splits;
    odva_latents_set_partition(latents);
    level->y =
        odva_reserve(level->y, &level->y_capacity, odva_latents_count(latents), sizeof(*level->y));
    level->costs = odva_reserve(level->costs, &level->cost_capacity, latents->grid.tile_count,
                                sizeof(*level->costs));
    return level->y && level->costs ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

int odva_partition_choice_set_size(struct odva_partition_choice *choice,
                                   struct odva_scan_cache *scans, int detail,
                                   struct odva_clip_size size)
{
    int status = ONEDVA_OK;

    for (int level = 0; level < LEVELS && status == ONEDVA_OK; level++)
        status = set_level_size(&choice->level[level], scans, detail, size, uniform[level]);
    return status;
}

/* A superblock being cut. */
struct cut {
    const struct odva_partition_choice *choice;
    const struct odva_grid *grid;
    double split_cost; /* of a node's bit */
    int max_tokens;    /* as of odva_rate_distortion */
    uint32_t splits;
};

/* Parts that have at least one token each must not together have more than is allowed. */
static int may_split(const struct cut *cut, int level)
{
    return odva_token_share(ODVA_TILE_SIZES - 2 - level, cut->max_tokens) > 0;
}

/* @return cost of a node cut in the best way, which is set */
static struct odva_tile_cost cut_node(struct cut *cut, int level, int index, int y, int x)
{
    const struct odva_tile_level *whole = &cut->choice->level[level];
    const enum odva_node node =
        level == LEVELS - 1 ? ODVA_NODE_FREE : odva_grid_node(cut->grid, level, y, x);
    const int half = ODVA_SUPERBLOCK_SIDE >> (level + 1);
    struct odva_tile_cost parts = {0}, one;

    if (y >= cut->grid->gy || x >= cut->grid->gx)
        return parts;
    one = whole->costs[whole->latents.grid.tile_of[(size_t)y * cut->grid->gx + x]];
    if (level == LEVELS - 1)
        return one;
    for (int i = 0; i < 4; i++) {
        const struct odva_tile_cost part =
            cut_node(cut, level + 1, 4 * index + i, y + (i >> 1) * half, x + (i & 1) * half);
        parts.cost += part.cost;
        parts.bits += part.bits;
    }
    if (node == ODVA_NODE_IMPLIED)
        return parts;
    if (parts.cost < one.cost && may_split(cut, level)) {
        cut->splits |= odva_split_bit(level, index);
        one = parts;
    } else {
        for (int below = level + 1; below < LEVELS - 1; below++) {
            const int count = 1 << 2 * (below - level);
            for (int i = 0; i < count; i++)
                cut->splits &= ~odva_split_bit(below, count * index + i);
        }
    }
    one.cost += cut->split_cost;
    one.bits += ODVA_BIT;
    return one;
}

/* Take tiles over from the levels that the partition chose them of. */
static void take_tiles(struct odva_partition_choice *choice, struct odva_latents *latents, float *y)
{
    const struct odva_grid *grid = &latents->grid;

    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *place = &grid->tiles[i];
        const struct odva_tile_level *level = &choice->level[LEVELS - 1 - place->size];
        const int other = level->latents.grid.tile_of[(size_t)place->y0 * grid->gx + place->x0];
        struct odva_latent_tile *tile = &latents->tiles[i];

        tile->tokens = level->latents.tiles[other].tokens;
        tile->length[0] = tile->tokens;
        memcpy(latents->q + tile->offset, level->latents.q + tile->offset,
               tile->coefficients * sizeof(*latents->q));
        memcpy(y + tile->offset, level->y + tile->offset, tile->coefficients * sizeof(*y));
    }
    memset(latents->seen, ODVA_CODED, odva_latents_count(latents));
}

int odva_partition_choice_run(struct odva_partition_choice *choice, struct odva_rate_distortion *rd,
                              double index, struct odva_latents *latents, float *y, int64_t *bits)
{
    struct cut cut = {.choice = choice, .grid = &latents->grid, .max_tokens = rd->max_tokens};

    for (int level = 0; level < LEVELS; level++) {
        struct odva_tile_level *l = &choice->level[level];
        int64_t level_bits;
        const int status =
            odva_rate_distortion_run(rd, &l->latents, l->y, index, &level_bits, l->costs);

        if (status < 0)
            return status;
    }
    *bits = 0;
    for (int i = 0; i < latents->grid.superblock_count; i++) {
        const struct odva_superblock *superblock = &latents->grid.superblocks[i];

        cut.splits = 0;
        cut.split_cost =
            odva_rate_distortion_lambda(index) * ODVA_BIT * (rd->masking > 0 ? rd->weight[i] : 1);
        *bits += cut_node(&cut, 0, 0, superblock->y0, superblock->x0).bits;
        latents->splits[i] = cut.splits;
    }
    odva_latents_set_partition(latents);
    latents->qidx = choice->level[0].latents.qidx;
    latents->layers = 1;
    take_tiles(choice, latents, y);
    return ONEDVA_OK;
}
