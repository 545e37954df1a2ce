/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "network/sampler.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "model/model.h"
#include "model/model_weights.h"
#include "network/latent_shares.h"

#define PATCH      ODVA_PATCH_SAMPLES
#define NOISE_STEP 0 /* noise is drawn once, before the first noisy step */

int odva_sampler_open(struct odva_sampler *s, const struct onedva_model *model,
                      struct odva_backend *backend)
{
    *s = (struct odva_sampler){.model = model, .backend = backend};
    return odva_linear_path_open(&s->path, model, backend);
}

void odva_sampler_close(struct odva_sampler *s)
{
    if (!s->backend)
        return;
    odva_diffusion_decoder_close(&s->decoder);
    free(s->shares);
    odva_linear_path_close(&s->path);
    odva_device_array_free(s->backend, &s->z);
    odva_device_array_free(s->backend, &s->ahead);
    odva_device_array_free(s->backend, &s->noise);
    *s = (struct odva_sampler){0};
}

struct clip;

/* What to do with the network's x of patches first .. first+count-1. */
typedef int (*block_fn)(const struct clip *clip, struct odva_matrix x, int64_t first,
                        int64_t count);

/** One clip at work. */
struct clip {
    struct odva_sampler *sampler;
    const struct odva_grid *grid;
    const struct odva_sampler_params *params;
    struct odva_image *const *images; /* the linear reconstruction, until output */
    float t, t_next;                  /* of the current step */
    block_fn use;
};

static int correct_block(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    const struct clip *clip = opaque;
    const int status = odva_diffusion_decoder_correct(&clip->sampler->decoder, x, first, count);

    return status < 0 ? status : clip->use(clip, x, first, count);
}

static int for_blocks(struct clip *clip, block_fn use)
{
    clip->use = use;
    return odva_patch_walk_run(&clip->sampler->path.walk, clip->grid, clip->images, correct_block,
                               clip);
}

static int output(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    return odva_patch_walk_write(&clip->sampler->path.walk, clip->grid, x, first, count,
                                 clip->images);
}

/* z = t x + (1 - t) e */
static int add_noise(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_sampler *s = clip->sampler;
    const struct odva_matrix e = odva_device_array_rows(&s->noise, 0, PATCH);
    const int status = s->backend->ops->noise(s->backend, e, s->path.walk.position.buffer, first,
                                              count, clip->params->seed, NOISE_STEP);

    if (status < 0)
        return status;
    return s->backend->ops->axpby(s->backend, odva_device_array_rows(&s->z, first, PATCH), clip->t,
                                  x, 1.0f - clip->t, e, count, PATCH);
}

/* dst = z + v dt with v = (x - z) / (1 - t) */
static int flow(const struct clip *clip, struct odva_matrix dst, struct odva_matrix z,
                struct odva_matrix x, float t, int64_t count)
{
    struct odva_backend *backend = clip->sampler->backend;
    const float share = (clip->t_next - clip->t) / (1.0f - t);

    return backend->ops->axpby(backend, dst, share, x, 1.0f - share, z, count, PATCH);
}

static int euler_step(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    const struct odva_matrix z = odva_device_array_rows(&clip->sampler->z, first, PATCH);

    return flow(clip, z, z, x, clip->t, count);
}

static int heun_predict(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_sampler *s = clip->sampler;

    return flow(clip, odva_device_array_rows(&s->ahead, first, PATCH),
                odva_device_array_rows(&s->z, first, PATCH), x, clip->t, count);
}

/*
 * With both slopes: z + (v + v')/2 dt, where z' = z + v dt is known and v' dt = share (x - z'), is
 * the mean of z and z' + share (x - z') after the latter.
 */
static int heun_correct(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_sampler *s = clip->sampler;
    const struct odva_matrix z = odva_device_array_rows(&s->z, first, PATCH);
    const struct odva_matrix ahead = odva_device_array_rows(&s->ahead, first, PATCH);
    const int status = flow(clip, ahead, ahead, x, clip->t_next, count);

    if (status < 0)
        return status;
    return s->backend->ops->axpby(s->backend, z, 0.5f, z, 0.5f, ahead, count, PATCH);
}

static int evaluate(const struct clip *clip, float t, const struct odva_device_array *z)
{
    struct odva_sampler *s = clip->sampler;

    return odva_diffusion_decoder_run(&s->decoder, t, odva_device_array_rows(z, 0, PATCH));
}

