/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/activity_mask.h"

#include <math.h>

#include "base/assert.h"
#include "base/integers.h"

/* Means and slow gradients mask nothing. */
#define SMOOTH_COEFFICIENTS 8

/* Activity of a tile that has none: an error of about one level of 255. */
#define LEAST_ACTIVITY 1.25e-5

static double activity(const struct odva_latents *latents, int index, const float *y)
{
    const struct odva_latent_tile *tile = &latents->tiles[index];
    const int smooth =
        odva_ceil_div(SMOOTH_COEFFICIENTS * latents->grid.tiles[index].patches, ODVA_TILE_PATCHES);
    double sum = 0;

    for (int i = smooth; i < tile->coefficients; i++)
        sum += (double)y[tile->offset + i] * y[tile->offset + i];
    return sum;
}

void odva_activity_measure(const struct odva_latents *latents, const float *y, double *log_activity)
{
    const struct odva_grid *grid = &latents->grid;

    for (int i = 0; i < grid->superblock_count; i++)
        log_activity[i] = 0;
    for (int i = 0; i < grid->tile_count; i++)
        log_activity[grid->tiles[i].superblock] += activity(latents, i, y);
    for (int i = 0; i < grid->superblock_count; i++) {
        const int patches = grid->gt * grid->superblocks[i].ny * grid->superblocks[i].nx;
        log_activity[i] =
            log(log_activity[i] / ((double)patches * ODVA_PATCH_SAMPLES) + LEAST_ACTIVITY);
    }
}

void odva_activity_weights(double *weight, int count, double strength)
{
    double mean = 0;

    ODVA_ASSERT(strength >= 0 && strength <= 1);
    for (int i = 0; i < count; i++)
        mean += weight[i] / count;
    for (int i = 0; i < count; i++)
        weight[i] = exp(strength * (weight[i] - mean));
}
