/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The generator of the public interface: a prior's latents to packets. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/strict_math.h"
#include "base/thread_pool.h"
#include "bitstream/layer_plan.h"
#include "bitstream/packet_encoder.h"
#include "bitstream/scan.h"
#include "bitstream/stream_header.h"
#include "generate/latent_flow.h"
#include "kernels/backend.h"
#include "model/device_weights.h"
#include "model/model.h"
#include "transform/quantiser.h"

#define MAX_STEPS    1000
#define MAX_GUIDANCE 20.0

struct onedva_generator {
    const struct onedva_model *model;
    const struct onedva_prior *prior;
    struct onedva_generator_settings settings;
    struct onedva_stream stream;
    struct odva_byte_writer header;
    struct odva_thread_pool *pool;
    struct odva_backend *backend;
    struct odva_latent_flow flow;
    struct odva_latents latents;
    struct odva_packet_encoder packet_encoder;
    uint32_t clip; /* drawn next */
    float *before; /* the clip drawn last, as the network sees it */
};

/* ---- settings ---------------------------------------------------------------------------- */

void onedva_generator_settings_init(struct onedva_generator_settings *settings, size_t struct_size)
{
    const struct onedva_generator_settings defaults = {
        .struct_size = sizeof(defaults),
        .prior_class = -1,
        .steps = 24,
        .guidance = 1.5,
        .timebase_num = 1,
        .timebase_den = 25,
        .backend = ONEDVA_BACKEND_AUTO,
        .device = -1,
    };

    odva_settings_give(settings, struct_size, &defaults, sizeof(defaults));
}

/* @return ONEDVA_OK, or ONEDVA_ERR_ARGUMENT after one line on what is wrong */
static int check_settings(const struct onedva_generator_settings *settings,
                          const struct odva_prior_config *prior)
{
    const struct onedva_logger *logger = &settings->logger;

    if (settings->prior_class < -1 || settings->prior_class >= prior->classes)
        odva_log(logger, ONEDVA_LOG_ERROR, "class %d is not -1 to %d", settings->prior_class,
                 prior->classes - 1);
    else if (settings->steps < 1 || settings->steps > MAX_STEPS)
        odva_log(logger, ONEDVA_LOG_ERROR, "%d steps are not 1 to %d", settings->steps, MAX_STEPS);
    else if (!(settings->guidance >= 0 && settings->guidance <= MAX_GUIDANCE))
        odva_log(logger, ONEDVA_LOG_ERROR, "guidance %g is not in 0 to %g", settings->guidance,
                 MAX_GUIDANCE);
    else if (settings->tokens < 0 || settings->tokens > prior->length)
        odva_log(logger, ONEDVA_LOG_ERROR, "%d tokens are not 1 to the prior's %d, or 0 for these",
                 settings->tokens, prior->length);
    else if (settings->threads < 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "%d threads are not 0 or more", settings->threads);
    else
        return ONEDVA_OK;
    return ONEDVA_ERR_ARGUMENT;
}

static int take_settings(struct onedva_generator *generator,
                         const struct onedva_generator_settings *settings)
{
    struct onedva_generator_settings *own = &generator->settings;
    int status;

    onedva_generator_settings_default(own);
    status = odva_settings_take(own, sizeof(*own), settings);
    if (status == ONEDVA_ERR_UNSUPPORTED)
        odva_log(&own->logger, ONEDVA_LOG_ERROR, ODVA_UNKNOWN_SETTING);
    return status < 0 ? status : check_settings(own, &generator->prior->config);
}

/* ---- opening ----------------------------------------------------------------------------- */

static int check_model(const struct onedva_generator *generator)
{
    const struct onedva_model *model = generator->model;
    const struct odva_prior_config *prior = &generator->prior->config;
    const struct onedva_logger *logger = &generator->settings.logger;

    if (prior->model_id != model->id) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "prior %s is of latents of model %016" PRIx64 ", this model is %016" PRIx64
                 " (%s)",
                 generator->prior->name, prior->model_id, model->id, model->name);
        return ONEDVA_ERR_MODEL_MISMATCH;
    }
    return ONEDVA_OK;
}

