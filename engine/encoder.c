/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The encoder of the public interface: frames to latents to a packet. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "clip_choice.h"
#include "clip_writer.h"
#include "layering.h"
#include "linear_coder.h"
#include "log.h"
#include "model.h"
#include "onedva/onedva.h"
#include "rate_control.h"
#include "reserve.h"
#include "stream_header.h"

/* crf 0 is this quantiser index. */
#define QIDX_OF_CRF_0 (-40)

/* The first clip's quantiser index in bitrate mode, where the search begins. */
#define FIRST_GUESS (-10)

struct onedva_encoder {
    const struct onedva_model *model;
    struct onedva_encoder_settings settings;
    struct onedva_stream stream;
    struct odva_byte_writer stream_header;
    struct odva_backend *backend;
    struct odva_linear_coder coder;
    struct odva_clip_choice clip_choice;
    struct odva_rate_control rate_control;
    struct odva_clip_writer writer;
    int qidx;       /* of the last clip, or of the first one */
    int frames;     /* of the last clip, 0: none */
    float *refined; /* what odva_analysis_refine gave */
    size_t refined_capacity;
    int *tile_tokens; /* what onedva_encoder_get_tiles gave */
    size_t tile_capacity;
};

void onedva_encoder_settings_default(struct onedva_encoder_settings *settings)
{
    *settings = (struct onedva_encoder_settings){
        .crf = 30,
        .layers = 1,
        .preset = ONEDVA_PRESET_MEDIUM,
        .motion = ONEDVA_MOTION_AUTO,
        .adaptive_clips = 1,
        .backend = ONEDVA_BACKEND_AUTO,
    };
}

static int qidx_of_crf(double crf)
{
    return (int)floor(crf + 0.5) + QIDX_OF_CRF_0;
}

static int crf_is_valid(double crf)
{
    return crf >= 0 && crf <= ONEDVA_MAX_CRF;
}

/* @return ONEDVA_OK, or ONEDVA_ERR_ARGUMENT after one line on what is wrong */
static int check_rate(const struct onedva_encoder_settings *settings)
{
    const struct onedva_logger *logger = &settings->logger;

    if (settings->bitrate < 0 || settings->max_rate < 0 || settings->buffer_size < 0)
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "bitrate %" PRId64 ", maximum rate %" PRId64 " and buffer size %" PRId64
                 " are not 0 or more",
                 settings->bitrate, settings->max_rate, settings->buffer_size);
    else if ((settings->max_rate > 0) != (settings->buffer_size > 0))
        odva_log(logger, ONEDVA_LOG_ERROR, "a maximum rate needs a buffer size, and that a rate");
    else if (settings->buffer_size > 0 && settings->max_rate < settings->bitrate)
        odva_log(logger, ONEDVA_LOG_ERROR, "maximum rate %" PRId64 " is below the bitrate %" PRId64,
                 settings->max_rate, settings->bitrate);
    else if (settings->buffer_size > 0 &&
             (settings->buffer_start <= 0 || settings->buffer_start > settings->buffer_size))
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "buffer begins with %" PRId64 " bits, not 1 to its size %" PRId64,
                 settings->buffer_start, settings->buffer_size);
    else
        return ONEDVA_OK;
    return ONEDVA_ERR_ARGUMENT;
}

/* As check_rate. */
static int check_settings(const struct onedva_encoder_settings *settings)
{
    const struct onedva_logger *logger = &settings->logger;

    if (!crf_is_valid(settings->crf))
        odva_log(logger, ONEDVA_LOG_ERROR, "crf %g is not in 0 to %g", settings->crf,
                 ONEDVA_MAX_CRF);
    else if (settings->max_tokens < 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "limit of %d tokens is negative", settings->max_tokens);
    else if (settings->layers < 1 || settings->layers > ONEDVA_MAX_LAYERS)
        odva_log(logger, ONEDVA_LOG_ERROR, "%d layers are not 1 to %d", settings->layers,
                 ONEDVA_MAX_LAYERS);
    else if ((int)settings->preset < ONEDVA_PRESET_ULTRAFAST ||
             settings->preset > ONEDVA_PRESET_SLOW)
        odva_log(logger, ONEDVA_LOG_ERROR, "preset %d does not exist", (int)settings->preset);
    else if ((int)settings->motion < ONEDVA_MOTION_OFF || settings->motion > ONEDVA_MOTION_AUTO)
        odva_log(logger, ONEDVA_LOG_ERROR, "motion %d does not exist", (int)settings->motion);
    else if (settings->threads < 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "%d threads are not 0 or more", settings->threads);
    else
        return check_rate(settings);
    return ONEDVA_ERR_ARGUMENT;
}

