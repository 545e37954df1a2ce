/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* All samples but those of tokens that are kept, from what they were: a thread makes four. */
#include "kernels/cuda/planes.cuh"

#define NEAR 14 /* of differences to samples at distance 1 */
#define FAR  11 /* at distance 2 */

/* What a difference counts: itself up to half the limit, then less, and nothing from it on. */
static __device__ __forceinline__ int counted(int difference, int limit)
{
    const int size = difference < 0 ? -difference : difference;
    const int counts = larger(smaller(size, limit - size), 0);

    return difference < 0 ? -counts : counts;
}

/* @param last_x, last_y of the plane */
static __device__ four smoothed(plane p, int x, int y, int last_x, int last_y, int limit)
{
    const four left = samples_at(p, x - 4, y, last_x), here = samples_at(p, x, y, last_x);
    const four right = samples_at(p, x + 4, y, last_x);
    const four above = samples_at(p, x, larger(y - 1, 0), last_x);
    const four below = samples_at(p, x, smaller(y + 1, last_y), last_x);
    const four far_above = samples_at(p, x, larger(y - 2, 0), last_x);
    const four far_below = samples_at(p, x, smaller(y + 2, last_y), last_x);
    int row[12];
    four s;

    for (int i = 0; i < 4; i++) {
        row[i] = left.v[i];
        row[4 + i] = here.v[i];
        row[8 + i] = right.v[i];
    }
    for (int i = 0; i < 4; i++) {
        const int v = here.v[i];
        const int near = counted(row[3 + i] - v, limit) + counted(row[5 + i] - v, limit) +
                         counted(above.v[i] - v, limit) + counted(below.v[i] - v, limit);
        const int far = counted(row[2 + i] - v, limit) + counted(row[6 + i] - v, limit) +
                        counted(far_above.v[i] - v, limit) + counted(far_below.v[i] - v, limit);

        s.v[i] = v + ((NEAR * near + FAR * far + 64) >> 7);
    }
    return s;
}

KERNEL(smooth, smooth)
{
    const plane from = plane_of(a.sources.at[blockIdx.y], blockIdx.z);
    const plane to = plane_of(a.pictures.at[blockIdx.y], blockIdx.z);
    const int width = plane_size(a.width, blockIdx.z), height = plane_size(a.height, blockIdx.z);
    const int side = blockIdx.z ? ODVA_TOKEN_CHROMA : ODVA_TOKEN_LUMA, across = (width + 3) / 4;
    const int64_t i = thread_index();
    const int x = (int)(4 * (i % across)), y = (int)(i / across);

    if (!to.samples || i >= (int64_t)across * height)
        return;
    if (!a.kept || !a.kept[(int64_t)(y / side) * a.columns + x / side])
        set_word(to, x, y, smoothed(from, x, y, width - 1, height - 1, a.limit));
}
