/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The encoder of the public interface: frames to latents to a packet. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/reserve.h"
#include "bitstream/stream_header.h"
#include "encoder/encoder.h"
#include "encoder/quantiser_choice.h"
#include "kernels/backend.h"
#include "model/model.h"

/* Bits per sample of luma that videos take in the mean at this quantiser index, and indices that
 * downscale2x them: doc/results.md. The search for a bitrate begins there. */
#define USUAL_INDEX      (-10.0)
#define USUAL_BITS       0.1
#define INDICES_TO_HALVE 5.6

/* The same for PSNR-Y. */
#define USUAL_PSNR   35.5
#define DB_PER_INDEX 0.31

#define LEAST_PSNR 15.0
#define MOST_PSNR  60.0

void onedva_encoder_settings_default(struct onedva_encoder_settings *settings)
{
    *settings = (struct onedva_encoder_settings){
        .crf = 30,
        .qp = -1,
        .layers = 1,
        .preset = ONEDVA_PRESET_MEDIUM,
        .motion = ONEDVA_MOTION_AUTO,
        .adaptive_clips = 1,
        .backend = ONEDVA_BACKEND_AUTO,
    };
}

/* Where a bitrate will lead, about. */
static double guess_index(double bitrate, const struct onedva_stream *stream)
{
    const double samples = (double)stream->width * stream->height;
    const double seconds =
        (double)stream->frame_duration * stream->timebase_num / stream->timebase_den;
    const double bits = bitrate * seconds / samples;

    if (seconds == 0)
        return USUAL_INDEX;
    return fmin(
        fmax(floor(USUAL_INDEX - INDICES_TO_HALVE * log2(bits / USUAL_BITS)), ONEDVA_MIN_QIDX),
        ONEDVA_MAX_QIDX);
}

/* Of the first clip. */
static double first_index(const struct onedva_encoder_settings *settings,
                          const struct onedva_stream *stream)
{
    if (settings->bitrate > 0)
        return guess_index((double)settings->bitrate, stream);
    if (settings->target_psnr > 0)
        return floor(USUAL_INDEX - (settings->target_psnr - USUAL_PSNR) / DB_PER_INDEX);
    return ODVA_QIDX_OF_CRF_0 + (settings->qp >= 0 ? settings->qp : settings->crf);
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
    else if ((int)settings->pass < ONEDVA_PASS_ONLY || settings->pass > ONEDVA_PASS_SECOND)
        odva_log(logger, ONEDVA_LOG_ERROR, "pass %d does not exist", (int)settings->pass);
    else if (settings->pass == ONEDVA_PASS_SECOND && settings->bitrate == 0)
        odva_log(logger, ONEDVA_LOG_ERROR, "a second pass needs a bitrate");
    else if ((settings->max_rate > 0) != (settings->buffer_size > 0))
        odva_log(logger, ONEDVA_LOG_ERROR, "a maximum rate needs a buffer size, and that a rate");
    else if (settings->qp >= 0 && (settings->bitrate > 0 || settings->buffer_size > 0))
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "constant quantiser qp %d keeps to no %s: give crf instead, or neither",
                 settings->qp, settings->bitrate > 0 ? "bitrate" : "buffer");
    else if (settings->target_psnr != 0 &&
             !(settings->target_psnr >= LEAST_PSNR && settings->target_psnr <= MOST_PSNR))
        odva_log(logger, ONEDVA_LOG_ERROR, "a PSNR of %g dB is not in %g to %g",
                 settings->target_psnr, LEAST_PSNR, MOST_PSNR);
    else if (settings->target_psnr > 0 &&
             (settings->qp >= 0 || settings->bitrate > 0 || settings->pass != ONEDVA_PASS_ONLY))
        odva_log(logger, ONEDVA_LOG_ERROR, "a PSNR of %g dB goes with no %s", settings->target_psnr,
                 settings->qp >= 0       ? "constant quantiser"
                 : settings->bitrate > 0 ? "bitrate"
                                         : "pass of two");
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
    else if (settings->qp < -1 || settings->qp > ONEDVA_MAX_QP)
        odva_log(logger, ONEDVA_LOG_ERROR, "qp %d is not in 0 to %d", settings->qp, ONEDVA_MAX_QP);
    else if (!(settings->aq >= 0 && settings->aq <= 1))
        odva_log(logger, ONEDVA_LOG_ERROR, "aq %g is not in 0 to 1", settings->aq);
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
    int status =
        odva_backend_open(&encoder->backend, settings->backend, settings->threads,
                          settings->bitexact, ONEDVA_PRECISION_BFLOAT16, &settings->logger);

    if (status < 0)
        return status;
    encoder->clip_choice.backend = encoder->backend;
    status = odva_trial_coder_open(&encoder->coder, encoder->model, encoder->backend, settings);
    for (int i = 0; i < 2 && status == ONEDVA_OK; i++)
        status = odva_packet_encoder_init(&encoder->slot[i].packet_encoder, encoder->model);
    return status;
}

