/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* warp of wide pictures: four samples of a row side by side. */
#ifndef ODVA_CPU_WIDE_WARP_H
#define ODVA_CPU_WIDE_WARP_H

#include <stdint.h>
#include <string.h>

#include "base/unroll.h"
#include "kernels/cpu/warp_taps.h"
#include "kernels/cpu/wide.h"

typedef uint16_t warp_sample;
typedef uint16_t warp_words __attribute__((vector_size(8)));
typedef int32_t warp_numbers __attribute__((vector_size(16)));

#define PHASE(...) {__VA_ARGS__},

static const int8_t warp_taps[16][WARP_TAPS] = {WARP_PHASES(PHASE)};

static inline warp_numbers warp_load(const uint16_t *src)
{
    warp_words words;

    memcpy(&words, src, sizeof(words));
    return __builtin_convertvector(words, warp_numbers);
}

static inline void warp_store(uint16_t *dst, warp_numbers sum)
{
    const warp_numbers none = {0}, largest = none + ODVA_WIDE_LARGEST;
    warp_words words;

    sum >>= WARP_SHIFT;
    sum &= sum > none;
    sum = (sum & (sum < largest)) | (largest & (sum >= largest));
    words = __builtin_convertvector(sum, warp_words);
    memcpy(dst, &words, sizeof(words));
}

static inline void warp_block(uint16_t *dst, ptrdiff_t dst_stride, const uint16_t *src,
                              ptrdiff_t src_stride, int a, int b)
{
    warp_numbers rows[4 + WARP_TAPS - 1];

    ODVA_UNROLL
    for (int j = 0; j < 4 + WARP_TAPS - 1; j++, src += src_stride) {
        rows[j] = (warp_numbers){0};
        ODVA_UNROLL
        for (int i = 0; i < WARP_TAPS; i++)
            rows[j] += warp_load(src + i) * warp_taps[a][i];
    }
    ODVA_UNROLL
    for (int y = 0; y < 4; y++, dst += dst_stride) {
        warp_numbers sum = {0};

        sum += 1 << (WARP_SHIFT - 1);
        ODVA_UNROLL
        for (int j = 0; j < WARP_TAPS; j++)
            sum += rows[y + j] * warp_taps[b][j];
        warp_store(dst, sum);
    }
}

#define WARP_READ 9
#include "kernels/cpu/warp_blocks.h"

static void warp_wide(const struct odva_cpu_warp *warp, int first_row, int rows)
{
    warp_block_rows(warp, first_row, rows);
}

#endif
