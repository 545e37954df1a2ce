/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How a packet's layers divide what is coded: passes from coarse to fine, and tokens in a pass. */
#ifndef ODVA_LAYERING_H
#define ODVA_LAYERING_H

#include "latent_coder.h"
#include "onedva/onedva.h"

struct odva_layering {
    int count;
    struct odva_layer_range layer[ONEDVA_MAX_LAYERS];
};

/** Passes of a packet of so many layers whose finest quantiser index is qidx. */
int odva_layering_passes(int layers, int qidx);

/**
 * Divide a clip's passes into layers: one each, and what is left goes to the finer passes first.
 * @param latents passes and the tiles' lengths are read
 * @param wanted  >= latents->passes; fewer come out where passes have too few tokens
 */
void odva_layering_choose(struct odva_layering *layering, const struct odva_latents *latents,
                          int wanted);

#endif
