/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Where a scene ends: a cut, a flash, or anything else that the frame before does not predict. */
#ifndef ODVA_SCENE_CUT_H
#define ODVA_SCENE_CUT_H

#include "motion/luma_pyramid.h"

/** Whether a frame is better described by the mean of its blocks than by the frame before it. */
int odva_is_scene_cut(const struct odva_luma_pyramid *before,
                      const struct odva_luma_pyramid *frame);

#endif
