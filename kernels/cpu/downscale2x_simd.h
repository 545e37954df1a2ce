/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The downscale2x operator; include a simd_*.h before. */
#ifndef ODVA_CPU_DOWNSCALE2X_SIMD_H
#define ODVA_CPU_DOWNSCALE2X_SIMD_H

#include "kernels/cpu/reference.h"

static inline void downscale2x_words(uint8_t *dst, const uint8_t *above, const uint8_t *below)
{
    const v_int ones = v_set1_bytes(1);
    const v_int sum = v_add_words(v_pair_bytes(v_load_bytes(above), ones),
                                  v_pair_bytes(v_load_bytes(below), ones));

    v_store_words(dst, v_shift_words(v_add_words(sum, v_set1_words(2)), 2));
}

/* At least V_WORDS pairs; the last vector may repeat some. */
static inline void downscale2x_row(uint8_t *dst, const uint8_t *above, const uint8_t *below,
                                   int width)
{
    const int pairs = width / 2, last = pairs - V_WORDS;

    for (int i = 0; i < last; i += V_WORDS)
        downscale2x_words(dst + i, above + 2 * i, below + 2 * i);
    downscale2x_words(dst + last, above + 2 * last, below + 2 * last);
    if (width % 2)
        dst[pairs] = (uint8_t)((above[2 * pairs] + below[2 * pairs] + 1) >> 1);
}

static void downscale2x_simd(const struct odva_cpu_downscale2x *downscale2x, int first_row,
                             int rows)
{
    if (downscale2x->width < 2 * V_WORDS) {
        odva_cpu_downscale2x_c(downscale2x, first_row, rows);
        return;
    }
    for (int row = first_row; row < first_row + rows; row++) {
        const uint8_t *above = downscale2x->src + 2 * row * downscale2x->src_stride;
        const uint8_t *below =
            2 * row + 1 < downscale2x->height ? above + downscale2x->src_stride : above;

        downscale2x_row(downscale2x->dst + row * downscale2x->dst_stride, above, below,
                        downscale2x->width);
    }
}

#endif
