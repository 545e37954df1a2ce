/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "layering.h"

/* Passes that a packet of so many layers has, none of them coarser than quantisers can be. */
static int passes_of(int layers, int qidx)
{
    int passes = layers < ODVA_MAX_PASSES ? layers : ODVA_MAX_PASSES;

    while (passes > 1 && qidx + (passes - 1) * ODVA_QIDX_OF_HALVING > ONEDVA_MAX_QIDX)
        passes--;
    return passes;
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
            layering->layer[layer] =
                (struct odva_layer_range){layer, first, most - (end - 1 - layer)};
        }
    }
}

/* Ends rise within a pass, and none is above where it was. */
void odva_layering_set_ends(struct odva_layering *layering, const struct odva_latents *latents)
{
    for (int i = 0; i < layering->count; i++) {
        struct odva_layer_range *layer = &layering->layer[i];
        int longest = i > layer->first ? layering->layer[i - 1].end + 1 : 1;
        if (odva_layer_ends_pass(layering, i))
            continue;
        for (int t = 0; t < latents->grid.tile_count; t++) {
            if (latents->tiles[t].length[i] > longest)
                longest = latents->tiles[t].length[i];
        }
        layer->end = longest;
    }
}