static int open_psnr_target(struct onedva_encoder *encoder)
{
    const struct odva_byte_writer *header = &encoder->stream_header;

    return odva_psnr_target_open(&encoder->psnr_target, encoder->model, &encoder->settings,
                                 header->data, header->size);
}

static int open_pass(struct onedva_encoder *encoder)
{
    const struct onedva_encoder_settings *settings = &encoder->settings;
    struct odva_first_pass_writer *writer = &encoder->first_pass.writer;

    if (settings->pass == ONEDVA_PASS_SECOND)
        return odva_rate_plan_open(&encoder->plan, settings->pass_stats, &encoder->stream,
                                   &encoder->rate_control, &settings->logger);
    if (settings->pass == ONEDVA_PASS_FIRST) {
        odva_first_pass_writer_reset(writer);
        odva_first_pass_write_header(writer, &encoder->stream);
    }
    return writer->text.failed ? ONEDVA_ERR_NOMEM : ONEDVA_OK;
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
    encoder->index = first_index(settings, stream);
    odva_stream_header_write(&encoder->stream_header, &encoder->stream);
    status = encoder->stream_header.failed ? ONEDVA_ERR_NOMEM : open_pass(encoder);
    if (status == ONEDVA_OK)
        status = open_parts(encoder);
    if (status == ONEDVA_OK && settings->target_psnr > 0)
        status = open_psnr_target(encoder);
    if (status < 0) {
        onedva_encoder_close(&encoder);
        return status;
    }
    *result = encoder;
    return ONEDVA_OK;
}

static void free_slot(struct onedva_encoder *encoder, struct odva_packet_slot *slot)
{
    if (encoder->backend)
        odva_thread_pool_cancel(encoder->backend->pool, &slot->job);
    odva_packet_encoder_free(&slot->packet_encoder);
    odva_latents_free(&slot->latents);
}

void onedva_encoder_close(onedva_encoder **encoder_pointer)
{
    struct onedva_encoder *encoder = *encoder_pointer;

    *encoder_pointer = NULL;
    if (!encoder)
        return;
    odva_first_pass_writer_free(&encoder->first_pass.writer);
    odva_rate_plan_close(&encoder->plan);
    odva_psnr_target_close(&encoder->psnr_target);
    for (int i = 0; i < 2; i++)
        free_slot(encoder, &encoder->slot[i]);
    odva_clip_choice_free(&encoder->clip_choice);
    odva_trial_coder_close(&encoder->coder);
    odva_backend_close(&encoder->backend);
    odva_byte_writer_free(&encoder->stream_header);
    free(encoder->refined);
    free(encoder->tiles);
    free(encoder);
}

int onedva_encoder_set_crf(onedva_encoder *encoder, double crf)
{
    if (encoder->settings.bitrate > 0) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR,
                 "crf cannot change where a bitrate sets the quality");
        return ONEDVA_ERR_ARGUMENT;
    }
    if (encoder->settings.qp >= 0 || encoder->settings.target_psnr > 0) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR,
                 "crf cannot change where %s sets the quantiser",
                 encoder->settings.qp >= 0 ? "qp" : "a PSNR");
        return ONEDVA_ERR_ARGUMENT;
    }
    if (!crf_is_valid(crf)) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR, "crf %g is not in 0 to %g", crf,
                 ONEDVA_MAX_CRF);
        return ONEDVA_ERR_ARGUMENT;
    }
    encoder->index = ODVA_QIDX_OF_CRF_0 + crf;
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
                         (int)stream->width, (int)stream->height, odva_qidx_of(encoder->index));

    if (status < 0)
        return status;
    status = odva_trial_coder_analyse(&encoder->coder, clip->pictures, clip->frames, clip->width,
                                      clip->height);
    if (status < 0)
        return status;
    encoder->refined =
        odva_reserve(encoder->refined, &encoder->refined_capacity,
                     odva_latents_count(&encoder->coder.latents), sizeof(*encoder->refined));
    return encoder->refined ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* What is known of a packet before its bytes. */
