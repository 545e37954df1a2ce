/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The warp of a plane, block by block. Define before:
 *
 * warp_sample              type of a sample
 * WARP_READ                samples of a source row that warp_block may read, at least WARP_WINDOW
 * warp_block(dst, dst_stride, src, src_stride, a, b)
 *                          filter the WARP_WINDOW x WARP_WINDOW window at src with the phases a
 *                          (horizontal) and b to 4x4 samples
 */
#ifndef ODVA_CPU_WARP_BLOCKS_H
#define ODVA_CPU_WARP_BLOCKS_H

#include <string.h>

#include "kernels/cpu/operators.h"
#include "kernels/cpu/warp_taps.h"

#define WARP_WINDOW (4 + WARP_TAPS - 1)

#define WARP_FRACTION 32 /* bits of a position behind 1/16 sample; those of the field are fewer */

/** Where the blocks of a row come from in one cell of the mesh, x and y. */
struct warp_walk {
    int64_t position[2]; /* of the next block's first sample */
    int64_t step[2];     /* to the next block */
};

static inline int warp_min(int a, int b)
{
    return a < b ? a : b;
}

static inline int warp_max(int a, int b)
{
    return a > b ? a : b;
}

static inline int warp_clip(int v, int max)
{
    return v < 0 ? 0 : v > max ? max : v;
}

/* The field of row by of blocks at column i of nodes, times 2S. */
static inline void warp_edge(int64_t edge[2], const struct odva_cpu_warp *warp, int by, int i)
{
    const int e = 1 + warp->chroma, log2_2s = warp->log2_spacing + 1;
    const int y = e * (8 * by + 4) - 1, j = y >> log2_2s, fy = y & ((1 << log2_2s) - 1);
    const int column = warp_clip(i, warp->columns - 1);
    const int16_t *above =
        warp->nodes[(size_t)warp_clip(j, warp->rows - 1) * warp->columns + column];
    const int16_t *below =
        warp->nodes[(size_t)warp_clip(j + 1, warp->rows - 1) * warp->columns + column];

    for (int c = 0; c < 2; c++)
        edge[c] = (int64_t)((1 << log2_2s) - fy) * above[c] + (int64_t)fy * below[c];
}

/* From cell i of the mesh on, whose first block is bx. */
static inline void warp_walk_init(struct warp_walk *walk, const struct odva_cpu_warp *warp, int bx,
                                  int by, int i)
{
    const int e = 1 + warp->chroma, log2_2s = warp->log2_spacing + 1;
    const int64_t unit = (int64_t)1 << (WARP_FRACTION - 2 * log2_2s - e + 1);
    const int64_t rest[2] = {16 * (4 * bx + warp->left), 16 * (4 * by + warp->top)};
    int64_t left[2], right[2];

    warp_edge(left, warp, by, i);
    warp_edge(right, warp, by, i + 1);
    for (int c = 0; c < 2; c++) {
        const int64_t slope = right[c] - left[c];
        const int64_t vector = left[c] * (2 << warp->log2_spacing) + (4 * e - 1) * slope;

        walk->position[c] = rest[c] * ((int64_t)1 << WARP_FRACTION) + vector * unit +
                            ((int64_t)1 << (WARP_FRACTION - 1));
        walk->step[c] = 8 * e * slope * unit;
    }
    walk->step[0] += (int64_t)(16 * 4) << WARP_FRACTION;
}

/* WARP_WINDOW samples of a row from x on, where some may be outside: the edge repeats. */
static inline void warp_edge_row(warp_sample *dst, const warp_sample *row, int x, int width)
{
    if (x >= 0 && x + WARP_WINDOW <= width)
        memcpy(dst, row + x, WARP_WINDOW * sizeof(*dst));
    else
        for (int i = 0; i < WARP_WINDOW; i++)
            dst[i] = row[warp_clip(x + i, width - 1)];
}

static inline const warp_sample *warp_source_row(const struct odva_cpu_warp *warp, int y)
{
    return (const warp_sample *)(warp->src + y * warp->src_stride);
}

static inline void warp_edge_window(warp_sample *window, const struct odva_cpu_warp *warp, int x,
                                    int y)
{
    for (int j = 0; j < WARP_WINDOW; j++) {
        const int row = warp_clip(y + j, warp->source_height - 1);

        warp_edge_row(window + j * WARP_READ, warp_source_row(warp, row), x, warp->source_width);
    }
}

