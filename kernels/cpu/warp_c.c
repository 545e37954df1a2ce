/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/unroll.h"
#include "kernels/cpu/reference.h"
#include "kernels/cpu/warp_taps.h"

#define PHASE(...) {__VA_ARGS__},

static const int8_t taps[16][WARP_TAPS] = {WARP_PHASES(PHASE)};

static inline void warp_block(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                              ptrdiff_t src_stride, int a, int b)
{
    int rows[4 + WARP_TAPS - 1][4];

    for (int j = 0; j < 4 + WARP_TAPS - 1; j++, src += src_stride) {
        for (int x = 0; x < 4; x++) {
            int sum = 0;

            ODVA_UNROLL
            for (int i = 0; i < WARP_TAPS; i++)
                sum += taps[a][i] * src[x + i];
            rows[j][x] = sum;
        }
    }
    for (int y = 0; y < 4; y++, dst += dst_stride) {
        for (int x = 0; x < 4; x++) {
            int sum = 1 << (WARP_SHIFT - 1);

            ODVA_UNROLL
            for (int j = 0; j < WARP_TAPS; j++)
                sum += taps[b][j] * rows[y + j][x];
            sum >>= WARP_SHIFT;
            dst[x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
        }
    }
}

#define WARP_READ 9
typedef uint8_t warp_sample;
#include "kernels/cpu/warp_blocks.h"

void odva_cpu_warp_c(const struct odva_cpu_warp *warp, int first_row, int rows)
{
    warp_block_rows(warp, first_row, rows);
}
