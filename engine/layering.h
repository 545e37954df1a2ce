/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How a packet's layers divide what is coded: passes from coarse to fine, their sweeps, and shares
 * of a sweep. */
#ifndef ODVA_LAYERING_H
#define ODVA_LAYERING_H

#include "latent_coder.h"
#include "onedva/onedva.h"
#include "packet.h"

struct odva_layering {
    int count;
    int passes;
    int pass[ONEDVA_MAX_LAYERS]; /* of each layer, 0 is the coarsest */
    struct odva_layer_range layer[ONEDVA_MAX_LAYERS];
};

/**
 * Layers for a packet whose finest quantiser index is qidx: one for each of up to ODVA_MAX_PASSES
 * passes, and what is left goes to the finer ones first. Those of the first pass share its only
 * sweep, those of a later one are a sweep each. Ends are those of tiles of most tokens.
 * @param count 1..ONEDVA_MAX_LAYERS
 */
void odva_layering_init(struct odva_layering *layering, int count, int qidx, int most);

/** The layers of a packet that was parsed. */
void odva_layering_of_packet(struct odva_layering *layering, const struct odva_packet *packet);

/**
 * Set the layers' ends to what the tiles have.
 * @param latents the tiles' lengths are read: of a layer that is not the last of its sweep at most
 *                the end that odva_layering_init sets
 */
void odva_layering_set_ends(struct odva_layering *layering, const struct odva_latents *latents);

/** Whether a layer is the last one of its pass. */
static inline int odva_layer_ends_pass(const struct odva_layering *layering, int layer)
{
    return layer == layering->count - 1 || layering->layer[layer + 1].first == layer + 1;
}

/** Whether a layer is the last one of its sweep. */
static inline int odva_layer_ends_sweep(const struct odva_layering *layering, int layer)
{
    return layer == layering->count - 1 || layering->layer[layer + 1].sweep == layer + 1;
}

#endif
