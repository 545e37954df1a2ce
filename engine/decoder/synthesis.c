/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decoder/synthesis.h"

#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "base/reserve.h"
#include "model/model.h"
#include "model/model_weights.h"
#include "network/diffusion_decoder.h"
#include "transform/linear_path.h"

#define PATCH      ODVA_PATCH_SAMPLES
#define NOISE_STEP 0 /* noise is drawn once, before the first noisy step */

struct odva_synthesis {
    const struct onedva_model *model;
    struct odva_backend *backend;
    struct odva_scan_cache *scans;
    struct odva_linear_path path;
    struct odva_diffusion_decoder decoder; /* opened by the first clip that wants it */
    struct odva_grid whole;                /* a clip's grid with superblocks that are not split */
    float *latents;                        /* of such superblocks */
    float *shares;                         /* of each superblock's coefficients: those decoded */
    size_t latent_capacity, share_capacity;
    struct odva_device_array z;     /* the noisy clip, [patches][1536] */
    struct odva_device_array ahead; /* Heun: where an Euler step would lead */
    struct odva_device_array noise; /* [backend->block_rows][1536] */
};

int odva_synthesis_open(struct odva_synthesis **out, const struct onedva_model *model,
                        struct odva_backend *backend, struct odva_scan_cache *scans)
{
    struct odva_synthesis *synthesis = calloc(1, sizeof(*synthesis));
    int status;

    *out = NULL;
    if (!synthesis)
        return ONEDVA_ERR_NOMEM;
    synthesis->model = model;
    synthesis->backend = backend;
    synthesis->scans = scans;
    status = odva_linear_path_open(&synthesis->path, model, backend, scans);
    if (status < 0) {
        free(synthesis);
        return status;
    }
    *out = synthesis;
    return ONEDVA_OK;
}

void odva_synthesis_close(struct odva_synthesis **handle)
{
    struct odva_synthesis *synthesis = *handle;

    if (!synthesis)
        return;
    odva_diffusion_decoder_close(&synthesis->decoder);
    odva_grid_free(&synthesis->whole);
    free(synthesis->latents);
    free(synthesis->shares);
    odva_linear_path_close(&synthesis->path);
    odva_device_array_free(synthesis->backend, &synthesis->z);
    odva_device_array_free(synthesis->backend, &synthesis->ahead);
    odva_device_array_free(synthesis->backend, &synthesis->noise);
    free(synthesis);
    *handle = NULL;
}

/** One clip at work. */
struct clip {
    struct odva_synthesis *synthesis;
    const struct odva_grid *grid;
    const struct odva_synthesis_params *params;
    const struct onedva_picture *pictures;
    float t, t_next; /* of the current step */
};

/* What to do with the reconstruction x of patches first .. first+count-1. */
typedef int (*block_fn)(const struct clip *clip, struct odva_matrix x, int64_t first,
                        int64_t count);

/* Reconstruct block by block, so that no image of floats of the whole clip is needed. */
static int for_blocks(const struct clip *clip, int network, block_fn fn)
{
    struct odva_synthesis *s = clip->synthesis;
    const struct odva_matrix x = odva_device_array_rows(&s->path.block, 0, PATCH);
    const int64_t patches = clip->grid->patches, step = s->backend->block_rows;

    for (int64_t first = 0; first < patches; first += step) {
        const int64_t count = patches - first < step ? patches - first : step;
        int status = odva_linear_path_patches(&s->path, x, first, count);

        if (status == ONEDVA_OK && network)
            status = odva_diffusion_decoder_correct(&s->decoder, x, first, count);
        if (status == ONEDVA_OK)
            status = fn(clip, x, first, count);
        if (status < 0)
            return status;
    }
    return ONEDVA_OK;
}

static int output(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_backend *backend = clip->synthesis->backend;

    return backend->ops->unpatchify(backend, clip->pictures, clip->grid, x,
                                    clip->synthesis->path.position.buffer, first, count);
}

/* z = t x + (1 - t) e */
static int add_noise(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_synthesis *s = clip->synthesis;
    const struct odva_matrix e = odva_device_array_rows(&s->noise, 0, PATCH);
    const int status = s->backend->ops->noise(s->backend, e, s->path.position.buffer, first, count,
                                              clip->params->seed, NOISE_STEP);

    if (status < 0)
        return status;
    return s->backend->ops->axpby(s->backend, odva_device_array_rows(&s->z, first, PATCH), clip->t,
                                  x, 1.0f - clip->t, e, count, PATCH);
}

/* dst = z + v dt with v = (x - z) / (1 - t) */
static int flow(const struct clip *clip, struct odva_matrix dst, struct odva_matrix z,
                struct odva_matrix x, float t, int64_t count)
{
    struct odva_backend *backend = clip->synthesis->backend;
    const float share = (clip->t_next - clip->t) / (1.0f - t);

    return backend->ops->axpby(backend, dst, share, x, 1.0f - share, z, count, PATCH);
}

static int euler_step(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    const struct odva_matrix z = odva_device_array_rows(&clip->synthesis->z, first, PATCH);

    return flow(clip, z, z, x, clip->t, count);
}

static int heun_predict(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_synthesis *s = clip->synthesis;

    return flow(clip, odva_device_array_rows(&s->ahead, first, PATCH),
                odva_device_array_rows(&s->z, first, PATCH), x, clip->t, count);
}

/*
 * With both slopes: z + (v + v')/2 dt, where z' = z + v dt is known and v' dt = share (x - z'), is
 * the mean of z and z' + share (x - z') after the latter.
 */
