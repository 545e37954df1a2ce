/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Borders of tokens (doc/bitstream.md, section 8), those between columns first. */
#include "kernels/cuda/planes.cuh"

#define BESIDE 30

static __constant__ const int weights[4] = {56, 30, 14, 5}; /* nearest first */

/* What of a step counts between two tokens. */
static __device__ __forceinline__ int limit_between(const odva_cuda_deblock &a, int row, int column,
                                                    int other_row, int other_column)
{
    return a.kept && a.kept[(int64_t)row * a.columns + column] &&
                   a.kept[(int64_t)other_row * a.columns + other_column]
               ? 0
               : a.limit;
}

/* Borders of a plane that have four samples on both sides. */
static __device__ __forceinline__ int borders_of(int size, int spacing)
{
    return size >= 4 ? (size - 4) / spacing : 0;
}

/* Four samples on each side of a border, nearest first. */
static __device__ void deblock_line(four &before, four &behind, int limit)
{
    const int jump = behind.v[0] - before.v[0];
    const int across = weights[0] * clip(jump, -limit, limit);
    const int counted = clip(jump, -(limit / 2), limit / 2);
    const int beside_before = BESIDE * clip(before.v[1] - before.v[0], -limit, limit);
    const int beside_behind = BESIDE * clip(behind.v[1] - behind.v[0], -limit, limit);

    before.v[0] = clip(before.v[0] + ((beside_before + across + 64) >> 7), 0, 255);
    behind.v[0] = clip(behind.v[0] + ((beside_behind - across + 64) >> 7), 0, 255);
    for (int i = 1; i < 4; i++) {
        const int move = (weights[i] * counted + 64) >> 7;

        before.v[i] = clip(before.v[i] + move, 0, 255);
        behind.v[i] = clip(behind.v[i] - move, 0, 255);
    }
}

static __device__ __forceinline__ four reversed(const four &s)
{
    return four{{s.v[3], s.v[2], s.v[1], s.v[0]}};
}

KERNEL(deblock_columns, deblock)
{
    const plane p = plane_of(a.pictures.at[blockIdx.y], blockIdx.z);
    const int spacing = blockIdx.z ? ODVA_TOKEN_CHROMA : ODVA_TOKEN_LUMA;
    const int borders = borders_of(plane_size(a.width, blockIdx.z), spacing);
    const int64_t i = thread_index();

    if (!p.samples || i >= (int64_t)borders * plane_size(a.height, blockIdx.z))
        return;
    const int column = 1 + (int)(i % borders), y = (int)(i / borders), x = column * spacing;
    four before = reversed(word_at(p, x - 4, y)), behind = word_at(p, x, y);

    deblock_line(before, behind, limit_between(a, y / spacing, column, y / spacing, column - 1));
    set_word(p, x - 4, y, reversed(before));
    set_word(p, x, y, behind);
}

/* Four columns of a border below row y. */
static __device__ void deblock_word(plane p, int x, int y, int limit)
{
    four before[4], behind[4]; /* [distance], of four columns */

    for (int i = 0; i < 4; i++) {
        before[i] = word_at(p, x, y - 1 - i);
        behind[i] = word_at(p, x, y + i);
    }
    for (int c = 0; c < 4; c++) {
        four above, below;

        for (int i = 0; i < 4; i++) {
            above.v[i] = before[i].v[c];
            below.v[i] = behind[i].v[c];
        }
        deblock_line(above, below, limit);
        for (int i = 0; i < 4; i++) {
            before[i].v[c] = above.v[i];
            behind[i].v[c] = below.v[i];
        }
    }
    for (int i = 0; i < 4; i++) {
        set_word(p, x, y - 1 - i, before[i]);
        set_word(p, x, y + i, behind[i]);
    }
}

KERNEL(deblock_rows, deblock)
{
    const plane p = plane_of(a.pictures.at[blockIdx.y], blockIdx.z);
    const int spacing = blockIdx.z ? ODVA_TOKEN_CHROMA : ODVA_TOKEN_LUMA;
    const int across = (plane_size(a.width, blockIdx.z) + 3) / 4;
    const int64_t i = thread_index();
    const int x = (int)(4 * (i % across)), row = 1 + (int)(i / across), column = x / spacing;

    if (p.samples && i < (int64_t)across * borders_of(plane_size(a.height, blockIdx.z), spacing))
        deblock_word(p, x, row * spacing, limit_between(a, row, column, row - 1, column));
}
