/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/byte_reader.h"

void odva_byte_reader_init(struct odva_byte_reader *reader, const uint8_t *data, size_t size)
{
    *reader = (struct odva_byte_reader){.data = data, .size = size};
}

const uint8_t *odva_read_bytes(struct odva_byte_reader *reader, size_t size)
{
    const uint8_t *bytes;

    if (reader->failed || size > reader->size - reader->position) {
        reader->failed = 1;
        return NULL;
    }
    bytes = reader->data + reader->position;
    reader->position += size;
    return bytes;
}

static uint64_t read_little_endian(struct odva_byte_reader *reader, int size)
{
    const uint8_t *bytes = odva_read_bytes(reader, size);
    uint64_t value = 0;

    for (int i = 0; bytes && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint8_t odva_read_u8(struct odva_byte_reader *reader)
{
    return (uint8_t)read_little_endian(reader, 1);
}

uint16_t odva_read_u16(struct odva_byte_reader *reader)
{
    return (uint16_t)read_little_endian(reader, 2);
}

uint64_t odva_read_u64(struct odva_byte_reader *reader)
{
    return read_little_endian(reader, 8);
}

size_t odva_leb_size(uint32_t value)
{
    size_t size = 1;

    for (; value >= 128; value >>= 7)
        size++;
    return size;
}

uint32_t odva_read_leb(struct odva_byte_reader *reader)
{
    uint64_t value = 0;

    for (int i = 0; i < 5; i++) {
        const uint8_t byte = odva_read_u8(reader);
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (!(byte & 0x80)) {
            if (value > UINT32_MAX)
                break;
            reader->redundant += i + 1 - odva_leb_size((uint32_t)value);
            return (uint32_t)value;
        }
    }
    reader->failed = 1;
    return 0;
}
