/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Noise to a clip's latents, along the flow that a prior's network leads (doc/generation.md). */
#ifndef ODVA_LATENT_FLOW_H
#define ODVA_LATENT_FLOW_H

#include "generate/prior_network.h"

struct odva_latent_flow {
    struct odva_prior_network network;
    float *z, *x; /* [tiles length][32]; of two sets */
    size_t z_capacity, x_capacity;
};

struct odva_flow_params {
    struct odva_prior_sequence sequence;
    int steps;
    float guidance; /* 1: none */
    uint64_t seed;
    uint32_t clip; /* number in its video */
};

/** @param backend is borrowed. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_latent_flow_open(struct odva_latent_flow *flow, const struct onedva_prior *prior,
                          struct odva_backend *backend);
void odva_latent_flow_close(struct odva_latent_flow *flow);

/** Set flow->z to a clip, as the network sees it. @param params sequence.is_guided is ignored */
int odva_latent_flow_run(struct odva_latent_flow *flow, const struct odva_flow_params *params);

#endif
