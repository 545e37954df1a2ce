/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The range decoder (doc/bitstream.md, section 5). */
#ifndef ODVA_RANGE_DECODER_H
#define ODVA_RANGE_DECODER_H

#include <stddef.h>
#include <stdint.h>

#define ODVA_RANGE_TOP    (UINT32_C(1) << 24) /* range is at least this between symbols */
#define ODVA_RANGE_REFILL 16                  /* bits that one symbol takes in at most */

struct odva_range_decoder {
    const uint8_t *next, *end;
    uint64_t window; /* code, and below it bytes read ahead */
    uint32_t range;
    int ahead; /* bits read ahead, at least ODVA_RANGE_REFILL between symbols */
};

/** @param data a payload; bytes behind its end read as 0 */
void odva_range_decoder_init(struct odva_range_decoder *decoder, const uint8_t *data, size_t size);

/** @param cdf symbols + 1 strictly increasing entries from 0 to 32768. @return 0 .. symbols-1 */
int odva_range_decode(struct odva_range_decoder *decoder, const uint16_t *cdf, int symbols);

/** A number of 0..16 bits with equal probabilities. */
uint32_t odva_range_decode_bits(struct odva_range_decoder *decoder, int bits);

/* The rest is here because the compiler must see it where symbols are decoded. */

static inline uint32_t odva_range_next_byte(struct odva_range_decoder *decoder)
{
    return decoder->next < decoder->end ? *decoder->next++ : 0;
}

static inline void odva_range_refill(struct odva_range_decoder *decoder)
{
    if (decoder->ahead < ODVA_RANGE_REFILL) {
        uint32_t bytes = odva_range_next_byte(decoder) << 8;

        bytes |= odva_range_next_byte(decoder);
        decoder->window |= (uint64_t)bytes << (16 - decoder->ahead);
        decoder->ahead += 16;
    }
}

/* A symbol leaves at least 2^8, so two bytes are the most. */
static inline void odva_range_renormalise(struct odva_range_decoder *decoder)
{
    const int shift =
        8 * (decoder->range < ODVA_RANGE_TOP) + 8 * (decoder->range < ODVA_RANGE_TOP >> 8);

    decoder->window <<= shift;
    decoder->range <<= shift;
    decoder->ahead -= shift;
    odva_range_refill(decoder);
}

static inline uint32_t odva_range_code(const struct odva_range_decoder *decoder)
{
    return (uint32_t)(decoder->window >> 32);
}

static inline void odva_range_subtract(struct odva_range_decoder *decoder, uint32_t low)
{
    decoder->window -= (uint64_t)low << 32;
}

/** odva_range_decode of the two symbols 0 and 1. @param zero probability of 0, in 1/32768 */
static inline int odva_range_decode_bit(struct odva_range_decoder *decoder, uint32_t zero)
{
    const uint32_t low = (decoder->range >> 15) * zero;

    if (odva_range_code(decoder) < low) {
        decoder->range = low;
        odva_range_renormalise(decoder);
        return 0;
    }
    odva_range_subtract(decoder, low);
    decoder->range -= low;
    odva_range_renormalise(decoder);
    return 1;
}

/** odva_range_decode_bits of one bit. */
static inline uint32_t odva_range_decode_even_bit(struct odva_range_decoder *decoder)
{
    uint32_t bit;

    decoder->range >>= 1;
    bit = odva_range_code(decoder) >= decoder->range;
    odva_range_subtract(decoder, decoder->range & -bit);
    odva_range_renormalise(decoder);
    return bit;
}

#endif
