/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A bit whose probability follows what was coded (doc/bitstream.md, section 10). */
#ifndef ODVA_ADAPTIVE_BIT_H
#define ODVA_ADAPTIVE_BIT_H

#include <stdint.h>

#include "bitstream/range_decoder.h"
#include "bitstream/range_encoder.h"

struct odva_adaptive_bit {
    uint16_t zero; /* probability of 0, in 1/32768 */
    uint8_t uses;  /* counted until they no longer matter */
};

#define ODVA_ADAPTIVE_BIT_INIT ((struct odva_adaptive_bit){.zero = 16384})

/* Fast at first, then slow; zero stays far from 0 and 32768. */
static inline void odva_adaptive_bit_update(struct odva_adaptive_bit *context, int bit)
{
    const int uses = context->uses;
    const int shift = 2 + (uses >= 2) + (uses >= 6) + (uses >= 14);
    const int zero = context->zero;

    context->zero = (uint16_t)(bit ? zero - (zero >> shift) : zero + ((32768 - zero) >> shift));
    context->uses += uses < 14;
}

static inline int odva_adaptive_bit_decode(struct odva_range_decoder *range,
                                           struct odva_adaptive_bit *context)
{
    const uint16_t cdf[3] = {0, context->zero, 32768};
    const int bit = odva_range_decode(range, cdf, 2);

    odva_adaptive_bit_update(context, bit);
    return bit;
}

static inline void odva_adaptive_bit_encode(struct odva_range_encoder *range,
                                            struct odva_adaptive_bit *context, int bit)
{
    const uint16_t cdf[3] = {0, context->zero, 32768};

    odva_range_encode(range, cdf, 2, bit);
    odva_adaptive_bit_update(context, bit);
}

#endif