static int heun_correct(const struct clip *clip, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_synthesis *s = clip->synthesis;
    const struct odva_matrix z = odva_device_array_rows(&s->z, first, PATCH);
    const struct odva_matrix ahead = odva_device_array_rows(&s->ahead, first, PATCH);
    const int status = flow(clip, ahead, ahead, x, clip->t_next, count);

    if (status < 0)
        return status;
    return s->backend->ops->axpby(s->backend, z, 0.5f, z, 0.5f, ahead, count, PATCH);
}

static int run_network(const struct clip *clip, float t, const struct odva_device_array *z)
{
    struct odva_synthesis *s = clip->synthesis;

    return odva_diffusion_decoder_run(&s->decoder,
                                      odva_device_array_rows(&s->path.coefs, 0, s->path.basis), t,
                                      odva_device_array_rows(z, 0, PATCH));
}

/* From z at t to z at t_next. */
static int step(const struct clip *clip, int heun)
{
    struct odva_synthesis *s = clip->synthesis;
    int status = run_network(clip, clip->t, &s->z);

    if (status < 0)
        return status;
    if (!heun)
        return for_blocks(clip, 1, euler_step);
    if ((status = for_blocks(clip, 1, heun_predict)) < 0 ||
        (status = run_network(clip, clip->t_next, &s->ahead)) < 0)
        return status;
    return for_blocks(clip, 1, heun_correct);
}

static int reserve_sampler(const struct clip *clip)
{
    struct odva_synthesis *s = clip->synthesis;
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
    const float start = clip->synthesis->model->weights->sampler_start;

    return start + (1.0f - start) * (float)(k - 1) / (float)(clip->params->steps - 1);
}

/* The mean at t = 0, then the flow from there with noise; the last step's x is the output. */
static int sample(struct clip *clip)
{
    const int steps = clip->params->steps;
    int status = reserve_sampler(clip);

    if (status < 0 || (status = run_network(clip, 0.0f, &clip->synthesis->z)) < 0)
        return status;
    clip->t = step_time(clip, 1);
    status = for_blocks(clip, 1, add_noise);
    for (int k = 1; k < steps - 1 && status == ONEDVA_OK; k++) {
        clip->t = step_time(clip, k);
        clip->t_next = step_time(clip, k + 1);
        status = step(clip, clip->params->sampler == ONEDVA_SAMPLER_HEUN);
    }
    if (status == ONEDVA_OK)
        status = run_network(clip, step_time(clip, steps - 1), &clip->synthesis->z);
    return status < 0 ? status : for_blocks(clip, 1, output);
}

static int open_decoder(struct odva_synthesis *s)
{
    if (s->decoder.backend)
        return ONEDVA_OK;
    return odva_diffusion_decoder_open(&s->decoder, s->model, s->backend, s->scans);
}

/* The grid without splits, and memory. */
static int set_whole(struct odva_synthesis *s, const struct odva_grid *grid)
{
    const int basis = s->path.basis;
    int status = ONEDVA_OK;

    if (s->whole.frames != grid->frames || s->whole.width != grid->width ||
        s->whole.height != grid->height) {
        odva_grid_free(&s->whole);
        status = odva_grid_init(&s->whole, grid->frames, grid->width, grid->height, basis);
    }
    if (status < 0)
        return status;
    s->latents = odva_reserve(s->latents, &s->latent_capacity, (size_t)grid->patches * basis,
                              sizeof(*s->latents));
    s->shares =
        odva_reserve(s->shares, &s->share_capacity, grid->superblock_count, sizeof(*s->shares));
    return s->latents && s->shares ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* What the decoder is told of a clip whose path->coefs are there. */
static int set_clip(struct odva_synthesis *s, const struct odva_grid *grid, const int *tile_tokens,
                    int qidx)
{
    int status = set_whole(s, grid);

    if (status == ONEDVA_OK)
        status = odva_linear_path_transform(&s->path, &s->whole, s->latents);
    if (status < 0)
        return status;
    memset(s->shares, 0, grid->superblock_count * sizeof(*s->shares));
    for (int i = 0; i < grid->tile_count; i++)
        s->shares[grid->tiles[i].superblock] +=
            (float)odva_min(tile_tokens[i] * odva_token_length(grid->tiles[i].size),
                            s->path.basis * grid->tiles[i].patches);
    for (int i = 0; i < grid->superblock_count; i++)
        s->shares[i] /= (float)(s->path.basis * s->whole.tiles[i].patches);
    return odva_diffusion_decoder_set_clip(&s->decoder, grid, s->latents, s->shares, qidx);
}

int odva_synthesis_run(struct odva_synthesis *s, const struct odva_grid *grid, const float *latents,
                       const int *tile_tokens, const struct odva_synthesis_params *params,
                       const struct onedva_picture *pictures)
{
    struct clip clip = {.synthesis = s, .grid = grid, .params = params, .pictures = pictures};
    int status;

    if ((status = odva_linear_path_set_grid(&s->path, grid)) < 0 ||
        (status = odva_linear_path_invert(&s->path, grid, latents)) < 0)
        return status;
    if (params->steps == 0 || s->model->config.decoder_layers == 0)
        return for_blocks(&clip, 0, output);
    if ((status = open_decoder(s)) < 0 ||
        (status = odva_diffusion_decoder_set_grid(&s->decoder, grid)) < 0 ||
        (status = set_clip(s, grid, tile_tokens, params->qidx)) < 0)
        return status;
    if (params->steps > 1)
        return sample(&clip);
    status = run_network(&clip, 0.0f, &s->z);
    return status < 0 ? status : for_blocks(&clip, 1, output);
}
