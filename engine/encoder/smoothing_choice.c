/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/smoothing_choice.h"

#include "base/assert.h"
#include "encoder/picture_error.h"

/* Every so many of a clip's frames are tried, the last one first: clips may rest on it. */
#define DISTANCE 5

struct trial {
    struct odva_backend *backend;
    struct odva_thread_pool *pool;
    const struct odva_deblocking *deblocking;
    const struct odva_canvas *canvas;
    struct odva_images images; /* of the canvas */
    struct odva_image *source[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_const_picture wanted[ONEDVA_MAX_CLIP_FRAMES];
};

void odva_smoothing_choice_init(struct odva_smoothing_choice *choice)
{
    *choice = (struct odva_smoothing_choice){.best = ODVA_USUAL_SMOOTHING};
}

void odva_smoothing_choice_free(struct odva_smoothing_choice *choice)
{
    odva_canvas_free(&choice->tried);
}

/* @param error sum of squared differences that latents->smoothing leaves */
static int measure(struct trial *trial, const struct odva_latents *latents, int64_t *error)
{
    const struct odva_backend_ops *ops = trial->backend->ops;
    const struct odva_canvas *canvas = trial->canvas;
    int status = ONEDVA_OK;

    for (int i = 0; i < canvas->frames && status == ONEDVA_OK; i++)
        status = ops->image_copy(trial->backend, trial->images.image[i], trial->source[i]);
    if (status == ONEDVA_OK)
        status = odva_smooth_samples(trial->deblocking, trial->backend, trial->images.image,
                                     latents, canvas->frames);
    if (status == ONEDVA_OK)
        status = ops->synchronize(trial->backend);
    if (status == ONEDVA_OK)
        *error = odva_picture_error(trial->pool, canvas->const_picture, trial->wanted,
                                    canvas->frames, canvas->width, canvas->height, canvas->depth);
    return status;
}

static int try_all(struct trial *trial, struct odva_latents *latents)
{
    int64_t least = INT64_MAX, error;
    int best = 0, status = ONEDVA_OK;

    for (int i = 0; i < ODVA_SMOOTHINGS && status == ONEDVA_OK; i++) {
        latents->smoothing = i;
        status = measure(trial, latents, &error);
        if (status == ONEDVA_OK && error < least) {
            least = error;
            best = i;
        }
    }
    latents->smoothing = best;
    return status;
}

int odva_smoothing_choice_run(struct odva_smoothing_choice *choice, struct odva_backend *backend,
                              struct odva_thread_pool *pool,
                              const struct odva_deblocking *deblocking,
                              struct odva_image *const *images,
                              const struct onedva_const_picture *pictures,
                              struct odva_latents *latents)
{
    const struct odva_grid *grid = &latents->grid;
    const int count = (grid->frames - 1) / DISTANCE + 1;
    struct trial trial = {
        .backend = backend, .pool = pool, .deblocking = deblocking, .canvas = &choice->tried};
    int status =
        odva_canvas_set_size(&choice->tried, count, grid->width, grid->height, backend->depth);

    ODVA_ASSERT(grid->frames >= 1);
    for (int i = 0; i < count; i++) {
        const int frame = grid->frames - 1 - i * DISTANCE;

        trial.source[i] = images[frame];
        trial.wanted[i] = pictures[frame];
    }
    if (status == ONEDVA_OK)
        status = odva_images_wrap(&trial.images, backend, choice->tried.picture, count, grid->width,
                                  grid->height, backend->depth);
    if (status == ONEDVA_OK)
        status = try_all(&trial, latents);
    choice->best = latents->smoothing;
    odva_images_free(&trial.images, backend);
    return status;
}
