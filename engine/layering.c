/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "layering.h"

int odva_layering_passes(int layers, int qidx)
{
    int passes = layers < ODVA_MAX_PASSES ? layers : ODVA_MAX_PASSES;

    while (passes > 1 && qidx + (passes - 1) * ODVA_QIDX_OF_HALVING > ONEDVA_MAX_QIDX)
        passes--;
    return passes;
}

/* Tokens of all tiles in a pass, of each tile at most so many. */
static int64_t tokens_up_to(const struct odva_latents *latents, int pass, int most)
{
    int64_t sum = 0;

    for (int i = 0; i < latents->grid.tile_count; i++) {
        const int length = latents->tiles[i].length[pass];
        sum += length < most ? length : most;
    }
    return sum;
}

/* The least end before which lie so many of the tokens of a pass. */
static int end_of_share(const struct odva_latents *latents, int pass, int64_t share, int most)
{
    int low = 0, high = most;

    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (tokens_up_to(latents, pass, middle) >= share)
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* A pass ends with a token that no tile has more of, so that the next layer begins another. The
 * first tokens have most of the bytes: ends at shares of 1/4 of the tokens, or 1/9 and 4/9, make layers
 * of about equal ratios of rate. */
static void divide_pass(struct odva_layering *layering, const struct odva_latents *latents,
                        int pass, int layers)
{
    const int most = latents->basis * ODVA_TILE_PATCHES / ODVA_LATENT_TOKEN;
    const int64_t tokens = tokens_up_to(latents, pass, most);
    int start = 0;

    for (int i = 1; i <= layers; i++) {
        const int64_t share = tokens * i * i / (layers * layers);
        const int end = i < layers ? end_of_share(latents, pass, share, most) : most;
        if (end <= start || (i < layers && end == most))
            continue;
        layering->layer[layering->count++] =
            (struct odva_layer_range){.start = start, .end = end, .pass = pass};
        start = end;
    }
}

void odva_layering_choose(struct odva_layering *layering, const struct odva_latents *latents,
                          int wanted)
{
    const int passes = latents->passes;

    layering->count = 0;
    for (int pass = 0; pass < passes; pass++)
        divide_pass(layering, latents, pass, (wanted + pass) / passes);
}
