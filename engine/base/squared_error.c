/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/squared_error.h"

#define GROUP 16 /* samples side by side, which compilers see */

int64_t odva_squared_error(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
                           ptrdiff_t b_stride, int width, int height)
{
    int64_t sum = 0;

    for (int y = 0; y < height; y++, a += a_stride, b += b_stride) {
        int x = 0;

        for (; x + GROUP <= width; x += GROUP) {
            int part = 0;

            for (int i = 0; i < GROUP; i++)
                part += (a[x + i] - b[x + i]) * (a[x + i] - b[x + i]);
            sum += part;
        }
        for (; x < width; x++)
            sum += (a[x] - b[x]) * (a[x] - b[x]);
    }
    return sum;
}

/* Words that are no samples do no harm. */
static inline uint32_t squared(int difference)
{
    return (uint32_t)difference * (uint32_t)difference;
}

int64_t odva_squared_error_wide(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
                                ptrdiff_t b_stride, int width, int height)
{
    int64_t sum = 0;

    for (int y = 0; y < height; y++, a += a_stride, b += b_stride) {
        const uint16_t *p = (const uint16_t *)a, *q = (const uint16_t *)b;
        int x = 0;

        for (; x + GROUP <= width; x += GROUP) {
            uint32_t part = 0;

            for (int i = 0; i < GROUP; i++)
                part += squared(p[x + i] - q[x + i]);
            sum += part;
        }
        for (; x < width; x++)
            sum += squared(p[x] - q[x]);
    }
    return sum;
}

int64_t odva_squared_error_of_depth(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
                                    ptrdiff_t b_stride, int width, int height, int depth)
{
    return depth > 8 ? odva_squared_error_wide(a, a_stride, b, b_stride, width, height)
                     : odva_squared_error(a, a_stride, b, b_stride, width, height);
}
