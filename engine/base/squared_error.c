/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/squared_error.h"

int64_t odva_squared_error(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
                           ptrdiff_t b_stride, int width, int height)
{
    int64_t sum = 0;

    for (int y = 0; y < height; y++, a += a_stride, b += b_stride)
        for (int x = 0; x < width; x++)
            sum += (a[x] - b[x]) * (a[x] - b[x]);
    return sum;
}