static int open_parts(struct onedva_encoder *encoder)
{
    const struct onedva_encoder_settings *settings = &encoder->settings;
    int status = odva_backend_open(&encoder->backend, settings->backend, settings->threads,
                                   settings->bitexact, &settings->logger);

    if (status < 0)
        return status;
    encoder->clip_choice.backend = encoder->backend;
    status = odva_linear_coder_open(&encoder->coder, encoder->model, encoder->backend, settings);
    if (status < 0)
        return status;
    return odva_clip_writer_init(&encoder->writer, encoder->model, settings->layers);
}

int onedva_encoder_open(onedva_encoder **result, const onedva_model *model,
                        const struct onedva_encoder_settings *settings,
                        const struct onedva_stream *stream)
{
    const char *problem = odva_stream_header_check(stream);
    struct onedva_encoder *encoder;
    int status = check_settings(settings);

    *result = NULL;
    if (status < 0)
        return status;
    if (problem) {
        odva_log(&settings->logger, ONEDVA_LOG_ERROR, "%s", problem);
        return ONEDVA_ERR_ARGUMENT;
    }
    encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return ONEDVA_ERR_NOMEM;
    encoder->model = model;
    encoder->settings = *settings;
    encoder->stream = *stream;
    encoder->stream.model_id = model->id;
    encoder->rate_control = (struct odva_rate_control){
        .bitrate = (double)settings->bitrate,
        .max_rate = (double)settings->max_rate,
        .buffer_size = (double)settings->buffer_size,
        .buffered = (double)settings->buffer_start,
    };
    encoder->qidx = settings->bitrate > 0 ? FIRST_GUESS : qidx_of_crf(settings->crf);
    odva_stream_header_write(&encoder->stream_header, &encoder->stream);
    status = encoder->stream_header.failed ? ONEDVA_ERR_NOMEM : open_parts(encoder);
    if (status < 0) {
        onedva_encoder_close(&encoder);
        return status;
    }
    *result = encoder;
    return ONEDVA_OK;
}

void onedva_encoder_close(onedva_encoder **encoder_pointer)
{
    struct onedva_encoder *encoder = *encoder_pointer;

    *encoder_pointer = NULL;
    if (!encoder)
        return;
    odva_clip_writer_free(&encoder->writer);
    odva_clip_choice_free(&encoder->clip_choice);
    odva_linear_coder_close(&encoder->coder);
    odva_backend_close(&encoder->backend);
    odva_byte_writer_free(&encoder->stream_header);
    free(encoder->refined);
    free(encoder->tile_tokens);
    free(encoder);
}

int onedva_encoder_set_crf(onedva_encoder *encoder, double crf)
{
    if (encoder->settings.bitrate > 0) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR,
                 "crf cannot change where a bitrate sets the quality");
        return ONEDVA_ERR_ARGUMENT;
    }
    if (!crf_is_valid(crf)) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR, "crf %g is not in 0 to %g", crf,
                 ONEDVA_MAX_CRF);
        return ONEDVA_ERR_ARGUMENT;
    }
    encoder->qidx = qidx_of_crf(crf);
    return ONEDVA_OK;
}

void onedva_encoder_stream_header(const onedva_encoder *encoder, const uint8_t **data, size_t *size)
{
    *data = encoder->stream_header.data;
    *size = encoder->stream_header.size;
}

/* How long frames last, 0 where that is not known. */
static double seconds_of(const struct onedva_encoder *encoder, const uint32_t *durations, int n)
{
    const struct onedva_stream *stream = &encoder->stream;
    double units = 0;

    for (int i = 0; i < n; i++)
        units += durations ? durations[i] : stream->frame_duration;
    return units * stream->timebase_num / stream->timebase_den;
}

static int check_clip(const struct onedva_encoder *encoder, const uint32_t *durations, int n)
{
    const struct onedva_logger *logger = &encoder->settings.logger;

    if (n < 1 || n > ONEDVA_MAX_CLIP_FRAMES) {
        odva_log(logger, ONEDVA_LOG_ERROR, "clip of %d frames, not 1 to %d", n,
                 ONEDVA_MAX_CLIP_FRAMES);
        return ONEDVA_ERR_ARGUMENT;
    }
    for (int i = 0; durations && i < n; i++) {
        if (durations[i] == 0) {
            odva_log(logger, ONEDVA_LOG_ERROR, "frame %d of the clip has no duration", i);
            return ONEDVA_ERR_ARGUMENT;
        }
    }
    if ((encoder->settings.bitrate > 0 || encoder->settings.buffer_size > 0) &&
        seconds_of(encoder, durations, n) == 0) {
        odva_log(logger, ONEDVA_LOG_ERROR, "a bitrate or a buffer needs the frames' durations");
        return ONEDVA_ERR_ARGUMENT;
    }
    return ONEDVA_OK;
}

