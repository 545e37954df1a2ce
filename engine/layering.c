/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "layering.h"

void odva_layering_init(struct odva_layering *layering, int max_tokens, int wanted)
{
    int start = 0;

    layering->count = 1;
    while (layering->count < wanted && max_tokens >> layering->count > 0)
        layering->count++;
    for (int i = 0; i < layering->count; i++) {
        const int end = max_tokens >> (layering->count - 1 - i);
        layering->layer[i] = (struct odva_layer_range){.start = start, .end = end};
        start = end;
    }
}
