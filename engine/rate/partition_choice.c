/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/partition_choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "rate/activity_mask.h"
#include "rate/bit_cost.h"

#define LEVELS ODVA_TILE_SIZES
#define SIDE   ODVA_SUPERBLOCK_SIDE

/* What it takes, about, to say whether a tile is predicted, in 1/1024 bits. */
#define PREDICTION_BITS (ODVA_BIT / 2)

/* Splits of a superblock whose tiles are all of a level. */
static const uint32_t uniform[LEVELS] = {0, 0x1, 0x1f, ODVA_ALL_SPLIT};

static void free_trial(struct odva_strip_trial *trial)
{
    odva_latents_free(&trial->latents);
    free(trial->y);
    free(trial->costs);
}

void odva_partition_choice_free(struct odva_partition_choice *choice)
{
    free_trial(&choice->trial[0]);
    free_trial(&choice->trial[1]);
    free(choice->best);
    free(choice->energy);
    free(choice->tokens);
    free(choice->weight);
    *choice = (struct odva_partition_choice){0};
}

/** A clip at work. */
struct run {
    struct odva_partition_choice *choice;
    struct odva_rate_distortion *rd;
    struct odva_scan_cache *scans;
    const struct odva_tile_source *source;
    double index;
    struct odva_latents *latents;
    float *y;
    /* the strip at work begins with */
    int row; /* of tokens */
    int superblock;
    int64_t patch;
};

/* ---- strips ------------------------------------------------------------------------------ */

static int set_trial_size(struct odva_strip_trial *trial, const struct run *run,
                          struct odva_clip_size size)
{
    const int status =
        odva_latents_set_shape(&trial->latents, run->scans, run->latents->detail, size);
    const struct odva_grid *grid = &trial->latents.grid;

    if (status < 0)
        return status;
    trial->y = odva_reserve(trial->y, &trial->y_capacity, odva_latents_count(&trial->latents),
                            sizeof(*trial->y));
    trial->costs = odva_reserve(trial->costs, &trial->cost_capacity, (size_t)grid->gy * grid->gx,
                                sizeof(*trial->costs));
    return trial->y && trial->costs ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* Begin with the strip of a row of superblocks. */
static int set_strip(struct run *run, int row)
{
    const struct odva_grid *grid = &run->latents->grid;
    struct odva_partition_choice *choice = run->choice;
    const int top = row * SIDE * ODVA_TOKEN_LUMA;
    const struct odva_clip_size size = {grid->frames, grid->width,
                                        odva_min(grid->height - top, SIDE * ODVA_TOKEN_LUMA)};
    int status = ONEDVA_OK;

    run->row = row * SIDE;
    run->superblock = row * grid->superblocks_x;
    run->patch = grid->superblocks[run->superblock].first_patch;
    for (int i = 0; i < (run->source->subtract ? 2 : 1) && status == ONEDVA_OK; i++)
        status = set_trial_size(&choice->trial[i], run, size);
    choice->best = odva_reserve(choice->best, &choice->best_capacity, (size_t)SIDE * grid->gx,
                                sizeof(*choice->best));
    choice->energy = odva_reserve(choice->energy, &choice->energy_capacity, (size_t)SIDE * grid->gx,
                                  sizeof(*choice->energy));
    if (!choice->best || !choice->energy)
        return ONEDVA_ERR_NOMEM;
    return status;
}

static void cut_uniformly(struct odva_latents *latents, int level)
{
    for (int i = 0; i < latents->grid.superblock_count; i++)
        latents->splits[i] = uniform[level];
    odva_latents_set_partition(latents);
}

static int transform(const struct run *run)
{
    struct odva_strip_trial *trial = &run->choice->trial[0];

    return run->source->transform(run->source->opaque, &trial->latents, run->patch, trial->y);
}

static int measure(const struct run *run, struct odva_strip_trial *trial)
{
    const double *weights = odva_partition_choice_weights(run->choice);
    const double *weight = weights ? weights + run->superblock : NULL;
    int64_t bits;

    return odva_rate_distortion_run(run->rd, &trial->latents, trial->y, run->index, weight, &bits,
                                    trial->costs);
}

/* What the tiles cost that are predicted. */
static int measure_predicted(const struct run *run)
{
    struct odva_partition_choice *choice = run->choice;
    const struct odva_strip_trial *plain = &choice->trial[0];
    struct odva_strip_trial *trial = &choice->trial[1];
    int status;

    status = run->source->subtract(run->source->opaque, &trial->latents, run->patch, plain->y,
                                   trial->y, choice->energy);
    if (status == ONEDVA_OK)
        status = measure(run, trial);
    for (int i = 0; i < trial->latents.grid.tile_count && status == ONEDVA_OK; i++)
        if (!trial->latents.tiles[i].is_left_out)
            trial->costs[i].cost += choice->energy[i];
    return status;
}

/* ---- nodes ------------------------------------------------------------------------------- */

/* Place of a tile's node among those of its level, along the z-curve. */
static int node_index(const struct odva_tile *tile)
{
    const int y = tile->y0 % SIDE >> tile->size, x = tile->x0 % SIDE >> tile->size;
    int index = 0;

    for (int bit = 0; bit < LEVELS - 1; bit++)
        index |= (x >> bit & 1) << 2 * bit | (y >> bit & 1) << (2 * bit + 1);
    return index;
}

/* Split bits of all that lies within a node. */
static uint32_t splits_within(int level, int index)
{
    uint32_t bits = 0;

    for (int below = level + 1, count = 4; below < LEVELS - 1; below++, count *= 4)
        for (int i = 0; i < count; i++)
            bits |= odva_split_bit(below, count * index + i);
    return bits;
}

static struct odva_tile_cost *best_at(const struct run *run, int y, int x)
{
    return &run->choice->best[(size_t)y * run->latents->grid.gx + x];
}

/* What the best costs that was found of a node's quarters. */
static struct odva_tile_cost cost_of_parts(const struct run *run, const struct odva_tile *tile)
{
    const struct odva_grid *strip = &run->choice->trial[0].latents.grid;
    const int half = 1 << tile->size >> 1;
    struct odva_tile_cost sum = {0};