/* Choose the clip and analyse it. */
static int analyse(struct onedva_encoder *encoder, const struct onedva_const_picture *frames, int n)
{
    const struct onedva_stream *stream = &encoder->stream;
    const struct odva_aligned_clip *clip = encoder->clip_choice.trial;
    int status =
        odva_clip_choose(&encoder->clip_choice, &encoder->coder, &encoder->settings, frames, n,
                         (int)stream->width, (int)stream->height, encoder->qidx);

    if (status < 0)
        return status;
    status = odva_linear_coder_analyse(&encoder->coder, clip->pictures, clip->frames, clip->width,
                                       clip->height);
    if (status < 0)
        return status;
    encoder->refined =
        odva_reserve(encoder->refined, &encoder->refined_capacity,
                     odva_latents_count(&encoder->coder.latents), sizeof(*encoder->refined));
    return encoder->refined ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* Whether a network corrects the linear latents. */
static int has_refinement(const struct onedva_encoder *encoder)
{
    return encoder->settings.preset != ONEDVA_PRESET_ULTRAFAST &&
           encoder->model->config.encoder_layers > 0;
}

static int encode_latents(struct onedva_encoder *encoder, double *bits)
{
    struct odva_linear_coder *coder = &encoder->coder;
    int status;

    if (!has_refinement(encoder))
        return odva_linear_coder_quantise(coder, coder->linear, encoder->qidx, bits);
    status = odva_analysis_refine(coder->analysis, &coder->latents.grid, encoder->qidx,
                                  coder->linear, encoder->refined);
    if (status < 0)
        return status;
    return odva_linear_coder_quantise(coder, encoder->refined, encoder->qidx, bits);
}

/* Set encoder->qidx to where the linear latents take a budget. @param bits what they take there */
static int search_qidx(struct onedva_encoder *encoder, double budget, double *bits)
{
    struct odva_linear_coder *coder = &encoder->coder;
    struct odva_rate_search search;
    int status;

    odva_rate_search_start(&search, budget, encoder->qidx);
    do {
        status = odva_linear_coder_quantise(coder, coder->linear, search.next, bits);
    } while (status == ONEDVA_OK && odva_rate_search_step(&search, *bits));
    encoder->qidx = search.best;
    *bits = search.best_bits;
    return status;
}

/* Search with the linear latents, which takes no network, then once more with the budget changed
 * by what the network made of the rate. */
static int encode_at_bitrate(struct onedva_encoder *encoder, double seconds)
{
    const double budget = odva_rate_control_budget(&encoder->rate_control, seconds);
    double linear_bits, bits;
    int first;
    int status = search_qidx(encoder, budget, &linear_bits);

    if (status == ONEDVA_OK)
        status = encode_latents(encoder, &bits);
    if (status < 0 || !has_refinement(encoder))
        return status;
    first = encoder->qidx;
    status = search_qidx(encoder, budget * (linear_bits + 1) / (bits + 1), &linear_bits);
    if (status < 0)
        return status;
    if (encoder->qidx == first)
        return odva_linear_coder_quantise(&encoder->coder, encoder->refined, first, &bits);
    return encode_latents(encoder, &bits);
}

static void report(struct onedva_encoder *encoder, struct onedva_packet *packet)
{
    const struct odva_latents *latents = &encoder->coder.latents;
    const struct odva_clip_writer *writer = &encoder->writer;

    *packet = (struct onedva_packet){
        .data = writer->packet.data,
        .size = writer->packet.size,
        .frames = encoder->frames,
        .stats =
            {
                .qidx = encoder->qidx,
                .tiles = latents->grid.tile_count,
                .bytes = writer->packet.size,
                .motion = odva_aligned_clip_motion(encoder->clip_choice.trial),
                .motion_bytes = writer->motion.size,
            },
    };
    for (int i = 0; i < latents->grid.tile_count; i++)
        packet->stats.tokens += latents->tiles[i].tokens;
}

void onedva_encoder_get_canvas(const onedva_encoder *encoder, struct onedva_canvas *canvas)
{
    const struct odva_aligned_clip *clip = encoder->clip_choice.trial;

    *canvas = (struct onedva_canvas){.frames = encoder->frames};
    if (encoder->frames == 0)
        return;
    canvas->width = clip->width;
    canvas->height = clip->height;
    canvas->visible = clip->is_aligned ? clip->builder.visible : NULL;
    memcpy(canvas->picture, clip->pictures, encoder->frames * sizeof(*clip->pictures));
}

int onedva_encoder_get_tiles(onedva_encoder *encoder, struct onedva_tiles *tiles)
{
    const struct odva_latents *latents = &encoder->coder.latents;
    const struct odva_grid *grid = &latents->grid;

    *tiles = (struct onedva_tiles){0};
    if (encoder->frames == 0) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR, "tiles wanted of no clip");
        return ONEDVA_ERR_ARGUMENT;
    }
    encoder->tile_tokens = odva_reserve(encoder->tile_tokens, &encoder->tile_capacity,
                                        grid->tile_count, sizeof(*encoder->tile_tokens));
    if (!encoder->tile_tokens)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < grid->tile_count; i++)
        encoder->tile_tokens[i] = latents->tiles[i].tokens;
    *tiles = (struct onedva_tiles){
        .columns = grid->tiles_x,
        .rows = grid->tiles_y,
        .tokens = encoder->tile_tokens,
    };
    return ONEDVA_OK;
}

