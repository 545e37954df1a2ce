/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* From coefficients over time to node positions in each frame (doc/bitstream.md, section 10). */
#ifndef ODVA_MOTION_PATHS_H
#define ODVA_MOTION_PATHS_H

#include <stdint.h>

#include "bitstream/motion.h"

#define ODVA_BASIS_UNIT 4096 /* 1.0 */

/** B[term](t) of a path through 2..17 pictures, in 1/4096. @param term 0 .. frames-2 */
int odva_motion_basis(int frames, int term, int t);

/** Size of a coefficient's unit in 1/64 luma sample. @param index 0..15 */
int odva_motion_step(int index);

/**
 * The displacements of all nodes in one picture that paths lead through, in 1/16 luma sample.
 * @param t     0 .. odva_motion_path_frames()-1: 0 is the picture before an inter clip
 * @param nodes columns * rows, row by row: x, y
 */
void odva_motion_path_nodes(const struct odva_motion *motion, int t, int16_t (*nodes)[2]);

/** The same in one of the clip's frames. */
void odva_motion_nodes(const struct odva_motion *motion, int t, int16_t (*nodes)[2]);

#endif
