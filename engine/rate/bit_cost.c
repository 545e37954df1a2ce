/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/bit_cost.h"

#define FRACTION_BITS 10 /* log2 of ODVA_BIT */

/* -log2(probability / 32768) in 1/1024 bits, rounded: the logarithm bit by bit, by squaring. */
static uint16_t cost_of_probability(uint32_t probability)
{
    uint64_t x = probability;
    uint32_t log = 0;
    int exponent = 0;

    while (x >> (exponent + 1))
        exponent++;
    x <<= 31 - exponent;
    for (int i = 0; i <= FRACTION_BITS; i++) {
        x = x * x >> 31;
        log <<= 1;
        if (x >> 32) {
            log |= 1;
            x >>= 1;
        }
    }
    return (uint16_t)(((15 - exponent) << FRACTION_BITS) - ((log + 1) >> 1));
}

static void fill(uint16_t *cost, const uint16_t *cdf, int symbols)
{
    for (int s = 0; s < symbols; s++)
        cost[s] = cost_of_probability(cdf[s + 1] - cdf[s]);
}

void odva_bit_cost_init(struct odva_bit_cost *cost, const struct odva_model_tables *tables)
{
    for (int size = 0; size < ODVA_TILE_SIZES; size++)
        for (int p = 0; p < ODVA_LENGTH_CLASSES; p++)
            fill(cost->length[size][p], tables->length_cdf[size][p], ODVA_LENGTH_CLASSES);
    for (int c = 0; c < ODVA_SYMBOL_CLASSES; c++) {
        for (int a = 0; a < ODVA_SYMBOL_ACTIVITIES; a++) {
            for (int n = 0; n < ODVA_SYMBOL_NEIGHBOURS; n++)
                fill(cost->symbol[c][a][n], tables->symbol_cdf[c][a][n], ODVA_SYMBOLS);
        }
    }
}
