/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transform/deblocking.h"

#include "base/assert.h"

#define DOUBLING 13  /* quantiser indices after which steps of coding are twice as large */
#define OFFSET   136 /* qidx + OFFSET >= 0 */
#define MOST     1020

int odva_deblocking_limit(int qidx)
{
    const int v = qidx + OFFSET;
    const int limit = ((DOUBLING + v % DOUBLING) << (v / DOUBLING)) >> 9;

    ODVA_ASSERT(qidx >= -128 && qidx <= 127);
    return limit < MOST ? limit : MOST;
}

int odva_deblocking_step_limit(int qidx)
{
    return (5 * odva_deblocking_limit(qidx) + 8) >> 4;
}

int odva_deblock(struct odva_backend *backend, const struct onedva_picture *pictures,
                 const struct odva_grid *grid, int qidx)
{
    const int limit = odva_deblocking_step_limit(qidx);

    return limit ? backend->ops->deblock(backend, pictures, grid, limit) : ONEDVA_OK;
}
