/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/motion_warp.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "motion/motion_paths.h"

static int log2_of(int power_of_two)
{
    int result = 0;

    while (1 << result < power_of_two)
        result++;
    return result;
}

int odva_motion_warp_set(struct odva_motion_warp *warp, const struct odva_motion *motion)
{
    const int columns = odva_motion_columns(motion), rows = odva_motion_rows(motion);
    const size_t nodes = (size_t)columns * rows;

    ODVA_ASSERT(motion->frames >= 1 && motion->frames <= ONEDVA_MAX_CLIP_FRAMES);
    warp->nodes =
        odva_reserve(warp->nodes, &warp->capacity, nodes * motion->frames, sizeof(*warp->nodes));
    if (!warp->nodes)
        return ONEDVA_ERR_NOMEM;
    for (int t = 0; t < motion->frames; t++)
        odva_motion_nodes(motion, t, warp->nodes + t * nodes);
    warp->warp = (struct odva_warp){
        .frames = motion->frames,
        .width = motion->width,
        .height = motion->height,
        .source_width = odva_motion_canvas_width(motion),
        .source_height = odva_motion_canvas_height(motion),
        .left = motion->left,
        .top = motion->top,
        .log2_spacing = log2_of(odva_motion_spacing(motion)),
        .columns = columns,
        .rows = rows,
    };
    return ONEDVA_OK;
}

void odva_motion_warp_free(struct odva_motion_warp *warp)
{
    free(warp->nodes);
    *warp = (struct odva_motion_warp){0};
}