/* Strides are of samples. */
static inline void warp_copy(warp_sample *dst, ptrdiff_t dst_stride, const warp_sample *src,
                             ptrdiff_t src_stride)
{
    memcpy(dst, src, 4 * sizeof(*dst));
    memcpy(dst + dst_stride, src + src_stride, 4 * sizeof(*dst));
    memcpy(dst + 2 * dst_stride, src + 2 * src_stride, 4 * sizeof(*dst));
    memcpy(dst + 3 * dst_stride, src + 3 * src_stride, 4 * sizeof(*dst));
}

static inline void warp_window(warp_sample *dst, ptrdiff_t dst_stride, const warp_sample *src,
                               ptrdiff_t src_stride, int a, int b)
{
    if (a | b)
        warp_block(dst, dst_stride, src, src_stride, a, b);
    else
        warp_copy(dst, dst_stride, src + 2 * src_stride + 2, src_stride);
}

/*
 * Ask for a row of the next row of blocks: processors foresee only longer runs. gcc 12 drops calls
 * of a function that does nothing else, unless it is inlined early.
 */
static inline __attribute__((always_inline)) void warp_prefetch(const struct odva_cpu_warp *warp,
                                                                int bx, int by, int x, int y)
{
    const int row = warp_min(4 * by + 4 + (bx & 3), warp->height - 1);
    const int source_row = warp_min(y + WARP_WINDOW + (bx & 3), warp->source_height - 1);

    __builtin_prefetch(warp->dst + row * warp->dst_stride + 4 * bx * sizeof(warp_sample), 1);
    __builtin_prefetch(warp->src + source_row * warp->src_stride +
                       x * (ptrdiff_t)sizeof(warp_sample));
}

/* A block that the picture's edge cuts, or whose window the source's edge cuts. */
static __attribute__((noinline)) void warp_edge_block(const struct odva_cpu_warp *warp, int bx,
                                                      int by, int px, int py)
{
    const int width = warp_min(4, warp->width - 4 * bx);
    const int height = warp_min(4, warp->height - 4 * by);
    uint8_t *dst = warp->dst + 4 * by * warp->dst_stride + 4 * bx * sizeof(warp_sample);
    warp_sample window[WARP_WINDOW * WARP_READ] = {0}, block[4 * 4];

    warp_edge_window(window, warp, (px >> 4) - 2, (py >> 4) - 2);
    warp_window(block, 4, window, WARP_READ, px & 15, py & 15);
    for (int j = 0; j < height; j++)
        memcpy(dst + j * warp->dst_stride, block + 4 * j, width * sizeof(*block));
}

static void warp_block_row(const struct odva_cpu_warp *warp, int by)
{
    const int blocks = (warp->width + 3) / 4;
    const int whole = 4 * by + 4 <= warp->height ? warp->width / 4 : 0;
    const int cell_blocks = 1 << (warp->log2_spacing - 2 - warp->chroma);
    const unsigned windows_x = warp_max(0, warp->source_width - WARP_READ + 1);
    const unsigned windows_y = warp_max(0, warp->source_height - WARP_WINDOW + 1);
    const ptrdiff_t dst_stride = warp->dst_stride / (ptrdiff_t)sizeof(warp_sample);
    const ptrdiff_t src_stride = warp->src_stride / (ptrdiff_t)sizeof(warp_sample);
    warp_sample *dst = (warp_sample *)(warp->dst + 4 * by * warp->dst_stride);

    for (int first = 0, i = 0; first < blocks; first += cell_blocks, i++) {
        const int end = warp_min(first + cell_blocks, blocks);
        struct warp_walk walk;

        warp_walk_init(&walk, warp, first, by, i);
        for (int bx = first; bx < end; bx++) {
            const int px = (int)(walk.position[0] >> WARP_FRACTION);
            const int py = (int)(walk.position[1] >> WARP_FRACTION);
            const int x = (px >> 4) - 2, y = (py >> 4) - 2;

            if (bx < whole && (unsigned)x < windows_x && (unsigned)y < windows_y) {
                warp_prefetch(warp, bx, by, x, y);
                warp_window(dst + 4 * bx, dst_stride, warp_source_row(warp, y) + x, src_stride,
                            px & 15, py & 15);
            } else {
                warp_edge_block(warp, bx, by, px, py);
            }
            walk.position[0] += walk.step[0];
            walk.position[1] += walk.step[1];
        }
    }
}

static void warp_block_rows(const struct odva_cpu_warp *warp, int first_row, int rows)
{
    for (int by = first_row; by < first_row + rows; by++)
        warp_block_row(warp, by);
}

#endif
