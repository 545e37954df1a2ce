/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* CRC-16/CCITT-FALSE: polynomial 0x1021, initial value 0xFFFF, not reflected. */
#ifndef ODVA_CRC16_H
#define ODVA_CRC16_H

#include <stddef.h>
#include <stdint.h>

uint16_t odva_crc16(const uint8_t *data, size_t size);

#endif
