/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Motions of every kind. */
#ifndef ODVA_RANDOM_MOTION_H
#define ODVA_RANDOM_MOTION_H

#include "bitstream/motion.h"
#include "tests/support/test.h"

/* Many zeros, small values, now and then up to the limit. */
static inline int16_t random_coefficient(struct random *random, int limit)
{
    const int kind = random_below(random, 32);

    if (kind < 16)
        return 0;
    return (int16_t)(kind == 16 ? random_below(random, 2 * limit + 1) - limit
                                : random_below(random, 31) - 15);
}

static inline void random_path(struct random *random, struct odva_path *path, int terms, int limit)
{
    *path = (struct odva_path){0};
    for (int c = 0; c < 2; c++) {
        for (int k = 0; k < terms; k++)
            path->value[c * ODVA_MAX_TERMS + k] = random_coefficient(random, limit);
    }
}

/*
 * Set all of a motion but the picture's size, which is motion->width x height.
 * @param points 0, 1 or 4
 * @param spacing 0, or 16 to 128
 * @param limit of the coefficients' magnitudes
 */
static inline void random_motion(struct random *random, struct odva_motion *motion, int frames,
                                 int points, int spacing, int limit)
{
    motion->frames = frames;
    motion->left = 2 * random_below(random, 65);
    motion->top = 2 * random_below(random, 65);
    motion->right = 2 * random_below(random, 65);
    motion->bottom = 2 * random_below(random, 65);
    motion->reference = random_below(random, frames);
    motion->points = points;
    motion->point_terms = points ? 1 + random_below(random, frames - 1) : 0;
    motion->point_step = points ? random_below(random, 16) : 0;
    motion->spacing = spacing;
    motion->mesh_terms = spacing ? 1 + random_below(random, frames - 1) : 0;
    motion->mesh_step = spacing ? random_below(random, 16) : 0;
    assert_int_equal(odva_motion_reserve(motion), ONEDVA_OK);
    for (int i = 0; i < points; i++)
        random_path(random, &motion->point[i], motion->point_terms, limit);
    for (int i = 0; spacing && i < odva_motion_columns(motion) * odva_motion_rows(motion); i++)
        random_path(random, &motion->mesh[i], motion->mesh_terms, limit);
}

#endif
