/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What an inter clip's canvases are predicted from (doc/bitstream.md, section 10). */
#ifndef ODVA_PREDICTION_CANVAS_H
#define ODVA_PREDICTION_CANVAS_H

#include "bitstream/motion.h"
#include "motion/canvas.h"

/**
 * Lay the reference picture on a canvas of the motion's size, where it is at rest; its edge goes on
 * in the margins.
 * @param canvas    of one picture then
 * @param reference of motion->width x motion->height
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM, and then the canvas is empty
 */
int odva_prediction_canvas_set(struct odva_canvas *canvas,
                               const struct onedva_const_picture *reference,
                               const struct odva_motion *motion);

#endif
