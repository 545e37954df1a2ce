/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/symbol_context.h"

#include <string.h>

#include "base/layout.h"

int odva_symbol_context_size(int basis)
{
    return basis * ODVA_TILE_PATCHES + 1;
}

void odva_symbol_context_start(struct odva_symbol_context *context, const struct odva_scan *scan,
                               int count)
{
    context->scan = scan;
    context->activity = ODVA_INITIAL_ACTIVITY;
    context->step_y = scan->shape.nx + 1;
    context->step_t = context->step_y * (scan->shape.ny + 1);
    context->step_k = context->step_t * (scan->shape.nt + 1);
    memset(context->near, 0, count);
}