static int set_stream(struct onedva_generator *generator)
{
    const struct onedva_generator_settings *settings = &generator->settings;
    const char *wrong;

    generator->stream = (struct onedva_stream){.width = generator->prior->config.side,
                                               .height = generator->prior->config.side,
                                               .timebase_num = settings->timebase_num,
                                               .timebase_den = settings->timebase_den,
                                               .frame_duration = 1,
                                               .sar_num = 1,
                                               .sar_den = 1,
                                               .full_range = 1,
                                               .colour_primaries = 2,
                                               .transfer = 2,
                                               .matrix = 2,
                                               .model_id = generator->model->id};
    wrong = odva_stream_header_check(&generator->stream);
    if (wrong) {
        odva_log(&settings->logger, ONEDVA_LOG_ERROR, "%s", wrong);
        return ONEDVA_ERR_ARGUMENT;
    }
    odva_stream_header_write(&generator->header, &generator->stream);
    return generator->header.failed ? ONEDVA_ERR_NOMEM : ONEDVA_OK;
}

static int set_latents(struct onedva_generator *generator)
{
    const struct odva_prior_config *prior = &generator->prior->config;
    const struct odva_clip_size size = {ODVA_PRIOR_FRAMES, prior->side, prior->side};
    struct odva_scan_cache *scans = odva_scan_cache_of(generator->model);
    struct odva_latents *latents = &generator->latents;
    int status = scans ? odva_latents_set_size(latents, scans, 0, size) : ONEDVA_ERR_NOMEM;

    if (status < 0)
        return status;
    latents->qidx = prior->qidx;
    latents->smoothing = ODVA_USUAL_SMOOTHING;
    latents->layers = 1;
    return ONEDVA_OK;
}

static int open_parts(struct onedva_generator *generator)
{
    const struct onedva_generator_settings *settings = &generator->settings;
    const struct odva_device_wish wish = {.kind = settings->backend,
                                          .index = settings->device,
                                          .bitexact = settings->bitexact,
                                          .precision = ONEDVA_PRECISION_FLOAT32,
                                          .logger = &settings->logger};
    struct odva_device *device;
    int status = odva_model_device(generator->model, &wish, &device);

    if (status == ONEDVA_OK)
        status = odva_thread_pool_open(&generator->pool, settings->threads);
    if (status == ONEDVA_OK)
        status = odva_backend_open(&generator->backend, device, generator->pool, &settings->logger);
    if (status == ONEDVA_OK)
        status = odva_packet_encoder_init(&generator->packet_encoder, generator->model);
    return status < 0
               ? status
               : odva_latent_flow_open(&generator->flow, generator->prior, generator->backend);
}

static int open(struct onedva_generator *generator,
                const struct onedva_generator_settings *settings)
{
    int status;

    if ((status = take_settings(generator, settings)) < 0 ||
        (status = check_model(generator)) < 0 || (status = set_stream(generator)) < 0 ||
        (status = set_latents(generator)) < 0)
        return status;
    return open_parts(generator);
}

int onedva_generator_open(onedva_generator **result, const onedva_model *model,
                          const onedva_prior *prior,
                          const struct onedva_generator_settings *settings)
{
    struct onedva_generator *generator = calloc(1, sizeof(*generator));
    int status;

    *result = NULL;
    if (!generator)
        return ONEDVA_ERR_NOMEM;
    generator->model = model;
    generator->prior = prior;
    status = open(generator, settings);
    if (status < 0)
        onedva_generator_close(&generator);
    *result = generator;
    return status;
}

void onedva_generator_close(onedva_generator **handle)
{
    struct onedva_generator *generator = *handle;

    *handle = NULL;
    if (!generator)
        return;
    odva_latent_flow_close(&generator->flow);
    odva_packet_encoder_free(&generator->packet_encoder);
    odva_latents_free(&generator->latents);
    odva_backend_close(&generator->backend);
    odva_thread_pool_close(&generator->pool);
    odva_byte_writer_free(&generator->header);
    free(generator->before);
    free(generator);
}

void onedva_generator_stream_header(const onedva_generator *generator, const uint8_t **data,
                                    size_t *size)
{
    *data = generator->header.data;
    *size = generator->header.size;
}

/* ---- clips ------------------------------------------------------------------------------- */