    for (int i = 0; i < 4; i++) {
        const int y = tile->y0 + (i >> 1) * half, x = tile->x0 + (i & 1) * half;

        if (y >= strip->gy || x >= strip->gx)
            continue;
        sum.cost += best_at(run, y, x)->cost;
        sum.bits += best_at(run, y, x)->bits;
    }
    return sum;
}

/* Parts that have at least one token each must not together have more than is allowed. */
static int may_split(const struct run *run, int size)
{
    return odva_token_share(size - 1, run->rd->max_tokens) > 0;
}

/* Take a tile over from a trial. */
static void take_tile(const struct run *run, int is_predicted, int index)
{
    const struct odva_strip_trial *trial = &run->choice->trial[is_predicted];
    const struct odva_latent_tile *tile = &trial->latents.tiles[index];
    const struct odva_tile *place = &trial->latents.grid.tiles[index];
    const struct odva_latents *latents = run->latents;
    const size_t offset = (size_t)run->patch * latents->basis + tile->offset;
    uint64_t *predicted = &latents->predicted[run->superblock + place->superblock];

    memcpy(latents->q + offset, trial->latents.q + tile->offset,
           odva_coefficients_of(tile, tile->tokens) * sizeof(*latents->q));
    memcpy(run->y + offset, trial->y + tile->offset, tile->coefficients * sizeof(*run->y));
    run->choice->tokens[(size_t)(run->row + place->y0) * latents->grid.gx + place->x0] =
        tile->tokens;
    for (int y = place->y0; y < place->y0 + place->ny; y++)
        for (int x = place->x0; x < place->x0 + place->nx; x++)
            *predicted = is_predicted ? *predicted | odva_token_bit(y, x)
                                      : *predicted & ~odva_token_bit(y, x);
}

/* Whether a node's quarters are taken instead of its tile. */
static int is_split(const struct run *run, const struct odva_tile *tile, double tile_cost,
                    double parts_cost)
{
    const int asked = run->choice->tile_size;

    return asked ? ODVA_TOKEN_LUMA << tile->size > asked : parts_cost < tile_cost;
}

/* Let a node be a tile, or leave it split. */
static void choose_node(const struct run *run, int level, int index)
{
    const struct odva_tile *tile = &run->choice->trial[0].latents.grid.tiles[index];
    const int superblock = run->superblock + tile->superblock, node = node_index(tile);
    const int is_predicted = run->source->subtract && run->choice->trial[1].costs[index].cost <
                                                          run->choice->trial[0].costs[index].cost;
    const double bit = odva_rate_distortion_lambda(run->index) *
                       (run->choice->masking > 0 ? run->choice->weight[superblock] : 1);
    const int node_bits = level < LEVELS - 1 ? ODVA_BIT : 0;
    struct odva_tile_cost one = run->choice->trial[is_predicted].costs[index], parts;

    if (run->source->subtract) {
        one.cost += bit * PREDICTION_BITS;
        one.bits += PREDICTION_BITS;
    }
    if (level < LEVELS - 1 && may_split(run, tile->size)) {
        parts = cost_of_parts(run, tile);
        if (is_split(run, tile, one.cost, parts.cost)) {
            run->latents->splits[superblock] |= odva_split_bit(level, node);
            parts.cost += bit * node_bits;
            parts.bits += node_bits;
            *best_at(run, tile->y0, tile->x0) = parts;
            return;
        }
    }
    run->latents->splits[superblock] &= ~splits_within(level, node);
    one.cost += bit * node_bits;
    one.bits += node_bits;
    *best_at(run, tile->y0, tile->x0) = one;
    take_tile(run, is_predicted, index);
}

/* ---- trials ------------------------------------------------------------------------------ */

/* The strip in tiles of one size. */
static void cut(const struct run *run, int level)
{
    for (int i = 0; i < (run->source->subtract ? 2 : 1); i++)
        cut_uniformly(&run->choice->trial[i].latents, level);
}

/* Whether one of a node's quarters is split. */
static int has_split_quarter(const struct run *run, const struct odva_tile *tile, int level)
{
    const uint32_t splits = run->latents->splits[run->superblock + tile->superblock];
    uint32_t quarters = 0;

    for (int i = 0; i < 4 && level + 1 < LEVELS - 1; i++)
        quarters |= odva_split_bit(level + 1, 4 * node_index(tile) + i);
    return (splits & quarters) != 0;
}

/* Leave out tiles of which a quarter costs less when it is split, too, and those of nodes that are
 * implied. */
static void leave_out_large(const struct run *run, int level)
{
    const struct odva_grid *strip = &run->choice->trial[0].latents.grid;

    for (int i = 0; i < strip->tile_count; i++) {
        const struct odva_tile *tile = &strip->tiles[i];
        const int size = LEVELS - 1 - level;
        const int is_left_out = tile->size != size || (size > 0 && may_split(run, size) &&
                                                       has_split_quarter(run, tile, level));

        for (int p = 0; p < (run->source->subtract ? 2 : 1); p++)
            run->choice->trial[p].latents.tiles[i].is_left_out = is_left_out;
    }
}

/* Try the tiles of a level. */
static int try_level(const struct run *run, int level)
{
    int status;

    cut(run, level);
    if (run->choice->prunes && !run->choice->tile_size)
        leave_out_large(run, level);
    status = transform(run);
    if (status == ONEDVA_OK)
        status = measure(run, &run->choice->trial[0]);
    if (status == ONEDVA_OK && run->source->subtract)
        status = measure_predicted(run);
    return status;
}

/* ---- clips ------------------------------------------------------------------------------- */

static int choose_strip(struct run *run, int64_t *bits)
{
    const struct odva_grid *strip = &run->choice->trial[0].latents.grid;

    for (int level = LEVELS - 1; level >= 0; level--) {
        const int status = try_level(run, level);

        if (status < 0)
            return status;
        for (int i = 0; i < strip->tile_count; i++)
            if (strip->tiles[i].size ==
                LEVELS - 1 - level) /* others are of nodes that are implied */
                choose_node(run, level, i);
    }
    for (int i = 0; i < strip->superblock_count; i++)
        *bits += best_at(run, 0, strip->superblocks[i].x0)->bits;
    return ONEDVA_OK;
}

/* How much each superblock's activity hides. */
static int weigh_superblocks(struct run *run)
{
    struct odva_partition_choice *choice = run->choice;
    const struct odva_grid *grid = &run->latents->grid;

    for (int row = 0; row < grid->superblocks_y; row++) {
        int status = set_strip(run, row);

        if (status == ONEDVA_OK) {
            cut(run, 0);
            status = transform(run);
        }
        if (status < 0)
            return status;
        odva_activity_measure(&choice->trial[0].latents, choice->trial[0].y,
                              choice->weight + run->superblock);
    }
    odva_activity_weights(choice->weight, grid->superblock_count, run->choice->masking);
    return ONEDVA_OK;
}

/* Cut the clip as was chosen, and give its tiles their tokens. */
static void set_partition(const struct run *run)
{
    struct odva_latents *latents = run->latents;
    const struct odva_grid *grid = &latents->grid;

    odva_latents_set_partition(latents);
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *place = &grid->tiles[i];

        latents->tiles[i].tokens = latents->tiles[i].length[0] =
            run->choice->tokens[(size_t)place->y0 * grid->gx + place->x0];
    }
    latents->layers = 1;
    latents->qidx = odva_qidx_of(run->index);
    memset(latents->seen, ODVA_CODED, odva_latents_count(latents));
}

