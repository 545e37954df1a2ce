/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How a packet's layers divide what is coded: refinements from coarse to fine, their sweeps, and
 * shares of a sweep. */
#ifndef ODVA_LAYER_PLAN_H
#define ODVA_LAYER_PLAN_H

#include "bitstream/latent_coder.h"
#include "bitstream/packet.h"
#include "onedva/onedva.h"

struct odva_layer_plan {
    int count;
    int refinements;
    int refinement[ONEDVA_MAX_LAYERS]; /* of each layer, 0 is the coarsest */
    struct odva_layer_range layer[ONEDVA_MAX_LAYERS];
};

/**
 * Layers for a packet whose finest quantiser index is qidx: one for each of up to
 * ODVA_MAX_REFINEMENTS refinements, and what is left goes to the finer ones first. Those of the
 * first refinement share its only sweep, those of a later one are a sweep each. Ends are those of
 * tiles of most tokens.
 * @param count 1..ONEDVA_MAX_LAYERS
 */
void odva_layer_plan_init(struct odva_layer_plan *layer_plan, int count, int qidx, int most);

/** The layers of a packet that was parsed. */
void odva_layer_plan_of_packet(struct odva_layer_plan *layer_plan,
                               const struct odva_packet *packet);

/**
 * Set the layers' ends to what the tiles have.
 * @param latents the tiles' lengths are read: of a layer that is not the last of its sweep at most
 *                the end that odva_layer_plan_init sets
 */
void odva_layer_plan_set_ends(struct odva_layer_plan *layer_plan,
                              const struct odva_latents *latents);

/** Whether a layer is the last one of its refinement. */
static inline int odva_layer_ends_refinement(const struct odva_layer_plan *layer_plan, int layer)
{
    return layer == layer_plan->count - 1 || layer_plan->layer[layer + 1].first == layer + 1;
}

/** Whether a layer is the last one of its sweep. */
static inline int odva_layer_ends_sweep(const struct odva_layer_plan *layer_plan, int layer)
{
    return layer == layer_plan->count - 1 || layer_plan->layer[layer + 1].sweep == layer + 1;
}

#endif
