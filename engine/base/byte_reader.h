/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Bounds-checked reading of a packet's fields (doc/bitstream.md, section 1). */
#ifndef ODVA_BYTE_READER_H
#define ODVA_BYTE_READER_H

#include <stddef.h>
#include <stdint.h>

/** After a failed read every value is 0 and failed stays set. */
struct odva_byte_reader {
    const uint8_t *data;
    size_t size;
    size_t position;
    size_t redundant; /* bytes of numbers that had more than they need */
    int failed;
};

void odva_byte_reader_init(struct odva_byte_reader *reader, const uint8_t *data, size_t size);
uint8_t odva_read_u8(struct odva_byte_reader *reader);
uint16_t odva_read_u16(struct odva_byte_reader *reader);
uint64_t odva_read_u64(struct odva_byte_reader *reader);

/** Bytes that a number needs as LEB128. */
size_t odva_leb_size(uint32_t value);

/** Unsigned LEB128; fails on more than 5 bytes or 32 bits. */
uint32_t odva_read_leb(struct odva_byte_reader *reader);

/** size bytes in place, NULL (and failed) where fewer are left. */
const uint8_t *odva_read_bytes(struct odva_byte_reader *reader, size_t size);

#endif