static void report(struct onedva_encoder *encoder, struct onedva_packet *packet)
{
    const struct odva_latents *latents = encoder->latents;
    const struct odva_packet_encoder *packet_encoder = &odva_encoder_slot(encoder)->packet_encoder;

    *packet = (struct onedva_packet){
        .frames = encoder->frames,
        .stats =
            {
                .qidx = latents->qidx,
                .tiles = latents->grid.tile_count,
                .motion = odva_aligned_clip_motion(encoder->clip_choice.trial),
                .motion_bytes = packet_encoder->motion.size,
            },
    };
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        packet->stats.tokens += tile->tokens;
        packet->stats.coefficients += odva_coefficients_of(tile, tile->tokens);
    }
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
    const struct odva_latents *latents = encoder->latents;
    const struct odva_grid *grid;

    *tiles = (struct onedva_tiles){0};
    if (encoder->frames == 0) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR, "tiles wanted of no clip");
        return ONEDVA_ERR_ARGUMENT;
    }
    grid = &latents->grid;
    encoder->tiles = odva_reserve(encoder->tiles, &encoder->tile_capacity, grid->tile_count,
                                  sizeof(*encoder->tiles));
    if (!encoder->tiles)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < grid->tile_count; i++)
        encoder->tiles[i] = (struct onedva_tile){
            .x = grid->tiles[i].x0 * ODVA_TOKEN_LUMA,
            .y = grid->tiles[i].y0 * ODVA_TOKEN_LUMA,
            .side = ODVA_TOKEN_LUMA << grid->tiles[i].size,
            .superblock = grid->tiles[i].superblock,
            .coefficients = odva_coefficients_of(&latents->tiles[i], latents->tiles[i].tokens),
            .max_coefficients = latents->tiles[i].coefficients,
        };
    *tiles = (struct onedva_tiles){
        .columns = grid->superblocks_x,
        .rows = grid->superblocks_y,
        .count = grid->tile_count,
        .tile = encoder->tiles,
        .map_columns = grid->gx,
        .map_rows = grid->gy,
        .map = grid->tile_of,
    };
    return ONEDVA_OK;
}

/* Look up what the first pass says of the next frames. */
static int begin_second_pass(struct onedva_encoder *encoder,
                             const struct onedva_const_picture *frames, int n)
{
    struct odva_rate_plan *plan = &encoder->plan;
    const struct onedva_logger *logger = &encoder->settings.logger;
    const int known = odva_rate_plan_known(plan, frames, n, (int)encoder->stream.width,
                                           (int)encoder->stream.height);

    if (known < n && odva_rate_plan_frames(plan) == known) {
        odva_log(logger, ONEDVA_LOG_ERROR, "the first pass saw only %" PRId64 " frames",
                 plan->stats.frames);
        return ONEDVA_ERR_ARGUMENT;
    }
    if (known < n) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "frame %" PRId64 " is not the one that the first pass saw: its statistics are "
                 "those of another video",
                 plan->stats.frames - odva_rate_plan_frames(plan) + known);
        return ONEDVA_ERR_ARGUMENT;
    }
    encoder->index = odva_rate_plan_index(plan, &encoder->rate_control);
    return ONEDVA_OK;
}

/* What the clip's line of statistics tells beside its bits. */
static void begin_first_pass(struct onedva_encoder *encoder,
                             const struct onedva_const_picture *frames, const uint32_t *durations)
{
    struct odva_first_pass_clip *clip = &encoder->first_pass.clip;

    if (encoder->first_pass.writer.frames > 0)
        odva_first_pass_writer_reset(&encoder->first_pass.writer);
    clip->frames = odva_encoder_clip(encoder)->frames;
    clip->duration = 0;
    for (int i = 0; i < clip->frames; i++)
        clip->duration += durations ? durations[i] : encoder->stream.frame_duration;
    clip->hash =
        odva_first_pass_hash(&frames[0], (int)encoder->stream.width, (int)encoder->stream.height);
}

int onedva_encoder_end_pass(onedva_encoder *encoder, const char **pass_stats)
{
    struct odva_first_pass_writer *writer = &encoder->first_pass.writer;
    const struct odva_rate_plan *plan = &encoder->plan;

    *pass_stats = NULL;
    if (encoder->settings.pass == ONEDVA_PASS_SECOND && odva_rate_plan_frames(plan) > 0)
        odva_log(&encoder->settings.logger, ONEDVA_LOG_WARNING,
                 "the first pass saw %" PRId64 " frames more, so that the bitrate is not met",
                 odva_rate_plan_frames(plan));
    if (encoder->settings.pass != ONEDVA_PASS_FIRST)
        return ONEDVA_OK;
    odva_first_pass_writer_reset(writer);
    odva_first_pass_write_end(writer);
    *pass_stats = (const char *)writer->text.data;
    return writer->text.failed ? ONEDVA_ERR_NOMEM : ONEDVA_OK;
}

