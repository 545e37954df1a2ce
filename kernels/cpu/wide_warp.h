/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* warp of wide pictures: four samples each of two rows side by side. */
#ifndef ODVA_CPU_WIDE_WARP_H
#define ODVA_CPU_WIDE_WARP_H

#include <stdint.h>
#include <string.h>

#include "base/unroll.h"
#include "kernels/cpu/warp_taps.h"
#include "kernels/cpu/wide.h"

typedef uint16_t warp_sample;

/* Four samples of a row, and of two. */
typedef uint16_t warp_row __attribute__((vector_size(8)));
typedef uint16_t warp_words __attribute__((vector_size(16)));
typedef int32_t warp_numbers __attribute__((vector_size(32)));

#define PAIRS      ((4 + WARP_TAPS) / 2) /* of a window's rows; of the last one there is no second */
#define PHASE(...) {__VA_ARGS__},

static const int8_t warp_taps[16][WARP_TAPS] = {WARP_PHASES(PHASE)};

/* A pair of rows, filtered along them. @param stride 0: of the same row twice */
static inline void warp_across(warp_numbers *sum, const uint16_t *src, ptrdiff_t stride,
                               const int8_t *taps)
{
    warp_row first, second;

    *sum = (warp_numbers){0};
    ODVA_UNROLL
    for (int i = 0; i < WARP_TAPS; i++) {
        memcpy(&first, src + i, sizeof(first));
        memcpy(&second, src + stride + i, sizeof(second));
        *sum += __builtin_convertvector(
                    __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7), warp_numbers) *
                taps[i];
    }
}

/* Two rows of the block, filtered down. @param rows of which the first ones are filtered */
static inline void warp_store(uint16_t *dst, ptrdiff_t stride, const warp_numbers *rows,
                              const int8_t *taps)
{
    const warp_numbers none = {0}, largest = none + ODVA_WIDE_LARGEST;
    warp_numbers sum = none + (1 << (WARP_SHIFT - 1));
    warp_words words;

    ODVA_UNROLL
    for (int j = 0; j < WARP_TAPS; j++)
        sum += rows[j] * taps[j];
    sum >>= WARP_SHIFT;
    sum &= sum > none;
    sum = (sum & (sum < largest)) | (largest & (sum >= largest));
    words = __builtin_convertvector(sum, warp_words);
    memcpy(dst, &words, sizeof(words) / 2);
    memcpy(dst + stride, (const char *)&words + sizeof(words) / 2, sizeof(words) / 2);
}

static inline void warp_block(uint16_t *dst, ptrdiff_t dst_stride, const uint16_t *src,
                              ptrdiff_t src_stride, int a, int b)
{
    warp_numbers rows[2 * PAIRS]; /* row j and the one behind it */

    ODVA_UNROLL
    for (int j = 0; j < PAIRS; j++)
        warp_across(&rows[2 * j], src + 2 * j * src_stride, j < PAIRS - 1 ? src_stride : 0,
                    warp_taps[a]);
    ODVA_UNROLL
    for (int j = 0; j < PAIRS - 1; j++)
        rows[2 * j + 1] =
            __builtin_shufflevector(rows[2 * j], rows[2 * j + 2], 4, 5, 6, 7, 8, 9, 10, 11);
    warp_store(dst, dst_stride, rows, warp_taps[b]);
    warp_store(dst + 2 * dst_stride, dst_stride, rows + 2, warp_taps[b]);
}

#define WARP_READ 9
#include "kernels/cpu/warp_blocks.h"

static void warp_wide(const struct odva_cpu_warp *warp, int first_row, int rows)
{
    warp_block_rows(warp, first_row, rows);
}

#undef PAIRS
#endif
