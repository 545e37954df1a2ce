/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Arithmetic of section 8 of doc/bitstream.md as it is written there, in 64 bits. */
#ifndef ODVA_TEST_EXACT_ARITHMETIC_H
#define ODVA_TEST_EXACT_ARITHMETIC_H

#include <stdint.h>

static const int64_t T[4][4] = {{2048, 2048, 2048, 2048},
                                {2676, 1108, -1108, -2676},
                                {2048, -2048, -2048, 2048},
                                {1108, -2676, 2676, -1108}};

/* Modulo 2^32, in -2^31 .. 2^31 - 1. */
static inline int64_t wrap(int64_t v)
{
    const int64_t low = (int64_t)((uint64_t)v & UINT32_MAX);

    return low > INT32_MAX ? low - (INT64_C(1) << 32) : low;
}

static inline int64_t floor_divide(int64_t v, int shift)
{
    const int64_t d = INT64_C(1) << shift;

    return v >= 0 ? v / d : -((d - 1 - v) / d);
}

static inline int64_t clip(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

#endif
