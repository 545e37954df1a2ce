/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What C lacks for whole numbers. */
#ifndef ODVA_INTEGERS_H
#define ODVA_INTEGERS_H

#include <stdint.h>

static inline int odva_min(int a, int b)
{
    return a < b ? a : b;
}

static inline int odva_max(int a, int b)
{
    return a > b ? a : b;
}

static inline int64_t odva_min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t odva_max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int odva_clip(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

static inline int64_t odva_clip64(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/** @param a 0 or more @param b above 0 */
static inline int odva_ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static inline int64_t odva_ceil_div64(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

#endif
