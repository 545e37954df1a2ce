/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Quantised latents of every kind, to code without pixels. */
#ifndef ODVA_RANDOM_LATENTS_H
#define ODVA_RANDOM_LATENTS_H

#include <string.h>

#include "bitstream/latents.h"
#include "bitstream/layer_plan.h"
#include "bitstream/symbol_context.h"
#include "onedva/onedva.h"
#include "tests/support/test.h"

/* Mostly small values, now and then up to the largest. */
static inline int32_t random_level(struct random *random)
{
    const int kind = random_below(random, 64);
    int32_t level = 0;

    if (kind == 0)
        level = random_below(random, ODVA_MAX_LEVEL + 1);
    else if (kind < 4)
        level = random_below(random, 40);
    else if (kind < 24)
        level = random_below(random, 4);
    return random_below(random, 2) ? -level : level;
}

/* Lengths of a tile's layers: they rise within a sweep, as its ends allow, none is longer than its
 * refinement, and no refinement is shorter than the one before; the tile's tokens are the last
 * one's. */
static inline void random_lengths(struct random *random, struct odva_latent_tile *tile,
                                  const struct odva_layer_plan *layer_plan)
{
    int whole = tile->tokens;

    tile->length[layer_plan->count - 1] = tile->tokens;
    for (int i = layer_plan->count - 2; i >= 0; i--) {
        const int most = odva_layer_ends_sweep(layer_plan, i) ? whole : tile->length[i + 1];
        const int length = random_below(random, most + 1);
        const int end = layer_plan->layer[i].end;
        tile->length[i] = length < end ? length : end;
        if (odva_layer_ends_refinement(layer_plan, i))
            whole = tile->length[i];
    }
}

/* Nodes that are split: none, all, or some; also such as are not there or not free to choose. */
static inline uint32_t random_splits(struct random *random)
{
    const int kind = random_below(random, 8);
    const uint32_t bits = (uint32_t)random_u64(random);

    if (kind < 2)
        return kind ? UINT32_MAX : 0;
    return kind < 5 ? bits : bits & (uint32_t)random_u64(random);
}

static inline void random_partition(struct random *random, struct odva_latents *latents)
{
    for (int i = 0; i < latents->grid.superblock_count; i++)
        latents->splits[i] = random_splits(random);
    odva_latents_set_partition(latents);
}

/* An inter clip of this partition: some tiles are predicted, or none, or all. */
static inline void random_prediction(struct random *random, struct odva_latents *latents)
{
    const int kind = random_below(random, 4);

    latents->is_inter = 1;
    memset(latents->predicted, 0, latents->grid.superblock_count * sizeof(*latents->predicted));
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_tile *place = &latents->grid.tiles[i];

        if (kind < 2 ? kind : random_below(random, 2))
            for (int p = 0; p < place->ny * place->nx; p++)
                latents->predicted[place->superblock] |=
                    odva_token_bit(place->y0 + p / place->nx, place->x0 + p % place->nx);
    }
}

/* Set a clip's size, detail, partition, qidx, lengths for so many layers and coefficients; those
 * behind a tile's tokens are 0. */
static inline void random_latents(struct random *random, struct odva_latents *latents,
                                  struct odva_scan_cache *scans, int frames, int width, int height,
                                  struct odva_layer_plan *layer_plan, int layers)
{
    const struct odva_clip_size size = {frames, width, height};

    assert_int_equal(
        odva_latents_set_size(latents, scans, random_below(random, ODVA_DETAILS), size), ONEDVA_OK);
    random_partition(random, latents);
    latents->qidx = ONEDVA_MIN_QIDX + random_below(random, 128);
    latents->smoothing = random_below(random, ODVA_SMOOTHINGS);
    odva_layer_plan_init(layer_plan, layers, latents->qidx, odva_tile_tokens(latents->basis));
    latents->layers = layer_plan->count;
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        int count;
        tile->tokens = random_below(random, tile->max_tokens + 1);
        if (random_below(random, 3) == 0)
            tile->tokens = random_below(random, 2) ? tile->max_tokens : 0;
        random_lengths(random, tile, layer_plan);
        count = odva_coefficients_of(tile, tile->tokens);
        for (int c = 0; c < tile->coefficients; c++)
            latents->q[tile->offset + c] = c < count ? random_level(random) : 0;
    }
    odva_layer_plan_set_ends(layer_plan, latents);
}

#endif
