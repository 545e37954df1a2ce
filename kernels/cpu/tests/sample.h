/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Samples of both depths, for tests of operators on pictures. */
#ifndef ODVA_CPU_TESTS_SAMPLE_H
#define ODVA_CPU_TESTS_SAMPLE_H

#include <stdint.h>

#include "base/samples.h"

static inline int sample_get(const uint8_t *row, int x, int depth)
{
    return depth > 8 ? ((const uint16_t *)row)[x] : row[x];
}

static inline void sample_set(uint8_t *row, int x, int depth, int value)
{
    if (depth > 8)
        ((uint16_t *)row)[x] = (uint16_t)value;
    else
        row[x] = (uint8_t)value;
}

static inline int sample_largest(int depth)
{
    return (1 << depth) - 1;
}

#endif
