/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the probabilities of a coefficient's symbol depend on (doc/bitstream.md, section 6). */
#ifndef ODVA_SYMBOL_CONTEXT_H
#define ODVA_SYMBOL_CONTEXT_H

#include <stdint.h>

#include "bitstream/scan.h"
#include "model/model.h"

#define ODVA_ESCAPE           15    /* the symbol from which an Exp-Golomb code follows */
#define ODVA_MAX_LEVEL        65294 /* largest |q| that an escape of every order can hold */
#define ODVA_INITIAL_ACTIVITY 128
#define ODVA_ESCAPE_PREFIX    15 /* n + e of an escape is at most this */

/** What one tile's coefficients so far say of the next ones, and how active it has been of late. */
struct odva_symbol_context {
    const struct odva_scan *scan;
    int activity;
    int step_k, step_t, step_y; /* distance of neighbours in near; 1 along x */
    uint8_t
        *near; /* at scan->padded: sum of min(|q|, 15) of the four neighbours before, as coded */
};

/** Bytes that a tile's near needs at most. */
int odva_symbol_context_size(int basis);

/** Begin a tile. @param context near points to odva_symbol_context_size() bytes */
void odva_symbol_context_start(struct odva_symbol_context *context, const struct odva_scan *scan);

/** Scale class of a coefficient with scale b: 0..31. */
static inline int odva_scale_class(int b, int qidx)
{
    const int c = (b - qidx + 40) >> 2;

    return c < 0 ? 0 : c > ODVA_SYMBOL_CLASSES - 1 ? ODVA_SYMBOL_CLASSES - 1 : c;
}

/** Order e of the Exp-Golomb code of escapes. */
static inline int odva_escape_order(int scale_class)
{
    const int e = (scale_class - 12) >> 1;

    return e < 0 ? 0 : e > 8 ? 8 : e;
}

/** Length n of an escape's prefix of ones. @param excess |q| - 15 */
static inline int odva_escape_prefix(int order, int32_t excess)
{
    int n = 0;

    while (n < ODVA_ESCAPE_PREFIX - order && (((int32_t)2 << n) - 1) << order <= excess)
        n++;
    return n;
}

/** Activity context: how many thresholds the activity has reached. */
static inline int odva_activity_context(int activity)
{
    return (activity >= 8) + (activity >= 24) + (activity >= 64) + (activity >= 160) +
           (activity >= 400);
}

/** Neighbour context of scan index i. */
static inline int odva_neighbour_context(const struct odva_symbol_context *context, int i)
{
    const int near = context->near[context->scan->padded[i]];

    return near <= 2 ? near : near <= 5 ? 3 : 4;
}

/** Note the symbol min(|q|, 15) of scan index i. */
static inline void odva_symbol_context_update(struct odva_symbol_context *context, int i,
                                              int symbol)
{
    context->activity += (symbol << 4) - (context->activity >> 4);
    if (symbol > 0) {
        uint8_t *near = context->near + context->scan->padded[i];

        near[1] = (uint8_t)(near[1] + symbol);
        near[context->step_y] = (uint8_t)(near[context->step_y] + symbol);
        near[context->step_t] = (uint8_t)(near[context->step_t] + symbol);
        near[context->step_k] = (uint8_t)(near[context->step_k] + symbol);
    }
}

#endif
