/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures through a displacement field (doc/bitstream.md, section 10): a thread makes 4x4 samples.
 */
#include "kernels/cuda/planes.cuh"

#define TAPS     6
#define WINDOW   9  /* samples each way that 4x4 come from */
#define FRACTION 32 /* bits of a position behind 1/16 sample */

static __constant__ const int8_t taps[16][TAPS] = {
    {0, 0, 64, 0, 0, 0},    {1, -3, 63, 4, -1, 0},  {1, -5, 62, 8, -2, 0},  {2, -7, 60, 12, -3, 0},
    {2, -9, 57, 17, -4, 1}, {2, -9, 53, 23, -6, 1}, {2, -9, 49, 28, -7, 1}, {2, -9, 44, 34, -8, 1},
    {2, -9, 39, 39, -9, 2}, {1, -8, 34, 44, -9, 2}, {1, -7, 28, 49, -9, 2}, {1, -6, 23, 53, -9, 2},
    {1, -4, 17, 57, -9, 2}, {0, -3, 12, 60, -7, 2}, {0, -2, 8, 62, -5, 1},  {0, -1, 4, 63, -3, 1}};

/* Coordinate c, 0: x, 1: y, of the node at a column and row, the nearest one where there is none.
 */
static __device__ __forceinline__ int64_t node_at(const odva_cuda_warp &a, int frame, int column,
                                                  int row, int c)
{
    const int64_t y = clip(row, 0, a.rows - 1), x = clip(column, 0, a.columns - 1);

    return a.nodes[2 * ((frame * (int64_t)a.rows + y) * a.columns + x) + c];
}

/* The field of row by of blocks at column i of nodes, times 2S. */
static __device__ __forceinline__ int64_t edge_at(const odva_cuda_warp &a, int frame, int e, int by,
                                                  int i, int c)
{
    const int log2_2s = a.log2_spacing + 1;
    const int y = e * (8 * by + 4) - 1, j = y >> log2_2s, fy = y & ((1 << log2_2s) - 1);

    return node_at(a, frame, i, j, c) * ((1 << log2_2s) - fy) + node_at(a, frame, i, j + 1, c) * fy;
}

/* Where block (bx, by) comes from, in 1/16 sample. */
static __device__ int position_of(const odva_cuda_warp &a, int frame, int is_chroma, int bx, int by,
                                  int c)
{
    const int e = 1 + is_chroma, log2_2s = a.log2_spacing + 1;
    const int cell_blocks = 1 << (a.log2_spacing - 2 - is_chroma);
    const int cell = bx / cell_blocks, within = bx % cell_blocks;
    const int64_t unit = (int64_t)1 << (FRACTION - 2 * log2_2s - e + 1);
    const int64_t start = edge_at(a, frame, e, by, cell, c);
    const int64_t slope = edge_at(a, frame, e, by, cell + 1, c) - start;
    const int64_t vector = start * (2 << a.log2_spacing) + (4 * e - 1 + 8 * e * within) * slope;
    const int64_t rest = 16 * (4 * (c ? by : bx) + (c ? a.top : a.left) / e);

    return (
        int)((rest * ((int64_t)1 << FRACTION) + vector * unit + ((int64_t)1 << (FRACTION - 1))) >>
             FRACTION);
}

/* The window's row from (x, y) on, filtered to four numbers. */
static __device__ __forceinline__ four filter_row(plane source, int last_x, int last_y, int x,
                                                  int y, int phase)
{
    const int row = clip(y, 0, last_y);
    int samples[WINDOW];
    four sums = {{0, 0, 0, 0}};

    for (int i = 0; i < WINDOW; i++)
        samples[i] = sample_at(source, clip(x + i, 0, last_x), row);
    for (int i = 0; i < TAPS; i++)
        for (int c = 0; c < 4; c++)
            sums.v[c] += taps[phase][i] * samples[i + c];
    return sums;
}

static __device__ void warp_block(const odva_cuda_warp &a, int frame, int index, int bx, int by)
{
    const int from_x = position_of(a, frame, index > 0, bx, by, 0);
    const int from_y = position_of(a, frame, index > 0, bx, by, 1);
    const int last_x = plane_size(a.source_width, index) - 1;
    const int last_y = plane_size(a.source_height, index) - 1;
    const plane source = plane_of(a.sources.at[frame], index);
    const plane to = plane_of(a.pictures.at[frame], index);
    const int end = smaller(4, plane_size(a.height, index) - 4 * by);
    four rows_of[WINDOW];

    for (int j = 0; j < WINDOW; j++)
        rows_of[j] = filter_row(source, last_x, last_y, (from_x >> 4) - 2, (from_y >> 4) - 2 + j,
                                from_x & 15);
    for (int y = 0; y < 4; y++) {
        four s;

        for (int c = 0; c < 4; c++) {
            int sum = 1 << 11;

            for (int j = 0; j < TAPS; j++)
                sum += taps[from_y & 15][j] * rows_of[y + j].v[c];
            s.v[c] = clip(sum >> 12, 0, 255);
        }
        if (y < end)
            set_word(to, 4 * bx, 4 * by + y, s);
    }
}

KERNEL(warp, warp)
{
    const int across = (plane_size(a.width, blockIdx.z) + 3) / 4;
    const int down = (plane_size(a.height, blockIdx.z) + 3) / 4;
    const int64_t i = thread_index();

    if (i < (int64_t)across * down && a.pictures.at[blockIdx.y].planes[blockIdx.z] &&
        a.sources.at[blockIdx.y].planes[blockIdx.z])
        warp_block(a, blockIdx.y, blockIdx.z, (int)(i % across), (int)(i / across));
}
