/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the linear operators share that round their rows; include a simd_*.h before. */
#ifndef ODVA_CPU_LINEAR_ROUNDED_H
#define ODVA_CPU_LINEAR_ROUNDED_H

#include "kernels/cpu/linear_operator_simd.h"

#define ROUNDED_ROWS 96 /* whose factors are rounded at a time: a multiple of V_TILE_ROWS */

/* What a tile of rounded rows and a panel have for factors. */
struct tile_factors {
    const void *rows;
    int64_t stride;     /* bytes from one row to the next */
    const float *scale; /* of each row, where they are of 8 bits */
    const void *panel;
    int steps; /* of the sums: pairs or quads of inputs */
};

typedef void (*tile_fn)(const struct tile_place *, const struct tile_factors *);

/* A block of rounded rows by one panel, in tiles of 12, 4 and 1 rows. */
static void multiply_block(struct tile_place p, struct tile_factors f, int64_t rows,
                           tile_fn by_12_rows, tile_fn by_4_rows, tile_fn by_1_row)
{
    for (int step; rows > 0; rows -= step) {
        step = rows >= 12 ? 12 : rows >= 4 ? 4 : 1;
        (step == 12 ? by_12_rows : step == 4 ? by_4_rows : by_1_row)(&p, &f);
        p.row += step;
        f.rows = (const char *)f.rows + step * f.stride;
        if (f.scale)
            f.scale += step;
    }
}

#endif
