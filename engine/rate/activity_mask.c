/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/activity_mask.h"

#include <math.h>

#include "base/assert.h"

/* Means and slow gradients mask nothing. */
#define SMOOTH_COEFFICIENTS 8

/* Activity of a tile that has none: an error of about one level of 255. */
#define LEAST_ACTIVITY 1e-4

static double log_activity(const struct odva_latent_tile *tile, const float *y)
{
    double sum = 0;

    for (int i = SMOOTH_COEFFICIENTS; i < tile->coefficients; i++)
        sum += (double)y[i] * y[i];
    return log(sum / tile->coefficients + LEAST_ACTIVITY);
}

void odva_activity_weights(const struct odva_latents *latents, const float *y, double strength,
                           double *weight)
{
    const int count = latents->grid.tile_count;
    double mean = 0;

    ODVA_ASSERT(strength >= 0 && strength <= 1);
    for (int i = 0; i < count; i++) {
        weight[i] = log_activity(&latents->tiles[i], y + latents->tiles[i].offset);
        mean += weight[i] / count;
    }
    for (int i = 0; i < count; i++)
        weight[i] = exp(strength * (weight[i] - mean));
}
