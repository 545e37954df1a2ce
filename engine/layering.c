/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "layering.h"

/* Above the least probability in the first of many layers of a pass, in 1/32: with two layers
 * rates are evenly spaced, in ratio (doc/decisions.md). */
#define FIRST_THRESHOLD 18

/* Passes that a packet of so many layers has, none of them coarser than quantisers can be. */
static int passes_of(int layers, int qidx)
{
    int passes = layers < ODVA_MAX_PASSES ? layers : ODVA_MAX_PASSES;

    while (passes > 1 && qidx + (passes - 1) * ODVA_QIDX_OF_HALVING > ONEDVA_MAX_QIDX)
        passes--;
    return passes;
}

/* Least probability of coefficients in a layer of a pass, in 1/32: the more bits take off, the
 * earlier they come. */
static int threshold_of(int layer, int layers)
{
    return FIRST_THRESHOLD * (layers - 1 - layer) / layers;
}

void odva_layering_init(struct odva_layering *layering, int count, int qidx, int most)
{
    int layer = 0;

    layering->passes = passes_of(count, qidx);
    layering->count = count < layering->passes * most ? count : layering->passes * most;
    for (int pass = 0; pass < layering->passes; pass++) {
        const int first = layer, end = first + (layering->count + pass) / layering->passes;
        for (; layer < end; layer++) {
            layering->pass[layer] = pass;
            layering->layer[layer] = (struct odva_layer_range){
                .index = layer,
                .first = first,
                .sweep = pass > 0 ? layer : first,
                .end = pass > 0 ? most : most - (end - 1 - layer),
                .threshold = pass > 0 ? threshold_of(layer - first, end - first) : 0,
            };
        }
    }
}

void odva_layering_of_packet(struct odva_layering *layering, const struct odva_packet *packet)
{
    int first = 0, sweep = 0;

    layering->count = packet->layers;
    layering->passes = packet->passes;
    for (int i = 0; i < packet->layers; i++) {
        const struct odva_layer *layer = &packet->layer[i];
        if (i > 0 && layer->pass > layer[-1].pass)
            first = i;
        if (i > 0 && layer->sweep > layer[-1].sweep)
            sweep = i;
        layering->pass[i] = layer->pass;
        layering->layer[i] = (struct odva_layer_range){
            .index = i,
            .first = first,
            .sweep = sweep,
            .end = (int)layer->token_end,
            .threshold = layer->threshold,
        };
    }
}

/* Ends rise within a sweep, and none is above where it was. */
void odva_layering_set_ends(struct odva_layering *layering, const struct odva_latents *latents)
{
    for (int i = 0; i < layering->count; i++) {
        struct odva_layer_range *layer = &layering->layer[i];
        int longest = i > layer->sweep ? layering->layer[i - 1].end + 1 : 1;
        if (odva_layer_ends_sweep(layering, i))
            continue;
        for (int t = 0; t < latents->grid.tile_count; t++) {
            if (latents->tiles[t].length[i] > longest)
                longest = latents->tiles[t].length[i];
        }
        layer->end = longest;
    }
}