static int tokens_of(const struct onedva_generator *generator)
{
    return generator->settings.tokens ? generator->settings.tokens
                                      : generator->prior->config.length;
}

static int draw(struct onedva_generator *generator)
{
    const struct onedva_generator_settings *settings = &generator->settings;
    const struct odva_flow_params params = {
        .sequence = {.length = tokens_of(generator),
                     .class_index = settings->prior_class,
                     .before = settings->single_clips ? NULL : generator->before},
        .steps = settings->steps,
        .guidance = (float)settings->guidance,
        .seed = settings->seed,
        .clip = generator->clip,
    };

    return odva_latent_flow_run(&generator->flow, &params);
}

/* The clip drawn last is what the next one follows. */
static int keep(struct onedva_generator *generator)
{
    const size_t count =
        (size_t)generator->prior->config.tiles * tokens_of(generator) * ODVA_LATENT_TOKEN;

    if (!generator->before)
        generator->before = malloc(count * sizeof(*generator->before));
    if (!generator->before)
        return ONEDVA_ERR_NOMEM;
    memcpy(generator->before, generator->flow.z, count * sizeof(*generator->before));
    generator->clip++;
    return ONEDVA_OK;
}

/* A tile's levels of what the network sees, as far as it has coefficients; tokens behind the last
 * that is not 0 are left out. */
static void quantise_tile(struct onedva_generator *generator, int index)
{
    const struct odva_tensor *divisors = generator->prior->tensors.scale;
    struct odva_latents *latents = &generator->latents;
    struct odva_latent_tile *tile = &latents->tiles[index];
    const float inverse_step = 1 / odva_quantiser_step(latents->qidx);
    const int count = odva_min(tokens_of(generator) * ODVA_LATENT_TOKEN, tile->coefficients);
    const float *z = generator->flow.z + (int64_t)index * tokens_of(generator) * ODVA_LATENT_TOKEN;
    int32_t *q = latents->q + tile->offset;
    int used = 0;

    memset(q, 0, tile->coefficients * sizeof(*q));
    for (int i = 0; i < count; i++) {
        float divisor, value;

        odva_tensor_read_floats(divisors, i, 1, &divisor);
        value = z[i] * divisor * odva_exp2_eighths(tile->scan->scale[i]);
        q[i] = isfinite(value) ? odva_quantise(fabsf(value), inverse_step, 0) : 0;
        used = q[i] ? i + 1 : used;
        q[i] = value < 0 ? -q[i] : q[i];
    }
    tile->tokens = (used + tile->token_length - 1) / tile->token_length;
    tile->length[0] = tile->tokens;
}

static void set_packet(const struct onedva_generator *generator, struct onedva_packet *packet)
{
    const struct odva_latents *latents = &generator->latents;

    *packet = (struct onedva_packet){
        .data = generator->packet_encoder.packet.data,
        .size = generator->packet_encoder.packet.size,
        .frames = ODVA_PRIOR_FRAMES,
        .stats = {.qidx = latents->qidx,
                  .tiles = latents->grid.tile_count,
                  .bytes = generator->packet_encoder.packet.size},
        .is_key = 1,
    };
    for (int i = 0; i < latents->grid.tile_count; i++) {
        packet->stats.tokens += latents->tiles[i].tokens;
        packet->stats.coefficients +=
            odva_coefficients_of(&latents->tiles[i], latents->tiles[i].tokens);
    }
}

int onedva_generator_next(onedva_generator *generator, struct onedva_packet *packet)
{
    struct odva_latents *latents = &generator->latents;
    struct odva_layer_plan layer_plan;
    int status = draw(generator);

    if (status < 0)
        return status;
    for (int i = 0; i < latents->grid.tile_count; i++)
        quantise_tile(generator, i);
    odva_layer_plan_init(&layer_plan, 1, latents->qidx, odva_tile_tokens(latents->basis));
    odva_layer_plan_set_ends(&layer_plan, latents);
    status = odva_packet_encoder_write(&generator->packet_encoder, latents, &layer_plan, NULL, NULL,
                                       NULL);
    if (status == ONEDVA_OK)
        status = keep(generator);
    if (status == ONEDVA_OK)
        set_packet(generator, packet);
    return status;
}
