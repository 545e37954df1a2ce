/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The warp of a plane, block by block. Define before:
 *
 * WARP_READ                bytes of a source row that warp_block may read, at least WARP_WINDOW
 * warp_block(dst, dst_stride, src, src_stride, a, b)
 *                          filter the WARP_WINDOW x WARP_WINDOW window at src with the phases a
 *                          (horizontal) and b to 4x4 samples
 */
#ifndef ODVA_CPU_WARP_BLOCKS_H
#define ODVA_CPU_WARP_BLOCKS_H

#include <string.h>

#include "cpu/operators.h"
#include "cpu/warp_taps.h"

#define WARP_WINDOW (4 + WARP_TAPS - 1)

/* Vector of the blocks of a mesh cell: (start + k step) >> shift for block k. */
struct warp_cell {
    int64_t start[2], step[2];
    int shift;
};

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

static inline void warp_cell_init(struct warp_cell *cell, const struct odva_cpu_warp *warp, int by,
                                  int i)
{
    const int e = 1 + warp->chroma, log2_2s = warp->log2_spacing + 1;
    int64_t left[2], right[2];

    warp_edge(left, warp, by, i);
    warp_edge(right, warp, by, i + 1);
    cell->shift = 2 * log2_2s + e - 1;
    for (int c = 0; c < 2; c++) {
        const int64_t slope = right[c] - left[c];

        cell->start[c] = left[c] * ((int64_t)1 << log2_2s) + (4 * e - 1) * slope +
                         ((int64_t)1 << (cell->shift - 1));
        cell->step[c] = 8 * e * slope;
    }
}

/* The window at (x, y) where some of it is outside of the plane: the edge repeats. */
static inline void warp_edge_window(uint8_t *window, const struct odva_cpu_warp *warp, int x, int y)
{
    for (int j = 0; j < WARP_WINDOW; j++) {
        const uint8_t *row =
            warp->src + warp_clip(y + j, warp->source_height - 1) * warp->src_stride;

        for (int i = 0; i < WARP_WINDOW; i++)
            window[j * WARP_READ + i] = row[warp_clip(x + i, warp->source_width - 1)];
    }
}

static inline void warp_copy(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                             ptrdiff_t src_stride)
{
    for (int j = 0; j < 4; j++)
        memcpy(dst + j * dst_stride, src + j * src_stride, 4);
}

static inline void warp_window(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                               ptrdiff_t src_stride, int a, int b)
{
    if (a | b)
        warp_block(dst, dst_stride, src, src_stride, a, b);
    else
        warp_copy(dst, dst_stride, src + 2 * src_stride + 2, src_stride);
}

/* A whole block from the position (px, py) of its first sample, in 1/16 sample. */
static inline void warp_whole_block(uint8_t *dst, ptrdiff_t dst_stride,
                                    const struct odva_cpu_warp *warp, int px, int py)
{
    const int x = (px >> 4) - 2, y = (py >> 4) - 2;

    if (x >= 0 && x <= warp->source_width - WARP_READ && y >= 0 &&
        y <= warp->source_height - WARP_WINDOW) {
        warp_window(dst, dst_stride, warp->src + y * warp->src_stride + x, warp->src_stride,
                    px & 15, py & 15);
    } else {
        uint8_t window[WARP_WINDOW * WARP_READ] = {0};

        warp_edge_window(window, warp, x, y);
        warp_window(dst, dst_stride, window, WARP_READ, px & 15, py & 15);
    }
}

/* A block that the right or lower edge of the picture cuts. */
static inline void warp_cut_block(uint8_t *dst, const struct odva_cpu_warp *warp, int px, int py,
                                  int width, int height)
{
    uint8_t block[4 * 4];

    warp_whole_block(block, 4, warp, px, py);
    for (int j = 0; j < height; j++)
        memcpy(dst + j * warp->dst_stride, block + 4 * j, width);
}

static void warp_block_row(const struct odva_cpu_warp *warp, int by)
{
    const int blocks = (warp->width + 3) / 4;
    const int cell_blocks = 1 << (warp->log2_spacing - 2 - warp->chroma);
    const int rows = warp->height - 4 * by < 4 ? warp->height - 4 * by : 4;
    const int py = 16 * (4 * by + warp->top);
    uint8_t *dst = warp->dst + 4 * by * warp->dst_stride;

    for (int first = 0, i = 0; first < blocks; first += cell_blocks, i++) {
        const int end = first + cell_blocks < blocks ? first + cell_blocks : blocks;
        struct warp_cell cell;

        warp_cell_init(&cell, warp, by, i);
        for (int bx = first; bx < end; bx++) {
            const int px = 16 * (4 * bx + warp->left) + (int)(cell.start[0] >> cell.shift);
            const int vy = (int)(cell.start[1] >> cell.shift);
            const int columns = warp->width - 4 * bx;

            if (rows == 4 && columns >= 4)
                warp_whole_block(dst + 4 * bx, warp->dst_stride, warp, px, py + vy);
            else
                warp_cut_block(dst + 4 * bx, warp, px, py + vy, columns < 4 ? columns : 4, rows);
            cell.start[0] += cell.step[0];
            cell.start[1] += cell.step[1];
        }
    }
}

static void warp_block_rows(const struct odva_cpu_warp *warp, int first_row, int rows)
{
    for (int by = first_row; by < first_row + rows; by++)
        warp_block_row(warp, by);
}

#endif