int odva_encoder_overlaps(const struct onedva_encoder *encoder)
{
    const struct onedva_encoder_settings *settings = &encoder->settings;

    return odva_backend_workers(encoder->backend) > 1 && settings->bitrate == 0 &&
           settings->buffer_size == 0 && settings->target_psnr == 0 &&
           settings->pass == ONEDVA_PASS_ONLY;
}

int onedva_encoder_delay(const onedva_encoder *encoder)
{
    return odva_encoder_overlaps(encoder);
}

static void write_latents(void *opaque)
{
    struct odva_packet_slot *slot = opaque;

    slot->status = odva_packet_encoder_end(&slot->packet_encoder, &slot->latents);
}

/* Let another thread write the latents, while the next clip's go where others were before. */
static void start_writing(struct onedva_encoder *encoder, struct odva_packet_slot *slot)
{
    const struct odva_latents latents = slot->latents;

    slot->latents = encoder->coder.latents;
    encoder->coder.latents = latents;
    encoder->latents = &slot->latents;
    slot->job = (struct odva_thread_job){.fn = write_latents, .opaque = slot};
    odva_thread_pool_start(encoder->backend->pool, &slot->job);
}

/* Encode a clip, but for the bytes of its latents where another thread can write them. */
static int encode_clip(struct onedva_encoder *encoder, const struct onedva_const_picture *frames,
                       const uint32_t *durations, int n)
{
    struct odva_packet_slot *slot = odva_encoder_slot(encoder);
    int status = analyse(encoder, frames, n);

    if (status < 0)
        return status;
    n = odva_encoder_clip(encoder)->frames;
    if (encoder->settings.pass == ONEDVA_PASS_FIRST)
        begin_first_pass(encoder, frames, durations);
    status = odva_encode_clip(encoder, frames, durations, seconds_of(encoder, durations, n));
    if (status < 0)
        return status;
    encoder->frames = n;
    report(encoder, &slot->packet);
    slot->status = ONEDVA_OK;
    if (odva_encoder_overlaps(encoder))
        start_writing(encoder, slot);
    return ONEDVA_OK;
}

int onedva_encode_begin(onedva_encoder *encoder, const struct onedva_const_picture *frames,
                        const uint32_t *durations, int n, struct onedva_packet *packet)
{
    const double crf_index = encoder->index;
    const enum onedva_pass pass = encoder->settings.pass;
    struct odva_packet_slot *slot = odva_encoder_slot(encoder);
    int status = check_clip(encoder, durations, n);

    *packet = (struct onedva_packet){0};
    if (status == ONEDVA_OK && encoder->begun == 2) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR,
                 "a third clip is begun before the first of them is ended");
        status = ONEDVA_ERR_ARGUMENT;
    }
    encoder->frames = 0;
    encoder->latents = &encoder->coder.latents;
    if (status == ONEDVA_OK && pass == ONEDVA_PASS_SECOND)
        status = begin_second_pass(encoder, frames, n);
    if (status == ONEDVA_OK)
        status = encode_clip(encoder, frames, durations, n);
    if (status < 0)
        return status;
    if (encoder->settings.bitrate == 0 && encoder->settings.target_psnr == 0)
        encoder->index = crf_index;
    if (pass == ONEDVA_PASS_FIRST)
        slot->packet.pass_stats = (const char *)encoder->first_pass.writer.text.data;
    if (encoder->first_pass.writer.text.failed)
        return ONEDVA_ERR_NOMEM;
    encoder->begun++;
    *packet = slot->packet;
    return ONEDVA_OK;
}

int onedva_encode_end(onedva_encoder *encoder, struct onedva_packet *packet)
{
    struct odva_packet_slot *slot = &encoder->slot[encoder->first_slot];

    *packet = (struct onedva_packet){0};
    if (encoder->begun == 0) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR, "no clip is begun that could end");
        return ONEDVA_ERR_ARGUMENT;
    }
    odva_thread_pool_wait(encoder->backend->pool, &slot->job);
    encoder->first_slot ^= 1;
    encoder->begun--;
    if (slot->status < 0)
        return slot->status;
    slot->packet.data = slot->packet_encoder.packet.data;
    slot->packet.size = slot->packet.stats.bytes = slot->packet_encoder.packet.size;
    *packet = slot->packet;
    return ONEDVA_OK;
}

int onedva_encode(onedva_encoder *encoder, const struct onedva_const_picture *frames,
                  const uint32_t *durations, int n, struct onedva_packet *packet)
{
    const int status = onedva_encode_begin(encoder, frames, durations, n, packet);

    return status < 0 ? status : onedva_encode_end(encoder, packet);
}
