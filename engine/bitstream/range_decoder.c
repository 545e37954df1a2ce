/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/range_decoder.h"

#include "base/assert.h"

void odva_range_decoder_init(struct odva_range_decoder *decoder, const uint8_t *data, size_t size)
{
    *decoder = (struct odva_range_decoder){.next = data, .end = data + size, .range = UINT32_MAX};
    for (int i = 0; i < 4; i++)
        decoder->window = decoder->window << 8 | (uint64_t)odva_range_next_byte(decoder) << 32;
    odva_range_refill(decoder);
}

int odva_range_decode(struct odva_range_decoder *decoder, const uint16_t *cdf, int symbols)
{
    const uint32_t r = decoder->range >> 15, code = odva_range_code(decoder);
    uint32_t low = 0, high = r * cdf[1];
    int s = 0;

    ODVA_ASSERT(symbols >= 1 && cdf[0] == 0 && cdf[symbols] == 32768);
    /* code / r >= cdf[s] exactly where code >= r * cdf[s]: no division is needed */
    while (s < symbols - 1 && code >= high) {
        s++;
        low = high;
        high = r * cdf[s + 1];
    }
    odva_range_subtract(decoder, low);
    decoder->range = s == symbols - 1 ? decoder->range - low : high - low;
    odva_range_renormalise(decoder);
    return s;
}

uint32_t odva_range_decode_bits(struct odva_range_decoder *decoder, int bits)
{
    const uint32_t last = (1u << bits) - 1;
    uint32_t value;

    ODVA_ASSERT(bits >= 0 && bits <= 16);
    if (bits == 0)
        return 0;
    decoder->range >>= bits;
    value = odva_range_code(decoder) / decoder->range;
    value = value < last ? value : last;
    odva_range_subtract(decoder, value * decoder->range);
    odva_range_renormalise(decoder);
    return value;
}
