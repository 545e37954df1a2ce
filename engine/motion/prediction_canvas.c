/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "motion/prediction_canvas.h"

#include "base/assert.h"
#include "kernels/host_pictures.h"

int odva_prediction_warp(struct odva_inverse_nodes *inverse, const struct odva_motion *motion,
                         struct odva_warp *warp)
{
    const int status = odva_inverse_nodes_reserve(inverse, motion, 1);

    ODVA_ASSERT(motion->is_inter);
    if (status < 0)
        return status;
    odva_inverse_nodes_set(inverse, motion, 0, 0);
    *warp = odva_inverse_nodes_warp(inverse, motion, 1);
    return ONEDVA_OK;
}

int odva_prediction_canvas_set(struct odva_prediction_canvas *prediction,
                               struct odva_backend *backend,
                               const struct onedva_const_picture *reference,
                               const struct odva_motion *motion)
{
    struct odva_canvas *canvas = &prediction->canvas;
    struct odva_warp warp;
    int status = odva_canvas_set_size(canvas, 1, odva_motion_canvas_width(motion),
                                      odva_motion_canvas_height(motion), backend->depth);

    if (status == ONEDVA_OK)
        status = odva_prediction_warp(&prediction->inverse, motion, &warp);
    return status < 0
               ? status
               : odva_host_warp(backend, canvas->picture, reference, &warp,
                                (const int16_t(*)[2])prediction->inverse.nodes, backend->depth);
}

void odva_prediction_canvas_free(struct odva_prediction_canvas *prediction)
{
    odva_canvas_free(&prediction->canvas);
    odva_inverse_nodes_free(&prediction->inverse);
}
