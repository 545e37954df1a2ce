/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Where errors are seen less: tiles with much texture or change. */
#ifndef ODVA_ACTIVITY_MASK_H
#define ODVA_ACTIVITY_MASK_H

#include "bitstream/latents.h"

/**
 * By how much a bit must pay more in each tile: (activity / its geometric mean over the tiles)^
 * strength. Activity is the mean square of a tile's coefficients without the first few of the scan.
 * @param y      coefficients, each tile's in scan order
 * @param weight grid.superblock_count, geometric mean 1
 */
void odva_activity_weights(const struct odva_latents *latents, const float *y, double strength,
                           double *weight);

#endif
