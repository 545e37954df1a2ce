/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/motion_context.h"

#include "base/assert.h"

void odva_motion_context_init(struct odva_motion_context *context)
{
    for (int term = 0; term < ODVA_TERM_CLASSES; term++) {
        for (int i = 0; i < 3; i++)
            context->zero[term][i] = ODVA_ADAPTIVE_BIT_INIT;
        for (int i = 0; i < ODVA_MOTION_PREFIX; i++)
            context->size[term][i] = ODVA_ADAPTIVE_BIT_INIT;
    }
}

struct odva_path_neighbours odva_point_neighbours(const struct odva_motion *motion, int index)
{
    ODVA_ASSERT(index >= 0 && index < motion->points);
    return (struct odva_path_neighbours){.west = index > 0 ? &motion->point[0] : NULL};
}

struct odva_path_neighbours odva_node_neighbours(const struct odva_motion *motion, int column,
                                                 int row, const uint32_t *residuals)
{
    const size_t columns = odva_motion_columns(motion);
    const struct odva_path *path = motion->mesh + row * columns + column;
    struct odva_path_neighbours near = {0};

    ODVA_ASSERT(column >= 0 && column < odva_motion_columns(motion));
    ODVA_ASSERT(row >= 0 && row < odva_motion_rows(motion));
    if (column > 0) {
        near.west = path - 1;
        near.west_residuals = residuals[column - 1];
    }
    if (row > 0) {
        near.north = path - columns;
        near.north_residuals = residuals[column];
    }
    if (column > 0 && row > 0)
        near.north_west = path - columns - 1;
    return near;
}

static int median(int a, int b, int c)
{
    const int low = a < b ? a : b, high = a < b ? b : a;

    return c < low ? low : c > high ? high : c;
}

int odva_path_prediction(const struct odva_path_neighbours *near, int i)
{
    ODVA_ASSERT(i >= 0 && i < 2 * ODVA_MAX_TERMS);
    if (near->north_west) {
        const int west = near->west->value[i], north = near->north->value[i];
        return median(west, north, west + north - near->north_west->value[i]);
    }
    return near->west ? near->west->value[i] : near->north ? near->north->value[i] : 0;
}
