/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#ifndef ODVA_BFLOAT16_H
#define ODVA_BFLOAT16_H

#include <stdint.h>
#include <string.h>

/* The nearest bfloat16, an even one of two; what is not a number stays so. */
static inline uint16_t odva_to_bfloat16(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline float odva_from_bfloat16(uint16_t number)
{
    const uint32_t bits = (uint32_t)number << 16;
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

#endif
