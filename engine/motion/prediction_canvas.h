/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What an inter clip's canvases are predicted from (doc/bitstream.md, section 10). */
#ifndef ODVA_PREDICTION_CANVAS_H
#define ODVA_PREDICTION_CANVAS_H

#include "bitstream/motion.h"
#include "motion/canvas.h"
#include "motion/inverse_nodes.h"

/** Zero-initialised is empty. */
struct odva_prediction_canvas {
    struct odva_canvas canvas; /* the result: one picture */
    struct odva_inverse_nodes inverse;
};

/** The warp that lays a reference picture where its content rests on a canvas of the motion's size.
 * @param inverse gets its nodes @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_prediction_warp(struct odva_inverse_nodes *inverse, const struct odva_motion *motion,
                         struct odva_warp *warp);

/**
 * Lay the reference picture where its content rests on a canvas of the motion's size; its edge goes
 * on where it shows nothing.
 * @param reference of motion->width x motion->height
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM or what the backend gives
 */
int odva_prediction_canvas_set(struct odva_prediction_canvas *prediction,
                               struct odva_backend *backend,
                               const struct onedva_const_picture *reference,
                               const struct odva_motion *motion);
void odva_prediction_canvas_free(struct odva_prediction_canvas *prediction);

#endif
