/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How strongly a clip's pictures are smoothed: as brings them nearest to what was encoded. */
#ifndef ODVA_SMOOTHING_CHOICE_H
#define ODVA_SMOOTHING_CHOICE_H

#include "kernels/images.h"
#include "motion/canvas.h"
#include "transform/deblocking.h"

struct odva_smoothing_choice {
    int best;                 /* of the clip before: what is likely for the next one */
    struct odva_canvas tried; /* some of the clip's pictures */
};

void odva_smoothing_choice_init(struct odva_smoothing_choice *choice);

void odva_smoothing_choice_free(struct odva_smoothing_choice *choice);

/**
 * Set latents->smoothing and choice->best.
 * @param pool       compares
 * @param deblocking which has smoothed the borders of images (odva_smooth_borders)
 * @param images     one of each of the clip's frames; they stay as they are
 * @param pictures   what was encoded
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM or what the backend gives
 */
int odva_smoothing_choice_run(struct odva_smoothing_choice *choice, struct odva_backend *backend,
                              struct odva_thread_pool *pool,
                              const struct odva_deblocking *deblocking,
                              struct odva_image *const *images,
                              const struct onedva_const_picture *pictures,
                              struct odva_latents *latents);

#endif
