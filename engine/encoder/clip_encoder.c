/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/clip_encoder.h"

#include <stdlib.h>

#include "base/reserve.h"
#include "bitstream/layer_plan.h"
#include "bitstream/motion_coder.h"
#include "encoder/encoder_settings.h"
#include "kernels/backend.h"
#include "model/model.h"

int odva_clip_encoder_open(struct odva_clip_encoder *encoder, const struct onedva_model *model,
                           const struct onedva_encoder_settings *settings,
                           const struct onedva_stream *stream, struct odva_backend *backend,
                           struct odva_thread_pool *pool, int overlaps)
{
    int status;

    encoder->model = model;
    encoder->settings = settings;
    encoder->stream = stream;
    encoder->backend = backend;
    encoder->pool = pool;
    encoder->overlaps = overlaps;
    status = odva_trial_coder_open(&encoder->coder, model, backend, pool, settings);
    for (int i = 0; i < 2 && status == ONEDVA_OK; i++) {
        status = odva_packet_encoder_init(&encoder->slot[i].packet_encoder, model);
        encoder->slot[i].packet_encoder.kind =
            settings->clip_packets ? ONEDVA_PACKET_WHOLE_CLIP : ONEDVA_PACKET_CLIP;
    }
    return status;
}

void odva_clip_encoder_close(struct odva_clip_encoder *encoder)
{
    for (int i = 0; i < 2; i++) {
        struct odva_packet_slot *slot = &encoder->slot[i];

        if (encoder->pool)
            odva_thread_pool_cancel(encoder->pool, &slot->job);
        odva_packet_encoder_free(&slot->packet_encoder);
        odva_latents_free(&slot->latents);
    }
    odva_query_encoder_close(&encoder->query_encoder);
    odva_trial_coder_close(&encoder->coder);
    odva_canvas_free(&encoder->reference);
    free(encoder->corrected);
    *encoder = (struct odva_clip_encoder){0};
}

/* Durations that the packet has to carry: NULL where all are the stream's frame_duration, or the
 * frames have packets, and with them times, of their own. */
static const uint32_t *unusual_durations(const struct odva_clip_encoder *encoder,
                                         const uint32_t *durations, int n)
{
    if (!encoder->settings->clip_packets)
        return NULL;
    for (int i = 0; durations && i < n; i++) {
        if (durations[i] != encoder->stream->frame_duration)
            return durations;
    }
    return NULL;
}

int odva_clip_encoder_analyse(struct odva_clip_encoder *encoder,
                              const struct odva_aligned_clip *clip, const uint32_t *durations,
                              double index)
{
    struct odva_trial_coder *coder = &encoder->coder;
    const struct odva_clip_size size = {clip->frames, clip->width, clip->height};
    const int status =
        odva_trial_coder_analyse(coder, clip->pictures, size, clip->prediction, index);

    if (status < 0)
        return status;
    encoder->clip = clip;
    encoder->durations = unusual_durations(encoder, durations, clip->frames);
    encoder->latents = &coder->latents;
    encoder->is_embedded = encoder->is_decoded = 0;
    return ONEDVA_OK;
}

int odva_clip_encoder_corrects(const struct odva_clip_encoder *encoder)
{
    return encoder->settings->preset != ONEDVA_PRESET_ULTRAFAST &&
           encoder->model->config.encoder_layers > 0;
}

/* Give the query encoder the clip. */
static int embed_clip(struct odva_clip_encoder *encoder)
{
    struct odva_query_encoder *query_encoder = &encoder->query_encoder;
    struct odva_trial_coder *coder = &encoder->coder;
    int status = ONEDVA_OK;

    if (!query_encoder->backend)
        status =
            odva_query_encoder_open(query_encoder, encoder->model, encoder->backend, encoder->pool);
    return status < 0 ? status
                      : odva_query_encoder_set_clip(query_encoder, &coder->path.walk,
                                                    &coder->latents.grid, encoder->clip->pictures);
}

