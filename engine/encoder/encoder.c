/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The encoder of the public interface: frames to a clip, its latents and its packet. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/reserve.h"
#include "base/thread_pool.h"
#include "bitstream/stream_header.h"
#include "encoder/clip_choice.h"
#include "encoder/clip_encoder.h"
#include "encoder/encoder_settings.h"
#include "encoder/quantiser_choice.h"
#include "kernels/backend.h"
#include "model/device_weights.h"
#include "model/model.h"

struct onedva_encoder {
    struct onedva_encoder_settings settings;
    struct onedva_stream stream;
    struct odva_byte_writer stream_header;
    struct odva_thread_pool *pool;
    struct odva_backend *backend;
    struct odva_clip_choice clip_choice;
    struct odva_clip_encoder clip_encoder;
    struct odva_quantiser_choice quantiser_choice;
    int frames;                /* of the last clip, 0: none */
    int begins_gop;            /* the next clip is to be a key clip */
    int64_t since_key;         /* frames from the start of the last key clip on */
    struct onedva_tile *tiles; /* what onedva_encoder_get_tiles gave */
    size_t tile_capacity;
};

/* Open the rest of an encoder that has its settings and its stream. */
static int open_parts(struct onedva_encoder *encoder, const onedva_model *model)
{
    const struct onedva_encoder_settings *settings = &encoder->settings;
    const struct odva_device_wish wish = {.kind = settings->backend,
                                          .index = settings->device,
                                          .bitexact = settings->bitexact,
                                          .vulkan = settings->vulkan,
                                          .cuda_context = settings->cuda_context,
                                          .precision = ONEDVA_PRECISION_BFLOAT16,
                                          .depth = (int)encoder->stream.depth,
                                          .logger = &settings->logger};
    struct odva_device *device;
    int status, overlaps;

    odva_stream_header_write(&encoder->stream_header, &encoder->stream);
    if (encoder->stream_header.failed)
        return ONEDVA_ERR_NOMEM;
    status = odva_quantiser_choice_open(
        &encoder->quantiser_choice, model, settings, &encoder->stream, &encoder->stream_header,
        odva_encoder_settings_first_index(settings, &encoder->stream));
    if (status == ONEDVA_OK)
        status = odva_thread_pool_open(&encoder->pool, settings->threads);
    if (status == ONEDVA_OK)
        status = odva_model_device(model, &wish, &device);
    if (status == ONEDVA_OK)
        status = odva_backend_open(&encoder->backend, device, encoder->pool, &settings->logger);
    if (status < 0)
        return status;
    encoder->backend->depth = (int)encoder->stream.depth;
    encoder->clip_choice.backend = encoder->backend;
    encoder->clip_choice.pool = encoder->pool;
    overlaps = odva_thread_pool_workers(encoder->pool) > 1 &&
               !odva_quantiser_choice_needs_packets(settings);
    return odva_clip_encoder_open(&encoder->clip_encoder, model, settings, &encoder->stream,
                                  encoder->backend, encoder->pool, overlaps);
}

int onedva_encoder_open(onedva_encoder **result, const onedva_model *model,
                        const struct onedva_encoder_settings *settings,
                        const struct onedva_stream *stream)
{
    const char *problem = odva_stream_header_check(stream);
    struct onedva_encoder_settings own;
    struct onedva_encoder *encoder;
    int status = odva_encoder_settings_take(&own, settings);

    *result = NULL;
    if (status < 0)
        return status;
    if (problem) {
        odva_log(&own.logger, ONEDVA_LOG_ERROR, "%s", problem);
        return ONEDVA_ERR_ARGUMENT;
    }
    encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return ONEDVA_ERR_NOMEM;
    encoder->settings = own;
    encoder->stream = *stream;
    encoder->stream.model_id = model->id;
    encoder->stream.depth = stream->depth ? stream->depth : 8;
    status = open_parts(encoder, model);
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
    odva_quantiser_choice_close(&encoder->quantiser_choice);
    odva_clip_choice_free(&encoder->clip_choice);
    odva_clip_encoder_close(&encoder->clip_encoder);
    odva_backend_close(&encoder->backend);
    odva_thread_pool_close(&encoder->pool);
    odva_byte_writer_free(&encoder->stream_header);
    free(encoder->tiles);
    free(encoder);
}

int onedva_encoder_set_crf(onedva_encoder *encoder, double crf)
{
    return odva_encoder_settings_index_of_crf(&encoder->settings, crf,
                                              &encoder->quantiser_choice.index);
}

void onedva_encoder_stream_header(const onedva_encoder *encoder, const uint8_t **data, size_t *size)
{
    *data = encoder->stream_header.data;
    *size = encoder->stream_header.size;
}

/* Of n frames in units of the time base, 0 where that is not known. */
static uint64_t duration_of(const struct onedva_encoder *encoder, const uint32_t *durations, int n)
{
    uint64_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += durations ? durations[i] : encoder->stream.frame_duration;
    return sum;
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
        duration_of(encoder, durations, n) == 0) {
        odva_log(logger, ONEDVA_LOG_ERROR, "a bitrate or a buffer needs the frames' durations");
        return ONEDVA_ERR_ARGUMENT;
    }
    return ONEDVA_OK;
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
    const struct odva_latents *latents = encoder->clip_encoder.latents;
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
            .max_coefficients = encoder->clip_encoder.model->config.basis * grid->tiles[i].patches,
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

