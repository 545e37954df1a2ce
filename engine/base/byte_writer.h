/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A growing byte buffer and the fields of packets (doc/bitstream.md, section 1). */
#ifndef ODVA_BYTE_WRITER_H
#define ODVA_BYTE_WRITER_H

#include <stddef.h>
#include <stdint.h>

/** Zero-initialised is empty. After a failed allocation writes do nothing and failed stays set. */
struct odva_byte_writer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    int failed;
};

/** Empty the buffer, keep its memory. */
void odva_byte_writer_reset(struct odva_byte_writer *writer);
void odva_byte_writer_free(struct odva_byte_writer *writer);

/**
 * Copy what was written, and free it.
 * @param size set to the number of bytes, 0 in case of an error
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM, or ONEDVA_ERR_DATA where there are more bytes than most
 */
int odva_byte_writer_give(struct odva_byte_writer *writer, uint8_t *dst, size_t most, size_t *size);

void odva_write_bytes(struct odva_byte_writer *writer, const uint8_t *bytes, size_t size);
void odva_write_u8(struct odva_byte_writer *writer, uint8_t value);
void odva_write_u16(struct odva_byte_writer *writer, uint16_t value);
void odva_write_u64(struct odva_byte_writer *writer, uint64_t value);
void odva_write_leb(struct odva_byte_writer *writer, uint32_t value);

#endif