int odva_partition_choice_run(struct odva_partition_choice *choice, struct odva_rate_distortion *rd,
                              struct odva_scan_cache *scans, const struct odva_tile_source *source,
                              double index, struct odva_latents *latents, float *y, int64_t *bits)
{
    struct run run = {choice, rd, scans, source, index, latents, y, 0, 0, 0};
    const struct odva_grid *grid = &latents->grid;
    const size_t places = (size_t)grid->gy * grid->gx;
    int status = ONEDVA_OK;

    ODVA_ASSERT(odva_qidx_of(index) >= ONEDVA_MIN_QIDX && odva_qidx_of(index) <= ONEDVA_MAX_QIDX);
    latents->is_inter = source->subtract != NULL;
    choice->tokens =
        odva_reserve(choice->tokens, &choice->token_capacity, places, sizeof(*choice->tokens));
    choice->weight = odva_reserve(choice->weight, &choice->weight_capacity, grid->superblock_count,
                                  sizeof(*choice->weight));
    if (!choice->tokens || !choice->weight)
        return ONEDVA_ERR_NOMEM;
    memset(latents->splits, 0, grid->superblock_count * sizeof(*latents->splits));
    if (choice->masking > 0)
        status = weigh_superblocks(&run);
    *bits = 0;
    for (int row = 0; row < grid->superblocks_y && status == ONEDVA_OK; row++) {
        status = set_strip(&run, row);
        if (status == ONEDVA_OK)
            status = choose_strip(&run, bits);
    }
    if (status == ONEDVA_OK)
        set_partition(&run);
    return status;
}