/* Correct the clip quantised last, and quantise it anew with its partition. */
static int correct(struct odva_clip_encoder *encoder, double index, double *counted)
{
    struct odva_trial_coder *coder = &encoder->coder;
    int status = encoder->is_embedded ? ONEDVA_OK : embed_clip(encoder);

    encoder->is_embedded = status == ONEDVA_OK;
    encoder->corrected =
        odva_reserve(encoder->corrected, &encoder->corrected_capacity,
                     odva_latents_count(&coder->latents), sizeof(*encoder->corrected));
    if (!encoder->corrected)
        return ONEDVA_ERR_NOMEM;
    if (status == ONEDVA_OK)
        status = odva_query_encoder_correct(&encoder->query_encoder, &coder->latents,
                                            odva_qidx_of(index), coder->linear, encoder->corrected);
    return status < 0 ? status
                      : odva_trial_coder_requantise(coder, encoder->corrected, index, counted);
}

/* An inter clip's packet names the one before it, which may still be being written. */
static void name_reference(struct odva_clip_encoder *encoder, struct odva_packet_slot *slot)
{
    struct odva_packet_slot *before = &encoder->slot[slot == &encoder->slot[0]];

    odva_thread_pool_wait(encoder->pool, &before->job);
    if (encoder->coder.latents.is_inter)
        slot->packet_encoder.reference = odva_packet_encoder_id(&before->packet_encoder);
}

/* Whether it looks at what a decoder makes of the clip. */
static int decodes(const struct odva_clip_encoder *encoder)
{
    return encoder->settings->preset != ONEDVA_PRESET_ULTRAFAST;
}

/* @param chooses set how it is smoothed, too */
static int decode(struct odva_clip_encoder *encoder, int chooses)
{
    const struct odva_aligned_clip *clip = encoder->clip;
    const int status = odva_trial_coder_reconstruct(
        &encoder->coder, clip->is_aligned ? &clip->motion : NULL, chooses);

    encoder->is_decoded = status == ONEDVA_OK;
    return status;
}

static int write_packet(struct odva_clip_encoder *encoder, const float *y)
{
    const struct odva_aligned_clip *clip = encoder->clip;
    struct odva_packet_encoder *packet_encoder = &odva_clip_encoder_slot(encoder)->packet_encoder;
    struct odva_trial_coder *coder = &encoder->coder;
    struct odva_layer_plan layer_plan;
    int status;

    odva_layer_plan_init(&layer_plan, encoder->settings->layers, coder->latents.qidx,
                         odva_tile_tokens(coder->latents.basis));
    status =
        odva_rate_distortion_divide(&coder->rate_distortion, &coder->latents, y,
                                    odva_partition_choice_weights(&coder->partition), &layer_plan);
    if (status < 0)
        return status;
    odva_layer_plan_set_ends(&layer_plan, &coder->latents);
    if (decodes(encoder))
        status = decode(encoder, 1);
    if (status < 0)
        return status;
    odva_packet_encoder_begin(
        packet_encoder, &coder->latents, &layer_plan, clip->is_aligned ? &clip->motion : NULL,
        encoder->settings->header_in_packets && !coder->latents.is_inter ? encoder->stream : NULL,
        encoder->durations);
    if (encoder->overlaps)
        return ONEDVA_OK;
    name_reference(encoder, odva_clip_encoder_slot(encoder));
    return odva_packet_encoder_end(packet_encoder, &coder->latents);
}

int odva_clip_encoder_encode(struct odva_clip_encoder *encoder, double index, double *counted)
{
    int status = odva_trial_coder_quantise(&encoder->coder, index, counted);
    float *y = encoder->coder.linear; /* which moves where a finer quantiser keeps more */

    if (status == ONEDVA_OK && odva_clip_encoder_corrects(encoder)) {
        status = correct(encoder, index, counted);
        y = encoder->corrected;
    }
    if (status == ONEDVA_OK && decodes(encoder))
        status = odva_trial_coder_compensate(&encoder->coder, y, index, counted);
    return status < 0 ? status : write_packet(encoder, y);
}

/* Bytes that packets of later frames take beside the clip's. */
static size_t frame_packet_bytes(const struct odva_clip_encoder *encoder, int frames)
{
    return encoder->settings->clip_packets ? 0 : (size_t)(frames - 1) * ONEDVA_FRAME_PACKET_SIZE;
}

double odva_clip_encoder_frame_bits(const struct odva_clip_encoder *encoder)
{
    return 8.0 * (double)frame_packet_bytes(encoder, encoder->clip->frames);
}

