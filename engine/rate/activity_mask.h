/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Where errors are seen less: tiles with much texture or change. */
#ifndef ODVA_ACTIVITY_MASK_H
#define ODVA_ACTIVITY_MASK_H

#include "bitstream/latents.h"

/**
 * Log of the activity of each superblock: the mean square of its tiles' coefficients without the
 * first few of the scan.
 * @param y        coefficients, each tile's in scan order
 * @param activity grid.superblock_count
 */
void odva_activity_measure(const struct odva_latents *latents, const float *y, double *activity);

/**
 * By how much a bit must pay more in each superblock: (activity / its geometric mean over all of
 * them)^strength.
 * @param weight logs of activities; geometric mean 1 when it returns
 */
void odva_activity_weights(double *weight, int count, double strength);

#endif