/* From z at t to z at t_next. */
static int step(struct clip *clip, int heun)
{
    struct odva_sampler *s = clip->sampler;
    int status = evaluate(clip, clip->t, &s->z);

    if (status < 0)
        return status;
    if (!heun)
        return for_blocks(clip, euler_step);
    if ((status = for_blocks(clip, heun_predict)) < 0 ||
        (status = evaluate(clip, clip->t_next, &s->ahead)) < 0)
        return status;
    return for_blocks(clip, heun_correct);
}

static int reserve_sampler(const struct clip *clip)
{
    struct odva_sampler *s = clip->sampler;
    const int64_t count = clip->grid->patches * PATCH;
    int status = odva_device_array_reserve(s->backend, &s->z, count, sizeof(float));

    if (status == ONEDVA_OK && clip->params->sampler == ONEDVA_SAMPLER_HEUN)
        status = odva_device_array_reserve(s->backend, &s->ahead, count, sizeof(float));
    if (status == ONEDVA_OK)
        status = odva_device_array_reserve(s->backend, &s->noise, s->backend->block_rows * PATCH,
                                           sizeof(float));
    return status;
}

/* t of the noisy step k = 1 .. steps; the last is 1. */
static float step_time(const struct clip *clip, int k)
{
    const float start = clip->sampler->model->weights->sampler_start;

    return start + (1.0f - start) * (float)(k - 1) / (float)(clip->params->steps - 1);
}

/* The mean at t = 0, then the flow from there with noise; the last step's x is the output. */
static int sample(struct clip *clip)
{
    const int steps = clip->params->steps;
    int status = reserve_sampler(clip);

    if (status < 0 || (status = evaluate(clip, 0.0f, &clip->sampler->z)) < 0)
        return status;
    clip->t = step_time(clip, 1);
    status = for_blocks(clip, add_noise);
    for (int k = 1; k < steps - 1 && status == ONEDVA_OK; k++) {
        clip->t = step_time(clip, k);
        clip->t_next = step_time(clip, k + 1);
        status = step(clip, clip->params->sampler == ONEDVA_SAMPLER_HEUN);
    }
    if (status == ONEDVA_OK)
        status = evaluate(clip, step_time(clip, steps - 1), &clip->sampler->z);
    return status < 0 ? status : for_blocks(clip, output);
}

/* What the decoder is told of a superblock's latents. */
static int set_shares(struct odva_sampler *s, const struct odva_latents *latents)
{
    s->shares = odva_reserve(s->shares, &s->share_capacity, latents->grid.superblock_count,
                             sizeof(*s->shares));
    if (!s->shares)
        return ONEDVA_ERR_NOMEM;
    odva_latent_shares(s->shares, latents);
    return ONEDVA_OK;
}

static int embed_block(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_sampler *s = opaque;

    return odva_diffusion_decoder_embed(&s->decoder, x, first, count);
}

/* Give the decoder the linear reconstruction, which is in the images. */
static int set_clip(struct clip *clip, const struct odva_latents *latents)
{
    struct odva_sampler *s = clip->sampler;
    int status = set_shares(s, latents);

    if (status == ONEDVA_OK && !s->decoder.backend)
        status = odva_diffusion_decoder_open(&s->decoder, s->model, s->backend);
    if (status == ONEDVA_OK)
        status =
            odva_diffusion_decoder_set_clip(&s->decoder, clip->grid, s->shares, clip->params->qidx);
    return status < 0
               ? status
               : odva_patch_walk_run(&s->path.walk, clip->grid, clip->images, embed_block, s);
}

int odva_sampler_refine(struct odva_sampler *s, const struct odva_latents *latents,
                        const struct odva_sampler_params *params, struct odva_image *const *images)
{
    struct clip clip = {.sampler = s, .grid = &latents->grid, .params = params, .images = images};
    int status;

    ODVA_ASSERT(params->steps >= 0 && params->steps <= ONEDVA_MAX_STEPS);
    ODVA_ASSERT(params->qidx >= ONEDVA_MIN_QIDX);
    if (params->steps == 0 || s->model->config.decoder_layers == 0)
        return ONEDVA_OK;
    status = set_clip(&clip, latents);
    if (status < 0 || params->steps > 1)
        return status < 0 ? status : sample(&clip);
    status = evaluate(&clip, 0.0f, &s->z);
    return status < 0 ? status : for_blocks(&clip, output);
}

int odva_sampler_run(struct odva_sampler *s, const struct odva_latents *latents,
                     const struct odva_sampler_params *params, struct odva_image *const *images)
{
    const int status = odva_linear_path_reconstruct(&s->path, latents, NULL, images);

    return status < 0 ? status : odva_sampler_refine(s, latents, params, images);
}
