/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/layer_plan.h"

#include "base/assert.h"

/* Above the least probability in the first of many layers of a refinement, in 1/32: with two layers
 * rates are evenly spaced, in ratio (doc/decisions/layers-sweeps.md). */
#define FIRST_THRESHOLD 18

/* Refinements that a packet of so many layers has, none of them coarser than quantisers can be. */
static int refinements_of(int layers, int qidx)
{
    int refinements = layers < ODVA_MAX_REFINEMENTS ? layers : ODVA_MAX_REFINEMENTS;

    while (refinements > 1 && qidx + (refinements - 1) * ODVA_QIDX_OF_HALVING > ONEDVA_MAX_QIDX)
        refinements--;
    return refinements;
}

/* Least probability of coefficients in a layer of a refinement, in 1/32: the more bits take off,
 * the earlier they come. */
static int threshold_of(int layer, int layers)
{
    return FIRST_THRESHOLD * (layers - 1 - layer) / layers;
}

void odva_layer_plan_init(struct odva_layer_plan *layer_plan, int count, int qidx, int most)
{
    int layer = 0;

    ODVA_ASSERT(count >= 1 && count <= ONEDVA_MAX_LAYERS);
    ODVA_ASSERT(qidx >= ONEDVA_MIN_QIDX && qidx <= ONEDVA_MAX_QIDX);
    ODVA_ASSERT(most >= 1);
    layer_plan->refinements = refinements_of(count, qidx);
    layer_plan->count =
        count < layer_plan->refinements * most ? count : layer_plan->refinements * most;
    for (int refinement = 0; refinement < layer_plan->refinements; refinement++) {
        const int first = layer,
                  end = first + (layer_plan->count + refinement) / layer_plan->refinements;
        for (; layer < end; layer++) {
            layer_plan->refinement[layer] = refinement;
            layer_plan->layer[layer] = (struct odva_layer_range){
                .index = layer,
                .first = first,
                .sweep = refinement > 0 ? layer : first,
                .end = refinement > 0 ? most : most - (end - 1 - layer),
                .threshold = refinement > 0 ? threshold_of(layer - first, end - first) : 0,
            };
        }
    }
}

void odva_layer_plan_of_packet(struct odva_layer_plan *layer_plan, const struct odva_packet *packet)
{
    int first = 0, sweep = 0;

    ODVA_ASSERT(packet->layers >= 1 && packet->layers <= ONEDVA_MAX_LAYERS);
    layer_plan->count = packet->layers;
    layer_plan->refinements = packet->refinements;
    for (int i = 0; i < packet->layers; i++) {
        const struct odva_layer *layer = &packet->layer[i];
        if (i > 0 && layer->refinement > layer[-1].refinement)
            first = i;
        if (i > 0 && layer->sweep > layer[-1].sweep)
            sweep = i;
        layer_plan->refinement[i] = layer->refinement;
        layer_plan->layer[i] = (struct odva_layer_range){
            .index = i,
            .first = first,
            .sweep = sweep,
            .end = (int)layer->token_end,
            .threshold = layer->threshold,
        };
    }
}

/* Ends rise within a sweep, and none is above where it was. */
void odva_layer_plan_set_ends(struct odva_layer_plan *layer_plan,
                              const struct odva_latents *latents)
{
    ODVA_ASSERT(latents->layers == layer_plan->count);
    for (int i = 0; i < layer_plan->count; i++) {
        struct odva_layer_range *layer = &layer_plan->layer[i];
        int longest = i > layer->sweep ? layer_plan->layer[i - 1].end + 1 : 1;
        if (odva_layer_ends_sweep(layer_plan, i))
            continue;
        for (int t = 0; t < latents->grid.tile_count; t++) {
            if (latents->tiles[t].length[i] > longest)
                longest = latents->tiles[t].length[i];
        }
        layer->end = longest;
    }
}
