/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The range decoder (doc/bitstream.md, section 5). */
#ifndef ODVA_RANGE_DECODER_H
#define ODVA_RANGE_DECODER_H

#include <stddef.h>
#include <stdint.h>

struct odva_range_decoder {
    const uint8_t *next, *end;
    uint32_t code;
    uint32_t range;
};

/** @param data a payload; bytes behind its end read as 0 */
void odva_range_decoder_init(struct odva_range_decoder *decoder, const uint8_t *data, size_t size);

/** @param cdf symbols + 1 strictly increasing entries from 0 to 32768. @return 0 .. symbols-1 */
int odva_range_decode(struct odva_range_decoder *decoder, const uint16_t *cdf, int symbols);

/** A number of 0..16 bits with equal probabilities. */
uint32_t odva_range_decode_bits(struct odva_range_decoder *decoder, int bits);

#endif
