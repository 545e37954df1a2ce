/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Where the layers of a packet end. */
#ifndef ODVA_LAYERING_H
#define ODVA_LAYERING_H

#include "latent_coder.h"
#include "onedva/onedva.h"

struct odva_layering {
    int count;
    struct odva_layer_range layer[ONEDVA_MAX_LAYERS];
};

/**
 * Layers that end at max_tokens, max_tokens/2, max_tokens/4, ... counted from the last.
 * @param wanted fewer come out where max_tokens cannot be halved that often
 */
void odva_layering_init(struct odva_layering *layering, int max_tokens, int wanted);

#endif
