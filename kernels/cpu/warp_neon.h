/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The filter of a block for warp_blocks.h: six multiplications along each row, then down the
 * columns of four 32-bit sums. */
#ifndef ODVA_CPU_WARP_NEON_H
#define ODVA_CPU_WARP_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#include "base/unroll.h"
#include "kernels/cpu/warp_taps.h"

#define WARP_READ 16

#define PHASE(...) {__VA_ARGS__},

static const int16_t warp_taps[16][WARP_TAPS] = {WARP_PHASES(PHASE)};

/* Four filtered samples of one row: they fit in 16 bits. */
static inline int16x4_t warp_row(const uint8_t *src, const int16_t *taps)
{
    const uint8x16_t bytes = vld1q_u8(src);
    const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes)));
    const int16x8_t high = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(bytes)));
    int16x4_t sum = vmul_n_s16(vget_low_s16(low), taps[0]);

    sum = vmla_n_s16(sum, vget_low_s16(vextq_s16(low, high, 1)), taps[1]);
    sum = vmla_n_s16(sum, vget_low_s16(vextq_s16(low, high, 2)), taps[2]);
    sum = vmla_n_s16(sum, vget_low_s16(vextq_s16(low, high, 3)), taps[3]);
    sum = vmla_n_s16(sum, vget_high_s16(low), taps[4]);
    return vmla_n_s16(sum, vget_low_s16(vextq_s16(low, high, 5)), taps[5]);
}

static inline void warp_block(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                              ptrdiff_t src_stride, int a, int b)
{
    int16x4_t rows[4 + WARP_TAPS - 1];

    ODVA_UNROLL
    for (int j = 0; j < 4 + WARP_TAPS - 1; j++)
        rows[j] = warp_row(src + j * src_stride, warp_taps[a]);
    ODVA_UNROLL
    for (int y = 0; y < 4; y++) {
        int32x4_t sum = vdupq_n_s32(1 << (WARP_SHIFT - 1));
        uint32_t samples;

        ODVA_UNROLL
        for (int j = 0; j < WARP_TAPS; j++)
            sum = vmlal_n_s16(sum, rows[y + j], warp_taps[b][j]);
        const uint16x4_t words = vqmovun_s32(vshrq_n_s32(sum, WARP_SHIFT));

        samples = vget_lane_u32(vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(words, words))), 0);
        memcpy(dst + y * dst_stride, &samples, sizeof(samples));
    }
}

typedef uint8_t warp_sample;
#include "kernels/cpu/warp_blocks.h"

static void warp_simd(const struct odva_cpu_warp *warp, int first_row, int rows)
{
    warp_block_rows(warp, first_row, rows);
}

#endif
