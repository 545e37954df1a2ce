/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/trial_coder.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "base/thread_pool.h"
#include "encoder/picture_error.h"
#include "kernels/images.h"
#include "transform/deblocking.h"

/* Half the range of samples is 1 in the model's domain. */
static double domain_scale(int depth)
{
    return 127.5 * (1 << (depth - 8));
}

/* Indices below that of the analysis from which a clip is analysed anew. */
#define FINER 3
int odva_trial_coder_open(struct odva_trial_coder *coder, const struct onedva_model *model,
                          struct odva_backend *backend, struct odva_thread_pool *pool,
                          const struct onedva_encoder_settings *settings)
{
    int status;

    coder->model = model;
    coder->backend = backend;
    coder->pool = pool;
    coder->scans = odva_scan_cache_of(model);
    if (!coder->scans)
        return ONEDVA_ERR_NOMEM;
    odva_smoothing_choice_init(&coder->smoothing);
    status = odva_linear_path_open(&coder->path, model, backend);
    if (status == ONEDVA_OK)
        status = odva_sampler_open(&coder->sampler, model, backend);
    if (status < 0)
        return status;
    coder->refines = settings->preset == ONEDVA_PRESET_SLOW;
    status = odva_rate_distortion_init(&coder->rate_distortion, model, pool, settings->max_tokens,
                                       settings->preset == ONEDVA_PRESET_SLOW);
    coder->partition.masking = settings->aq;
    coder->partition.tile_size = settings->tile_size;
    coder->asked_detail = settings->detail;
    coder->partition.prunes = settings->preset != ONEDVA_PRESET_SLOW;
    return status;
}

void odva_trial_coder_close(struct odva_trial_coder *coder)
{
    odva_rate_distortion_free(&coder->rate_distortion);
    odva_partition_choice_free(&coder->partition);
    odva_latents_free(&coder->latents);
    if (coder->backend)
        odva_detail_choice_free(&coder->detail, coder->backend);
    odva_linear_path_close(&coder->path);
    if (coder->backend)
        odva_smoothing_choice_free(&coder->smoothing);
    odva_deblocking_free(&coder->deblocking, coder->backend);
    odva_canvas_free(&coder->canvas);
    odva_canvas_free(&coder->pictures);
    odva_motion_warp_free(&coder->warp);
    odva_compensation_free(&coder->compensation);
    odva_sampler_close(&coder->sampler);
    free(coder->linear);
    *coder = (struct odva_trial_coder){0};
}

