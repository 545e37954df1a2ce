/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Half the size: a thread makes four samples, each the mean of 2x2. */
#include "kernels/cuda/planes.cuh"

KERNEL(downscale2x, downscale2x)
{
    const plane from = plane_of(a.src, blockIdx.z), to = plane_of(a.dst, blockIdx.z);
    const int width = plane_size(a.width, blockIdx.z), height = plane_size(a.height, blockIdx.z);
    const int across = ((width + 1) / 2 + 3) / 4;
    const int64_t i = thread_index();
    const int x = (int)(4 * (i % across)), y = (int)(i / across);
    const int above = 2 * y, below = smaller(2 * y + 1, height - 1);
    four s;

    if (!from.samples || !to.samples || i >= (int64_t)across * ((height + 1) / 2))
        return;
    for (int c = 0; c < 4; c++) {
        const int left = smaller(2 * (x + c), width - 1),
                  right = smaller(2 * (x + c) + 1, width - 1);

        s.v[c] = (sample_at(from, left, above) + sample_at(from, right, above) +
                  sample_at(from, left, below) + sample_at(from, right, below) + 2) >>
                 2;
    }
    set_word(to, x, y, s);
}
