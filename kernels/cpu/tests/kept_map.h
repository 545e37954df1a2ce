/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which tokens deblocking and smoothing leave as they are, for the tests of both. */
#ifndef ODVA_CPU_TESTS_KEPT_MAP_H
#define ODVA_CPU_TESTS_KEPT_MAP_H

#include "base/layout.h"
#include "kernels/cpu/tests/guarded.h"
#include "tests/support/test.h"

/* Which tokens are kept: in memory of exactly the grid's size. */
enum map {
    NO_MAP,
    NONE,
    ALL,
    FEW,
    MOST,
    MAPS,
};

/** @return to be freed by guarded_free() */
static inline uint8_t *draw_map(enum map map, const struct odva_grid *grid, struct random *random)
{
    const size_t tokens = (size_t)grid->gy * grid->gx;
    uint8_t *kept = guarded_new(tokens);

    for (size_t i = 0; i < tokens; i++)
        kept[i] = map == ALL || (map == FEW && random_below(random, 4) == 0) ||
                  (map == MOST && random_below(random, 4) > 0);
    return kept;
}

#endif
