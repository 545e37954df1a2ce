/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "cpu/reference.h"

void odva_cpu_halve_c(const struct odva_cpu_halve *halve, int first_row, int rows)
{
    const int pairs = halve->width / 2;

    for (int row = first_row; row < first_row + rows; row++) {
        uint8_t *dst = halve->dst + row * halve->dst_stride;
        const uint8_t *above = halve->src + 2 * row * halve->src_stride;
        const uint8_t *below = 2 * row + 1 < halve->height ? above + halve->src_stride : above;

        for (int i = 0; i < pairs; i++)
            dst[i] =
                (uint8_t)((above[2 * i] + above[2 * i + 1] + below[2 * i] + below[2 * i + 1] + 2) >>
                          2);
        if (halve->width % 2)
            dst[pairs] = (uint8_t)((2 * above[2 * pairs] + 2 * below[2 * pairs] + 2) >> 2);
    }
}