/* Make room for a clip's latents. */
static int set_size(struct odva_trial_coder *coder, int detail, struct odva_clip_size size)
{
    int status = odva_latents_set_size(&coder->latents, coder->scans, detail, size);

    if (status < 0)
        return status;
    coder->latents.smoothing = coder->smoothing.best;
    coder->linear = odva_reserve(coder->linear, &coder->linear_capacity,
                                 odva_latents_count(&coder->latents), sizeof(*coder->linear));
    return coder->linear ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* @param detail of all tiles */
static int analyse(struct odva_trial_coder *coder, int detail)
{
    int status = set_size(coder, detail, coder->size);

    if (status == ONEDVA_OK)
        status = odva_linear_path_project(&coder->path, &coder->latents.grid, detail, coder->clip);
    if (status == ONEDVA_OK && coder->prediction)
        status = odva_linear_path_project_prediction(&coder->path, &coder->latents.grid, detail,
                                                     coder->prediction);
    return status;
}

static int choose_detail(struct odva_trial_coder *coder, struct odva_clip_size size,
                         const struct onedva_const_picture *pictures, double index)
{
    if (coder->asked_detail >= 0)
        return coder->asked_detail;
    return odva_detail_choice_run(&coder->detail, &coder->path, size, pictures,
                                  odva_qidx_of(index));
}

int odva_trial_coder_analyse(struct odva_trial_coder *coder,
                             const struct onedva_const_picture *pictures,
                             struct odva_clip_size size,
                             const struct onedva_const_picture *prediction, double index)
{
    const int detail = choose_detail(coder, size, pictures, index);

    ODVA_ASSERT(size.frames >= 1 && size.frames <= ONEDVA_MAX_CLIP_FRAMES);
    coder->clip = pictures;
    coder->size = size;
    coder->prediction = prediction;
    coder->least_index = index;
    return detail < 0 ? detail : analyse(coder, detail);
}

/* A quantiser that is finer than that of the analysis may leave more of the clip. */
static int analyse_finer(struct odva_trial_coder *coder, double index)
{
    int detail;

    if (index > coder->least_index - FINER)
        return ONEDVA_OK;
    coder->least_index = index;
    detail = choose_detail(coder, coder->size, coder->clip, index);
    return detail <= coder->latents.detail ? odva_min(detail, 0) : analyse(coder, detail);
}

static int transform_strip(void *opaque, const struct odva_latents *strip, int64_t first_patch,
                           float *y)
{
    struct odva_trial_coder *coder = opaque;

    return odva_linear_path_transform(&coder->path, strip, first_patch, y);
}

static int subtract_prediction(void *opaque, const struct odva_latents *strip, int64_t first_patch,
                               const float *y, float *difference, double *energy)
{
    struct odva_trial_coder *coder = opaque;

    return odva_linear_path_subtract(&coder->path, strip, first_patch, y, difference, energy);
}

int odva_trial_coder_quantise(struct odva_trial_coder *coder, double index, double *bits)
{
    const struct odva_tile_source source = {.opaque = coder,
                                            .transform = transform_strip,
                                            .subtract =
                                                coder->prediction ? subtract_prediction : NULL};
    int64_t cost = 0;
    int status = analyse_finer(coder, index);

    if (status == ONEDVA_OK)
        status = odva_partition_choice_run(&coder->partition, &coder->rate_distortion, coder->scans,
                                           &source, index, &coder->latents, coder->linear, &cost);
    *bits = (double)cost / ODVA_BIT;
    return status;
}

int odva_trial_coder_requantise(struct odva_trial_coder *coder, const float *y, double index,
                                double *bits)
{
    int64_t cost;
    const int status =
        odva_rate_distortion_run(&coder->rate_distortion, &coder->latents, y, index,
                                 odva_partition_choice_weights(&coder->partition), &cost, NULL);

    ODVA_ASSERT(coder->latents.grid.tile_count > 0);
    *bits = (double)cost / ODVA_BIT;
    return status;
}

/** What operators work on while a clip is reconstructed. */
struct synthesis {
    struct odva_images prediction, coded, shown;
    struct odva_images linear; /* coded before it was refined and smoothed; there may be none */
};

static void free_pictures(struct synthesis *s, struct odva_backend *backend)
{
    odva_images_free(&s->prediction, backend);
    odva_images_free(&s->coded, backend);
    odva_images_free(&s->shown, backend);
    odva_images_free(&s->linear, backend);
}

static int wrap_pictures(struct odva_trial_coder *coder, struct synthesis *s,
                         const struct odva_grid *grid, const struct odva_motion *motion)
{
    struct odva_canvas *coded = motion ? &coder->canvas : &coder->pictures;
    const int depth = coder->backend->depth;
    int status = odva_canvas_set_size(coded, grid->frames, grid->width, grid->height, depth);

    if (status == ONEDVA_OK)
        status = odva_images_wrap(&s->coded, coder->backend, coded->picture, grid->frames,
                                  grid->width, grid->height, depth);
    if (status == ONEDVA_OK && coder->prediction)
        status = odva_images_wrap_const(&s->prediction, coder->backend, coder->prediction, 1,
                                        grid->width, grid->height, depth);
    if (status < 0 || !motion)
        return status;
    status =
        odva_canvas_set_size(&coder->pictures, grid->frames, motion->width, motion->height, depth);
    if (status == ONEDVA_OK)
        status = odva_images_wrap(&s->shown, coder->backend, coder->pictures.picture, grid->frames,
                                  motion->width, motion->height, depth);
    return status < 0 ? status : odva_motion_warp_set(&coder->warp, motion);
}

static int smooth(struct odva_trial_coder *coder, struct odva_image *const *coded,
                  int chooses_smoothing)
{
    struct odva_latents *latents = &coder->latents;
    int status = odva_smooth_borders(&coder->deblocking, coder->backend, coded, latents,
                                     latents->grid.frames);

    if (status == ONEDVA_OK && chooses_smoothing)
        status = odva_smoothing_choice_run(&coder->smoothing, coder->backend, coder->pool,
                                           &coder->deblocking, coded, coder->clip, latents);
    return status < 0 ? status
                      : odva_smooth_samples(&coder->deblocking, coder->backend, coded, latents,
                                            latents->grid.frames);
}

/* Keep what the linear path gives, and let the network go on where that is wanted. */
static int keep_linear(struct odva_trial_coder *coder, const struct synthesis *s)
{
    const struct odva_sampler_params one_step = {
        .qidx = coder->latents.qidx, .steps = 1, .sampler = ONEDVA_SAMPLER_EULER};
    struct odva_backend *backend = coder->backend;
    int status = ONEDVA_OK;

    for (int i = 0; i < coder->latents.grid.frames && status == ONEDVA_OK; i++)
        status = backend->ops->image_copy(backend, s->linear.image[i], s->coded.image[i]);
    return status < 0 || !coder->refines
               ? status
               : odva_sampler_refine(&coder->sampler, &coder->latents, &one_step, s->coded.image);
}

static int synthesise(struct odva_trial_coder *coder, const struct synthesis *s,
                      const struct odva_motion *motion, int chooses_smoothing)
{
    struct odva_backend *backend = coder->backend;
    int status = odva_linear_path_reconstruct(&coder->path, &coder->latents, s->prediction.image[0],
                                              s->coded.image);

    if (status == ONEDVA_OK && s->linear.image[0])
        status = keep_linear(coder, s);
    if (status == ONEDVA_OK)
        status = smooth(coder, s->coded.image, chooses_smoothing);
    if (status == ONEDVA_OK && motion)
        status = odva_images_warp(backend, s->shown.image, s->coded.image, &coder->warp.warp,
                                  odva_motion_warp_nodes(&coder->warp));
    return status < 0 ? status : backend->ops->synchronize(backend);
}

/* Set coder->compensation.pictures to what is coded in place of the clip. */
static int compensate_pictures(struct odva_trial_coder *coder)
{
    const struct odva_grid *grid = &coder->latents.grid;
    struct odva_canvas *pictures = &coder->compensation.pictures;
    struct synthesis s = {0};
    int status = wrap_pictures(coder, &s, grid, NULL);

    if (status == ONEDVA_OK)
        status = odva_canvas_set_size(pictures, grid->frames, grid->width, grid->height,
                                      coder->backend->depth);
    if (status == ONEDVA_OK)
        status = odva_images_wrap(&s.linear, coder->backend, pictures->picture, grid->frames,
                                  grid->width, grid->height, coder->backend->depth);
    if (status == ONEDVA_OK)
        status = synthesise(coder, &s, NULL, 1);
    free_pictures(&s, coder->backend);
    if (status == ONEDVA_OK)
        odva_compensation_add(pictures, &coder->pictures, coder->clip, coder->pool);
    return status;
}

int odva_trial_coder_compensate(struct odva_trial_coder *coder, float *y, double index,
                                double *bits)
{
    const struct odva_latents *latents = &coder->latents;
    struct odva_compensation *compensation = &coder->compensation;
    int status = compensate_pictures(coder);

    if (status == ONEDVA_OK)
        status = odva_compensation_transform(compensation, coder->model, coder->backend, latents,
                                             coder->prediction);
    if (status < 0)
        return status;
    for (size_t i = 0; i < odva_latents_count(latents); i++)
        y[i] = y == coder->linear ? compensation->latents[i]
                                  : y[i] + compensation->latents[i] - coder->linear[i];
    return odva_trial_coder_requantise(coder, y, index, bits);
}

int odva_trial_coder_reconstruct(struct odva_trial_coder *coder, const struct odva_motion *motion,
                                 int chooses_smoothing)
{
    struct synthesis s = {0};
    int status = wrap_pictures(coder, &s, &coder->latents.grid, motion);

    if (status == ONEDVA_OK)
        status = synthesise(coder, &s, motion, chooses_smoothing);
    free_pictures(&s, coder->backend);
    return status;
}

int odva_trial_coder_compare(struct odva_trial_coder *coder, const struct odva_motion *motion,
                             const struct onedva_const_picture *frames, double *squared)
{
    const double scale = domain_scale(coder->backend->depth);
    const struct odva_canvas *decoded = &coder->pictures;
    const int status = odva_trial_coder_reconstruct(coder, motion, 0);

    ODVA_ASSERT(coder->latents.grid.tile_count > 0);
    if (status < 0)
        return status;
    *squared =
        (double)odva_picture_error(coder->pool, decoded->const_picture, frames, decoded->frames,
                                   decoded->width, decoded->height, decoded->depth) /
        (scale * scale);
    return ONEDVA_OK;
}
