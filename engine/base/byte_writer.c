/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/byte_writer.h"

#include <stdlib.h>
#include <string.h>

#include "onedva/onedva.h"

void odva_byte_writer_reset(struct odva_byte_writer *writer)
{
    writer->size = 0;
    writer->failed = 0;
}

void odva_byte_writer_free(struct odva_byte_writer *writer)
{
    free(writer->data);
    *writer = (struct odva_byte_writer){0};
}

int odva_byte_writer_give(struct odva_byte_writer *writer, uint8_t *dst, size_t most, size_t *size)
{
    int status = ONEDVA_OK;

    *size = 0;
    if (writer->failed)
        status = ONEDVA_ERR_NOMEM;
    else if (writer->size > most)
        status = ONEDVA_ERR_DATA;
    else {
        memcpy(dst, writer->data, writer->size);
        *size = writer->size;
    }
    odva_byte_writer_free(writer);
    return status;
}

static int grow(struct odva_byte_writer *writer, size_t needed)
{
    size_t capacity = writer->capacity ? writer->capacity : 4096;
    uint8_t *data;

    while (capacity < needed)
        capacity *= 2;
    data = realloc(writer->data, capacity);
    if (!data) {
        writer->failed = 1;
        return 0;
    }
    writer->data = data;
    writer->capacity = capacity;
    return 1;
}

void odva_write_bytes(struct odva_byte_writer *writer, const uint8_t *bytes, size_t size)
{
    const size_t needed = writer->size + size;

    if (writer->failed || size == 0 || (needed > writer->capacity && !grow(writer, needed)))
        return;
    memcpy(writer->data + writer->size, bytes, size);
    writer->size = needed;
}

void odva_write_u8(struct odva_byte_writer *writer, uint8_t value)
{
    odva_write_bytes(writer, &value, 1);
}

void odva_write_u16(struct odva_byte_writer *writer, uint16_t value)
{
    odva_write_u8(writer, (uint8_t)value);
    odva_write_u8(writer, (uint8_t)(value >> 8));
}

void odva_write_u64(struct odva_byte_writer *writer, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        odva_write_u8(writer, (uint8_t)(value >> (8 * i)));
}

void odva_write_leb(struct odva_byte_writer *writer, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        odva_write_u8(writer, (uint8_t)(value | 0x80));
    odva_write_u8(writer, (uint8_t)value);
}
