/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What symbols and lengths cost in bits, in 1/1024 bits, from the model's CDFs. */
#ifndef ODVA_BIT_COST_H
#define ODVA_BIT_COST_H

#include <stdint.h>

#include "bitstream/latent_coder.h"
#include "bitstream/symbol_context.h"
#include "model/model.h"

#define ODVA_BIT 1024

struct odva_bit_cost {
    uint16_t length[ODVA_TILE_SIZES][ODVA_LENGTH_CLASSES][ODVA_LENGTH_CLASSES];
    uint16_t symbol[ODVA_SYMBOL_CLASSES][ODVA_SYMBOL_ACTIVITIES][ODVA_SYMBOL_NEIGHBOURS]
                   [ODVA_SYMBOLS];
};

/** Computed with integers only, so that every machine makes the same choices. */
void odva_bit_cost_init(struct odva_bit_cost *cost, const struct odva_model_tables *tables);

/** Cost of |q| = level with its sign. @param symbol_cost cost->symbol[class][a][c] */
static inline int odva_level_cost(const uint16_t *symbol_cost, int scale_class, int32_t level)
{
    int order, n;

    if (level < ODVA_ESCAPE)
        return symbol_cost[level] + (level > 0 ? ODVA_BIT : 0);
    order = odva_escape_order(scale_class);
    n = odva_escape_prefix(order, level - ODVA_ESCAPE);
    return symbol_cost[ODVA_ESCAPE] +
           ODVA_BIT * (1 + n + (n < ODVA_ESCAPE_PREFIX - order) + n + order);
}

/** Cost of the length in a layer of a tile of some size. */
static inline int odva_length_cost(const struct odva_bit_cost *cost,
                                   struct odva_length_context context, int size, int length)
{
    const int c = odva_length_class(length);

    return cost->length[size][odva_length_context_of(context, size)][c] +
           (c > 0 ? ODVA_BIT * (c - 1) : 0);
}

#endif
