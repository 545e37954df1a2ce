/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/range_encoder.h"

#include "base/assert.h"

void odva_range_encoder_init(struct odva_range_encoder *encoder, struct odva_byte_writer *writer)
{
    *encoder =
        (struct odva_range_encoder){.writer = writer, .start = writer->size, .range = UINT32_MAX};
}

/* The written bytes and low together are below 1, so the carry stops inside the payload. */
void odva_range_propagate_carry(struct odva_range_encoder *encoder)
{
    size_t i = encoder->writer->size;

    if (encoder->writer->failed)
        return;
    while (i > encoder->start && ++encoder->writer->data[--i] == 0)
        ;
}

void odva_range_encode(struct odva_range_encoder *encoder, const uint16_t *cdf, int symbols,
                       int symbol)
{
    const uint32_t r = encoder->range >> 15;
    const uint32_t offset = r * cdf[symbol];

    ODVA_ASSERT(symbol >= 0 && symbol < symbols);
    ODVA_ASSERT(cdf[symbol] < cdf[symbol + 1]);
    encoder->range = symbol == symbols - 1 ? encoder->range - offset
                                           : r * (uint32_t)(cdf[symbol + 1] - cdf[symbol]);
    odva_range_add(encoder, offset);
    odva_range_write(encoder);
}

void odva_range_encode_bits(struct odva_range_encoder *encoder, uint32_t value, int bits)
{
    ODVA_ASSERT(bits >= 0 && bits <= 16 && value >> bits == 0);
    if (bits == 0)
        return;
    encoder->range >>= bits;
    odva_range_add(encoder, value * encoder->range);
    odva_range_write(encoder);
}

void odva_range_encoder_finish(struct odva_range_encoder *encoder)
{
    struct odva_byte_writer *writer = encoder->writer;
    const uint64_t low = encoder->low, high = low + encoder->range;
    uint64_t value = low;
    int bytes = 0;

    for (;; bytes++) {
        const uint64_t below = (UINT64_C(1) << (32 - 8 * bytes)) - 1;
        value = (low + below) & ~below;
        if (value < high)
            break;
    }
    if (value >> 32)
        odva_range_propagate_carry(encoder);
    for (int i = 0; i < bytes; i++)
        odva_write_u8(writer, (uint8_t)(value >> (24 - 8 * i)));
    while (writer->size > encoder->start && writer->data[writer->size - 1] == 0)
        writer->size--;
}
