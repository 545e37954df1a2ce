/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/motion.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"

int odva_motion_spacing(const struct odva_motion *motion)
{
    return motion->spacing > 0 ? motion->spacing : ODVA_DEFAULT_SPACING;
}

int odva_motion_columns(const struct odva_motion *motion)
{
    ODVA_ASSERT(motion->width >= 1 && motion->height >= 1);
    return odva_ceil_div(motion->width, odva_motion_spacing(motion)) + 1;
}

int odva_motion_rows(const struct odva_motion *motion)
{
    return odva_ceil_div(motion->height, odva_motion_spacing(motion)) + 1;
}

int odva_motion_canvas_width(const struct odva_motion *motion)
{
    return motion->left + motion->width + motion->right;
}

int odva_motion_canvas_height(const struct odva_motion *motion)
{
    return motion->top + motion->height + motion->bottom;
}

int odva_motion_reserve(struct odva_motion *motion)
{
    const size_t nodes = (size_t)odva_motion_columns(motion) * odva_motion_rows(motion);

    ODVA_ASSERT(motion->spacing >= 0);
    if (motion->spacing == 0)
        return ONEDVA_OK;
    motion->mesh = odva_reserve(motion->mesh, &motion->mesh_capacity, nodes, sizeof(*motion->mesh));
    return motion->mesh ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

void odva_motion_free(struct odva_motion *motion)
{
    free(motion->mesh);
    *motion = (struct odva_motion){0};
}
