/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/crc16.h"

/* CRC of each nibble: 32 bytes of table, where packets are too small to want more. */
static const uint16_t nibble_table[16] = {
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
    0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
};

uint16_t odva_crc16(const uint8_t *data, size_t size)
{
    uint16_t crc = 0xFFFF;

    for (size_t i = 0; i < size; i++) {
        crc = (uint16_t)(crc << 4 ^ nibble_table[crc >> 12 ^ data[i] >> 4]);
        crc = (uint16_t)(crc << 4 ^ nibble_table[crc >> 12 ^ (data[i] & 15)]);
    }
    return crc;
}