int onedva_encoder_end_pass(onedva_encoder *encoder, const char **pass_stats)
{
    return odva_quantiser_choice_end(&encoder->quantiser_choice, pass_stats);
}

int onedva_encoder_delay(const onedva_encoder *encoder)
{
    return encoder->clip_encoder.overlaps;
}

void onedva_encoder_begin_gop(onedva_encoder *encoder)
{
    encoder->begins_gop = 1;
}

/* Whether the next clip has to be a key clip. */
static int must_be_key(const struct onedva_encoder *encoder)
{
    const int gop = encoder->settings.gop;

    return encoder->begins_gop || !encoder->clip_encoder.has_reference ||
           (gop > 0 && encoder->since_key >= gop);
}

/* How many of n frames the gop has room for. */
static int gop_frames(const struct onedva_encoder *encoder, int is_key, int n)
{
    const int gop = encoder->settings.gop;
    const int64_t left = gop - (is_key ? 0 : encoder->since_key);

    return gop > 1 && left < n ? (int)left : n;
}

/* Encode a clip, but for the bytes of its latents where another thread can write them. */
static int encode_clip(struct onedva_encoder *encoder, const struct onedva_const_picture *frames,
                       const uint32_t *durations, int n)
{
    const struct odva_aligned_clip *clip = encoder->clip_choice.trial;
    struct odva_clip_encoder *clip_encoder = &encoder->clip_encoder;
    struct odva_quantiser_choice *choice = &encoder->quantiser_choice;
    const int is_key = must_be_key(encoder);
    int status = odva_quantiser_choice_begin(choice, frames, n);

    if (status == ONEDVA_OK)
        status = odva_clip_choose(
            &encoder->clip_choice, &clip_encoder->coder, &encoder->settings, frames,
            gop_frames(encoder, is_key, n), (int)encoder->stream.width, (int)encoder->stream.height,
            is_key ? NULL : clip_encoder->reference.const_picture, odva_qidx_of(choice->index));
    if (status == ONEDVA_OK)
        status = odva_clip_encoder_analyse(clip_encoder, clip, durations, choice->index);
    if (status == ONEDVA_OK)
        status = odva_quantiser_choice_run(choice, clip_encoder, frames,
                                           duration_of(encoder, durations, clip->frames),
                                           odva_clip_choice_ends_scene(&encoder->clip_choice));
    return status;
}

/* Note what the clip encoded last leaves to the next one. */
static int end_clip(struct onedva_encoder *encoder, const struct onedva_const_picture *frames)
{
    const struct odva_aligned_clip *clip = encoder->clip_choice.trial;

    encoder->frames = clip->frames;
    encoder->begins_gop = 0;
    encoder->since_key = (clip->prediction ? encoder->since_key : 0) + clip->frames;
    odva_clip_choice_note_bits(&encoder->clip_choice, encoder->quantiser_choice.counted);
    if (!odva_encoder_settings_predicts(&encoder->settings))
        return ONEDVA_OK;
    return odva_clip_choice_end_clip(&encoder->clip_choice, &frames[clip->frames - 1],
                                     (int)encoder->stream.width, (int)encoder->stream.height);
}

int onedva_encode_begin(onedva_encoder *encoder, const struct onedva_const_picture *frames,
                        const uint32_t *durations, int n, struct onedva_packet *packet)
{
    struct odva_packet_slot *slot = odva_clip_encoder_slot(&encoder->clip_encoder);
    int status = check_clip(encoder, durations, n);

    *packet = (struct onedva_packet){0};
    if (status == ONEDVA_OK && encoder->clip_encoder.begun == 2) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR,
                 "a third clip is begun before the first of them is ended");
        status = ONEDVA_ERR_ARGUMENT;
    }
    encoder->frames = 0;
    if (status == ONEDVA_OK)
        status = encode_clip(encoder, frames, durations, n);
    if (status == ONEDVA_OK)
        status = odva_clip_encoder_begin_packet(&encoder->clip_encoder);
    if (status == ONEDVA_OK)
        status = end_clip(encoder, frames);
    if (status < 0) {
        encoder->clip_encoder.has_reference = 0;
        return status;
    }
    slot->packet.pass_stats = odva_quantiser_choice_stats(&encoder->quantiser_choice);
    *packet = slot->packet;
    return ONEDVA_OK;
}

int onedva_encode_end(onedva_encoder *encoder, struct onedva_packet *packet)
{
    const struct odva_packet_slot *slot;

    *packet = (struct onedva_packet){0};
    if (encoder->clip_encoder.begun == 0) {
        odva_log(&encoder->settings.logger, ONEDVA_LOG_ERROR, "no clip is begun that could end");
        return ONEDVA_ERR_ARGUMENT;
    }
    slot = odva_clip_encoder_end_packet(&encoder->clip_encoder);
    if (slot->status < 0)
        return slot->status;
    *packet = slot->packet;
    return ONEDVA_OK;
}

int onedva_encode(onedva_encoder *encoder, const struct onedva_const_picture *frames,
                  const uint32_t *durations, int n, struct onedva_packet *packet)
{
    const int status = onedva_encode_begin(encoder, frames, durations, n, packet);

    return status < 0 ? status : onedva_encode_end(encoder, packet);
}