/* Durations that the packet has to carry: NULL where all are the stream's frame_duration. */
static const uint32_t *unusual_durations(const struct onedva_encoder *encoder,
                                         const uint32_t *durations, int n)
{
    for (int i = 0; durations && i < n; i++) {
        if (durations[i] != encoder->stream.frame_duration)
            return durations;
    }
    return NULL;
}

static int write_packet(struct onedva_encoder *encoder, const uint32_t *durations)
{
    const struct odva_aligned_clip *clip = encoder->clip_choice.trial;
    struct odva_linear_coder *coder = &encoder->coder;

    odva_rate_distortion_divide(
        &coder->rate_distortion, &coder->latents,
        has_refinement(encoder) ? encoder->refined : coder->linear,
        odva_layering_passes(encoder->settings.layers, coder->latents.qidx));
    return odva_clip_writer_write(&encoder->writer, &coder->latents,
                                  clip->is_aligned ? &clip->motion : NULL,
                                  encoder->settings.header_in_packets ? &encoder->stream : NULL,
                                  unusual_durations(encoder, durations, clip->frames));
}

/* Write the packet, with coarser quantisers until the decoder's buffer holds it. */
static int write_within_buffer(struct onedva_encoder *encoder, const uint32_t *durations)
{
    const double most = odva_rate_control_most(&encoder->rate_control);
    double bits;
    int status = write_packet(encoder, durations);

    while (status == ONEDVA_OK && 8.0 * encoder->writer.packet.size > most &&
           encoder->qidx < ONEDVA_MAX_QIDX) {
        encoder->qidx++;
        status = encode_latents(encoder, &bits);
        if (status == ONEDVA_OK)
            status = write_packet(encoder, durations);
    }
    if (status == ONEDVA_OK && 8.0 * encoder->writer.packet.size > most)
        odva_log(&encoder->settings.logger, ONEDVA_LOG_WARNING,
                 "a packet of %zu bytes breaks the buffer, which holds %.0f bits of it; a larger "
                 "buffer, shorter clips or a smaller picture would not",
                 encoder->writer.packet.size, most);
    return status;
}

int onedva_encode(onedva_encoder *encoder, const struct onedva_const_picture *frames,
                  const uint32_t *durations, int n, struct onedva_packet *packet)
{
    const struct odva_aligned_clip *clip = encoder->clip_choice.trial;
    const int crf_qidx = encoder->qidx;
    double seconds, bits;
    int status;

    *packet = (struct onedva_packet){0};
    encoder->frames = 0;
    if ((status = check_clip(encoder, durations, n)) < 0 ||
        (status = analyse(encoder, frames, n)) < 0)
        return status;
    n = clip->frames;
    seconds = seconds_of(encoder, durations, n);
    status = encoder->settings.bitrate > 0 ? encode_at_bitrate(encoder, seconds)
                                           : encode_latents(encoder, &bits);
    if (status < 0)
        return status;
    status = write_within_buffer(encoder, durations);
    if (status < 0)
        return status;
    odva_rate_control_spend(&encoder->rate_control, seconds, 8.0 * encoder->writer.packet.size);
    encoder->frames = n;
    report(encoder, packet);
    if (encoder->settings.bitrate == 0)
        encoder->qidx = crf_qidx;
    return ONEDVA_OK;
}
