/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/reference.h"

void odva_cpu_downscale2x_c(const struct odva_cpu_downscale2x *downscale2x, int first_row, int rows)
{
    const int pairs = downscale2x->width / 2;

    for (int row = first_row; row < first_row + rows; row++) {
        uint8_t *dst = downscale2x->dst + row * downscale2x->dst_stride;
        const uint8_t *above = downscale2x->src + 2 * row * downscale2x->src_stride;
        const uint8_t *below =
            2 * row + 1 < downscale2x->height ? above + downscale2x->src_stride : above;

        for (int i = 0; i < pairs; i++)
            dst[i] =
                (uint8_t)((above[2 * i] + above[2 * i + 1] + below[2 * i] + below[2 * i + 1] + 2) >>
                          2);
        if (downscale2x->width % 2)
            dst[pairs] = (uint8_t)((2 * above[2 * pairs] + 2 * below[2 * pairs] + 2) >> 2);
    }
}
