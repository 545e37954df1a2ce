/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What a decoder makes of a clip behind its linear path, deblocking and smoothing first of all, is
 * made up for in what is coded. */
#ifndef ODVA_COMPENSATION_H
#define ODVA_COMPENSATION_H

#include <stddef.h>

#include "bitstream/latents.h"
#include "motion/canvas.h"
#include "transform/linear_path.h"

/** Zero-initialised nothing was compensated yet. */
struct odva_compensation {
    struct odva_linear_path path; /* whose coefficients are of the pictures below */
    struct odva_canvas pictures;  /* of the linear path; then what is coded for the source */
    float *latents, *difference;  /* of them; with the prediction subtracted */
    size_t latent_capacity, difference_capacity;
    double *energy; /* of tiles */
    size_t energy_capacity;
};

/**
 * Set pictures to source + pictures - shown.
 * @param pictures of the linear path
 * @param shown    what a decoder makes of them, of the same size
 * @param source   one of each of their frames
 */
void odva_compensation_add(struct odva_canvas *pictures, const struct odva_canvas *shown,
                           const struct onedva_const_picture *source,
                           struct odva_thread_pool *pool);

/**
 * Set compensation->latents to those of compensation->pictures, cut into tiles and predicted as the
 * given ones are.
 * @param prediction of an inter clip, else NULL
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM or what the backend gives
 */
int odva_compensation_transform(struct odva_compensation *compensation,
                                const struct onedva_model *model, struct odva_backend *backend,
                                const struct odva_latents *latents,
                                const struct onedva_const_picture *prediction);

void odva_compensation_free(struct odva_compensation *compensation);

#endif