double odva_clip_encoder_packet_bits(struct odva_clip_encoder *encoder)
{
    return 8.0 * (double)odva_clip_encoder_slot(encoder)->packet_encoder.packet.size +
           odva_clip_encoder_frame_bits(encoder);
}

double odva_clip_encoder_payload_bits(struct odva_clip_encoder *encoder)
{
    return 8.0 * (double)odva_clip_encoder_slot(encoder)->packet_encoder.payloads.size;
}

int odva_clip_encoder_count_motion(struct odva_clip_encoder *encoder, double *bits)
{
    const struct odva_aligned_clip *clip = encoder->clip;
    struct odva_byte_writer *motion = &odva_clip_encoder_slot(encoder)->packet_encoder.motion;

    odva_byte_writer_reset(motion);
    if (clip->is_aligned)
        odva_motion_write(motion, &clip->motion);
    *bits = 8.0 * (double)motion->size;
    return motion->failed ? ONEDVA_ERR_NOMEM : ONEDVA_OK;
}

/* What is known of a packet before its bytes. */
static void report(const struct odva_clip_encoder *encoder, struct odva_packet_slot *slot)
{
    const struct odva_latents *latents = encoder->latents;
    struct onedva_clip_stats *stats = &slot->packet.stats;

    slot->packet = (struct onedva_packet){
        .frames = encoder->clip->frames,
        .is_key = !latents->is_inter,
        .stats =
            {
                .qidx = latents->qidx,
                .tiles = latents->grid.tile_count,
                .motion = odva_aligned_clip_motion(encoder->clip),
                .motion_bytes = slot->packet_encoder.motion.size,
            },
    };
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        stats->tokens += tile->tokens;
        stats->coefficients += odva_coefficients_of(tile, tile->tokens);
    }
}

static void write_latents(void *opaque)
{
    struct odva_packet_slot *slot = opaque;

    slot->status = odva_packet_encoder_end(&slot->packet_encoder, &slot->latents);
}

/* Let another thread write the latents, while the next clip's go where others were before. */
static void start_writing(struct odva_clip_encoder *encoder, struct odva_packet_slot *slot)
{
    const struct odva_latents latents = slot->latents;

    slot->latents = encoder->coder.latents;
    encoder->coder.latents = latents;
    encoder->latents = &slot->latents;
    slot->job = (struct odva_thread_job){.fn = write_latents, .opaque = slot};
    odva_thread_pool_start(encoder->pool, &slot->job);
}

/* Decode the last frame as every decoder has it. */
static int make_reference(struct odva_clip_encoder *encoder)
{
    const struct odva_aligned_clip *clip = encoder->clip;
    const struct odva_trial_coder *coder = &encoder->coder;
    const int status = encoder->is_decoded ? ONEDVA_OK : decode(encoder, 0);

    return status < 0 ? status
                      : odva_canvas_copy(
                            &encoder->reference, &coder->pictures.const_picture[clip->frames - 1],
                            coder->pictures.width, coder->pictures.height, coder->pictures.depth);
}

int odva_clip_encoder_begin_packet(struct odva_clip_encoder *encoder)
{
    struct odva_packet_slot *slot = odva_clip_encoder_slot(encoder);
    const int predicts = odva_encoder_settings_predicts(encoder->settings);
    const int status = predicts ? make_reference(encoder) : ONEDVA_OK;

    encoder->has_reference = predicts && status == ONEDVA_OK;
    if (status < 0)
        return status;
    report(encoder, slot);
    slot->status = ONEDVA_OK;
    if (encoder->overlaps) {
        name_reference(encoder, slot);
        start_writing(encoder, slot);
    }
    encoder->begun++;
    return ONEDVA_OK;
}

struct odva_packet_slot *odva_clip_encoder_end_packet(struct odva_clip_encoder *encoder)
{
    struct odva_packet_slot *slot = &encoder->slot[encoder->first_slot];
    struct onedva_packet *packet = &slot->packet;

    odva_thread_pool_wait(encoder->pool, &slot->job);
    encoder->first_slot ^= 1;
    encoder->begun--;
    packet->data = slot->packet_encoder.packet.data;
    packet->size = slot->packet_encoder.packet.size;
    packet->stats.bytes = packet->size + frame_packet_bytes(encoder, packet->frames);
    return slot;
}
