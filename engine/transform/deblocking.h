/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How strongly the borders of tokens and of clips are smoothed (doc/bitstream.md, section 8). */
#ifndef ODVA_DEBLOCKING_H
#define ODVA_DEBLOCKING_H

#include "kernels/backend.h"

/** Twice the luma step from clip to clip that is still taken for one of coding.
 * @param qidx -128..127 @return 0..1020 */
int odva_deblocking_limit(int qidx);

/** How much of the step across a border of tokens counts. @param qidx -128..127 @return 0..319 */
int odva_deblocking_step_limit(int qidx);

/** Deblock a clip's decoded pictures in place. @return ONEDVA_OK or what the backend gives */
int odva_deblock(struct odva_backend *backend, const struct onedva_picture *pictures,
                 const struct odva_grid *grid, int qidx);

#endif
