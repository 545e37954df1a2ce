/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The range encoder that odva_range_decoder undoes (doc/bitstream.md, section 5). */
#ifndef ODVA_RANGE_ENCODER_H
#define ODVA_RANGE_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "base/byte_writer.h"

/** Writes one payload to the end of a byte writer. */
struct odva_range_encoder {
    struct odva_byte_writer *writer;
    size_t start; /* where the payload begins in the writer */
    uint32_t low, range;
};

void odva_range_encoder_init(struct odva_range_encoder *encoder, struct odva_byte_writer *writer);

/** @param cdf as odva_range_decode; symbol has cdf[symbol] <= v < cdf[symbol + 1] */
void odva_range_encode(struct odva_range_encoder *encoder, const uint16_t *cdf, int symbols,
                       int symbol);

/** @param value of 0..16 bits */
void odva_range_encode_bits(struct odva_range_encoder *encoder, uint32_t value, int bits);

/** Let a carry run through the bytes written. */
void odva_range_propagate_carry(struct odva_range_encoder *encoder);

/* The rest is here because the compiler must see it where symbols are encoded. */

static inline void odva_range_add(struct odva_range_encoder *encoder, uint32_t offset)
{
    encoder->low += offset;
    if (encoder->low < offset)
        odva_range_propagate_carry(encoder);
}

static inline void odva_range_write(struct odva_range_encoder *encoder)
{
    while (encoder->range < UINT32_C(1) << 24) {
        odva_write_u8(encoder->writer, (uint8_t)(encoder->low >> 24));
        encoder->low <<= 8;
        encoder->range <<= 8;
    }
}

/** odva_range_encode of the two symbols 0 and 1. @param zero probability of 0, in 1/32768 */
static inline void odva_range_encode_bit(struct odva_range_encoder *encoder, uint32_t zero, int bit)
{
    const uint32_t offset = (encoder->range >> 15) * zero;

    if (bit) {
        encoder->range -= offset;
        odva_range_add(encoder, offset);
    } else {
        encoder->range = offset;
    }
    odva_range_write(encoder);
}

/** End the payload with the fewest bytes that decode to what was encoded. */
void odva_range_encoder_finish(struct odva_range_encoder *encoder);

#endif
