/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The structure_tensors operator; include a simd_*.h before. */
#ifndef ODVA_CPU_STRUCTURE_TENSORS_SIMD_H
#define ODVA_CPU_STRUCTURE_TENSORS_SIMD_H

#include <string.h>

#include "kernels/cpu/operators.h"

#define STRIP_ROWS   6 /* a row of blocks, and one row above and below */
#define STRIP_BLOCKS (V_WORDS / 4)

/** V_WORDS columns of both planes; what is beside them can be read as well. */
struct tensor_strip {
    const uint8_t *a[STRIP_ROWS], *b[STRIP_ROWS];
    int rows, columns; /* that count */
};

struct tensor_padding {
    uint8_t a[STRIP_ROWS][V_WORDS + 2], b[STRIP_ROWS][V_WORDS + 2];
};

/* The rows above the first and below the last are these themselves. */
static inline int tensor_row(const struct odva_cpu_structure_tensors *job, int by, int i)
{
    const int y = 4 * by + i - 1;

    return y < 0 ? 0 : y < job->height ? y : job->height - 1;
}

/* Columns x-1 .. x+V_WORDS of a row of width samples, whose edges repeat. */
static inline const uint8_t *tensor_pad(uint8_t *padded, const uint8_t *row, int x, int width)
{
    const int before = x == 0, first = x - 1 + before;
    const int left = width - first, room = V_WORDS + 2 - before, n = left < room ? left : room;

    padded[0] = row[0];
    memcpy(padded + before, row + first, n);
    memset(padded + before + n, row[width - 1], room - n);
    return padded + 1;
}

static inline void tensor_strip_init(struct tensor_strip *strip, struct tensor_padding *padding,
                                     const struct odva_cpu_structure_tensors *job, int by, int x)
{
    const int inside = x > 0 && x + V_WORDS < job->width;

    strip->rows = job->height - 4 * by < 4 ? job->height - 4 * by : 4;
    strip->columns = job->width - x < V_WORDS ? job->width - x : V_WORDS;
    for (int i = 0; i < STRIP_ROWS; i++) {
        const int y = tensor_row(job, by, i);
        const uint8_t *a = job->a + y * job->a_stride, *b = job->b + y * job->b_stride;

        strip->a[i] = inside ? a + x : tensor_pad(padding->a[i], a, x, job->width);
        strip->b[i] = inside ? b + x : tensor_pad(padding->b[i], b, x, job->width);
    }
}

static inline v_int tensor_sum(const uint8_t *a, const uint8_t *b)
{
    return v_add_words(v_load_words(a), v_load_words(b));
}

static inline v_int tensor_add(v_int sum, v_int a, v_int b)
{
    return v_add_dwords(sum, v_pair_words(a, b));
}

/* Sums of neighbours: of a in the first half of each 128 bits, of b in the second. */
static inline v_int tensor_fold(v_int a, v_int b)
{
    return v_add_dwords(v_pick_dwords(a, b, 0, 2, 0, 2), v_pick_dwords(a, b, 1, 3, 1, 3));
}

/* STRIP_BLOCKS tensors; those without columns that count are 0. */
static inline void tensor_strip_run(struct odva_structure_tensor *tensors,
                                    const struct tensor_strip *strip)
{
    const v_int mask = v_word_mask(strip->columns);
    v_int xx = v_int_zero(), xy = xx, yy = xx, xe = xx, ye = xx, ee = xx;
    v_int above = tensor_sum(strip->a[0], strip->b[0]), here = tensor_sum(strip->a[1], strip->b[1]);

    for (int i = 1; i <= strip->rows; i++) {
        const uint8_t *a = strip->a[i], *b = strip->b[i];
        const v_int below = tensor_sum(strip->a[i + 1], strip->b[i + 1]);
        const v_int gx =
            v_and(mask, v_sub_words(tensor_sum(a + 1, b + 1), tensor_sum(a - 1, b - 1)));
        const v_int gy = v_and(mask, v_sub_words(below, above));
        const v_int e = v_and(mask, v_sub_words(v_load_words(b), v_load_words(a)));

        xx = tensor_add(xx, gx, gx);
        xy = tensor_add(xy, gx, gy);
        yy = tensor_add(yy, gy, gy);
        xe = tensor_add(xe, gx, e);
        ye = tensor_add(ye, gy, e);
        ee = tensor_add(ee, e, e);
        above = here;
        here = below;
    }
    xx = tensor_fold(xx, xy); /* xx xx' xy xy' of blocks and their right neighbours */
    yy = tensor_fold(yy, xe);
    ye = tensor_fold(ye, ee);
    v_store_lanes3(tensors, v_pick_dwords(xx, yy, 0, 2, 0, 2), v_pick_dwords(ye, xx, 0, 2, 1, 3),
                   v_pick_dwords(yy, ye, 1, 3, 1, 3));
}

static void structure_tensors_simd(const struct odva_cpu_structure_tensors *job, int first_row,
                                   int rows)
{
    const int columns = (job->width + 3) / 4;

    for (int by = first_row; by < first_row + rows; by++) {
        for (int bx = 0; bx < columns; bx += STRIP_BLOCKS) {
            struct odva_structure_tensor *tensors = job->tensors + (size_t)by * columns + bx;
            struct odva_structure_tensor some[STRIP_BLOCKS];
            struct tensor_padding padding;
            struct tensor_strip strip;

            tensor_strip_init(&strip, &padding, job, by, 4 * bx);
            if (columns - bx >= STRIP_BLOCKS) {
                tensor_strip_run(tensors, &strip);
            } else {
                tensor_strip_run(some, &strip);
                memcpy(tensors, some, (columns - bx) * sizeof(*some));
            }
        }
    }
}

#endif
