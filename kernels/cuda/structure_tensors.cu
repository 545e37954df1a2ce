/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Sums of products of gradients and differences: a thread makes a block of 4x4 samples. */
#include "kernels/cuda/planes.cuh"

KERNEL(structure_tensors, structure_tensors)
{
    const plane p = plane_of(a.a, 0), q = plane_of(a.b, 0);
    const int last_x = a.width - 1, last_y = a.height - 1, across = (a.width + 3) / 4;
    const int64_t i = thread_index();
    const int left = (int)(4 * (i % across)), top = (int)(4 * (i / across));
    int sums[6] = {0}; /* xx, xy, yy, xe, ye, ee */

    const auto both = [&](int x, int y) {
        const int column = clip(x, 0, last_x), row = clip(y, 0, last_y);

        return sample_at(p, column, row) + sample_at(q, column, row);
    };

    if (i >= (int64_t)across * ((a.height + 3) / 4))
        return;
    for (int y = top; y <= smaller(top + 3, last_y); y++)
        for (int x = left; x <= smaller(left + 3, last_x); x++) {
            const int gx = both(x + 1, y) - both(x - 1, y);
            const int gy = both(x, y + 1) - both(x, y - 1);
            const int e = sample_at(q, x, y) - sample_at(p, x, y);

            sums[0] += gx * gx;
            sums[1] += gx * gy;
            sums[2] += gy * gy;
            sums[3] += gx * e;
            sums[4] += gy * e;
            sums[5] += e * e;
        }
    for (int k = 0; k < 6; k++)
        a.dst[6 * i + k] = sums[k];
}
