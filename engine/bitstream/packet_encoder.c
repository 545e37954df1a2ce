/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/packet_encoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "bitstream/crc16.h"
#include "bitstream/latent_coder.h"
#include "bitstream/motion_coder.h"

int odva_packet_encoder_init(struct odva_packet_encoder *encoder, const struct onedva_model *model)
{
    *encoder = (struct odva_packet_encoder){.model = model};
    return odva_symbol_predictor_init(&encoder->predictor, model->config.basis);
}

void odva_packet_encoder_free(struct odva_packet_encoder *encoder)
{
    odva_byte_writer_free(&encoder->packet);
    odva_byte_writer_free(&encoder->motion);
    odva_byte_writer_free(&encoder->payloads);
    odva_symbol_predictor_free(&encoder->predictor);
    *encoder = (struct odva_packet_encoder){0};
}

/* Code all layers one after the other and note where they lie. */
static void write_payloads(struct odva_packet_encoder *encoder, struct odva_latents *latents,
                           struct odva_packet *packet)
{
    struct odva_byte_writer *payloads = &encoder->payloads;
    const int qidx = latents->qidx;
    size_t start = 0;

    odva_byte_writer_reset(payloads);
    for (int i = 0; i < packet->layers; i++) {
        const struct odva_layer_range range = encoder->layer_plan.layer[i];
        latents->shift = encoder->layer_plan.refinements - 1 - encoder->layer_plan.refinement[i];
        latents->qidx = qidx + latents->shift * ODVA_QIDX_OF_HALVING;
        odva_encode_layer(latents, &encoder->model->tables, range, payloads, &encoder->predictor);
        packet->layer[i].token_end = (uint32_t)range.end;
        packet->layer[i].threshold = range.threshold;
        packet->layer[i].size = payloads->size - start;
        start = payloads->size;
    }
    latents->qidx = qidx;
    start = 0;
    for (int i = 0; i < packet->layers; i++) {
        packet->layer[i].payload = payloads->data ? payloads->data + start : (const uint8_t *)"";
        start += packet->layer[i].size;
    }
}

static void write_motion(struct odva_packet_encoder *encoder, const struct odva_motion *motion,
                         struct odva_packet *packet)
{
    odva_byte_writer_reset(&encoder->motion);
    if (!motion)
        return;
    odva_motion_write(&encoder->motion, motion);
    packet->has_motion = 1;
    packet->motion = encoder->motion.data;
    packet->motion_size = encoder->motion.size;
}

void odva_packet_encoder_begin(struct odva_packet_encoder *encoder,
                               const struct odva_latents *latents,
                               const struct odva_layer_plan *layer_plan,
                               const struct odva_motion *motion, const struct onedva_stream *stream,
                               const uint32_t *durations)
{
    struct odva_packet *packet = &encoder->fields;

    ODVA_ASSERT(layer_plan->count >= 1 && layer_plan->count <= ONEDVA_MAX_LAYERS);
    ODVA_ASSERT(latents->grid.frames >= 1 && latents->grid.frames <= ONEDVA_MAX_CLIP_FRAMES);
    *packet = (struct odva_packet){
        .kind = encoder->kind,
        .is_inter = latents->is_inter,
        .frames = latents->grid.frames,
        .qidx = latents->qidx,
        .dropped_refinements = latents->nested,
        .model_tag = encoder->model->id & ODVA_MODEL_TAG_MASK,
        .smoothing = latents->smoothing,
        .detail = latents->detail,
        .has_stream = stream != NULL,
        .has_durations = durations != NULL,
        .layers = layer_plan->count,
    };
    encoder->layer_plan = *layer_plan;
    if (stream)
        packet->stream = *stream;
    if (durations)
        memcpy(packet->durations, durations, packet->frames * sizeof(*durations));
    write_motion(encoder, motion, packet);
}

int odva_packet_encoder_end(struct odva_packet_encoder *encoder, struct odva_latents *latents)
{
    ODVA_ASSERT(latents->layers == encoder->layer_plan.count);
    encoder->fields.reference = encoder->reference;
    write_payloads(encoder, latents, &encoder->fields);
    odva_byte_writer_reset(&encoder->packet);
    odva_packet_write(&encoder->packet, &encoder->fields);
    return encoder->motion.failed || encoder->payloads.failed || encoder->packet.failed
               ? ONEDVA_ERR_NOMEM
               : ONEDVA_OK;
}

uint16_t odva_packet_encoder_id(const struct odva_packet_encoder *encoder)
{
    const struct odva_layer *first = &encoder->fields.layer[0];

    return odva_packet_id(&encoder->fields, odva_crc16(first->payload, first->size));
}

int odva_packet_encoder_write(struct odva_packet_encoder *encoder, struct odva_latents *latents,
                              const struct odva_layer_plan *layer_plan,
                              const struct odva_motion *motion, const struct onedva_stream *stream,
                              const uint32_t *durations)
{
    odva_packet_encoder_begin(encoder, latents, layer_plan, motion, stream, durations);
    return odva_packet_encoder_end(encoder, latents);
}
