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
#define ODVA_LEAST_ACTIVITY   15 /* what it falls to where all is 0 */
#define ODVA_QUIET_ACTIVITY   24 /* below it the context is the same as of the least */
#define ODVA_ESCAPE_PREFIX    15 /* n + e of an escape is at most this */

/** What one tile's coefficients so far say of the next ones, and how active it has been of late. */
struct odva_symbol_context {
    const struct odva_scan *scan;
    int activity;
    int step_k, step_t, step_y; /* distance of neighbours in scan->at; 1 along x */
    uint8_t *near; /* by scan index: sum of min(|q|, 15) of the four neighbours before, as coded */
};

/** Bytes that a tile's near needs at most. */
int odva_symbol_context_size(int basis);

/** Begin a tile. @param context near points to odva_symbol_context_size() bytes
 * @param count of its first coefficients, which are all that follow */
void odva_symbol_context_start(struct odva_symbol_context *context, const struct odva_scan *scan,
                               int count);

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

/** Activity context: how many thresholds the activity has reached, of 8, 24, 64, 160, 400. */
static inline int odva_activity_context(int activity)
{
    static const uint8_t of_eighths[51] = {
        0, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4,
        4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5,
    };

    return of_eighths[activity < 400 ? activity >> 3 : 50];
}

/** Neighbour context of scan index i. */
static inline int odva_neighbour_context(const struct odva_symbol_context *context, int i)
{
    static const uint8_t of_sum[4 * ODVA_ESCAPE + 1] = {
        0, 1, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
        4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
    };

    return of_sum[context->near[i]];
}

/** Note the symbol min(|q|, 15) of scan index i. */
static inline void odva_symbol_context_update(struct odva_symbol_context *context, int i,
                                              int symbol)
{
    context->activity += (symbol << 4) - (context->activity >> 4);
    if (symbol > 0) {
        const int32_t *at = context->scan->at + context->scan->padded[i];
        uint8_t *near = context->near;

        near[at[1]] = (uint8_t)(near[at[1]] + symbol);
        near[at[context->step_y]] = (uint8_t)(near[at[context->step_y]] + symbol);
        near[at[context->step_t]] = (uint8_t)(near[at[context->step_t]] + symbol);
        near[at[context->step_k]] = (uint8_t)(near[at[context->step_k]] + symbol);
    }
}

#endif
