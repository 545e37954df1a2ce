/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "clip_writer.h"

#include <stdlib.h>
#include <string.h>

#include "latent_coder.h"
#include "motion_coder.h"

int odva_clip_writer_init(struct odva_clip_writer *writer, const struct onedva_model *model)
{
    *writer = (struct odva_clip_writer){.model = model};
    return odva_symbol_predictor_init(&writer->predictor, model->config.basis);
}

void odva_clip_writer_free(struct odva_clip_writer *writer)
{
    odva_byte_writer_free(&writer->packet);
    odva_byte_writer_free(&writer->motion);
    odva_byte_writer_free(&writer->payloads);
    odva_symbol_predictor_free(&writer->predictor);
    *writer = (struct odva_clip_writer){0};
}

/* Code all layers one after the other and note where they lie. */
static void write_payloads(struct odva_clip_writer *writer, struct odva_latents *latents,
                           struct odva_packet *packet)
{
    struct odva_byte_writer *payloads = &writer->payloads;
    const int qidx = latents->qidx;
    size_t start = 0;

    odva_byte_writer_reset(payloads);
    for (int i = 0; i < packet->layers; i++) {
        const struct odva_layer_range range = writer->layering.layer[i];
        latents->shift = writer->layering.passes - 1 - writer->layering.pass[i];
        latents->qidx = qidx + latents->shift * ODVA_QIDX_OF_HALVING;
        odva_encode_layer(latents, &writer->model->tables, range, payloads, &writer->predictor);
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

static void write_motion(struct odva_clip_writer *writer, const struct odva_motion *motion,
                         struct odva_packet *packet)
{
    odva_byte_writer_reset(&writer->motion);
    if (!motion)
        return;
    odva_motion_write(&writer->motion, motion);
    packet->has_motion = 1;
    packet->motion = writer->motion.data;
    packet->motion_size = writer->motion.size;
}

void odva_clip_writer_begin(struct odva_clip_writer *writer, const struct odva_latents *latents,
                            const struct odva_layering *layering, const struct odva_motion *motion,
                            const struct onedva_stream *stream, const uint32_t *durations)
{
    struct odva_packet *packet = &writer->fields;

    *packet = (struct odva_packet){
        .frames = latents->grid.frames,
        .qidx = latents->qidx,
        .dropped_passes = latents->nested,
        .model_tag = (uint16_t)writer->model->id,
        .has_stream = stream != NULL,
        .has_durations = durations != NULL,
        .layers = layering->count,
    };
    writer->layering = *layering;
    if (stream)
        packet->stream = *stream;
    if (durations)
        memcpy(packet->durations, durations, packet->frames * sizeof(*durations));
    write_motion(writer, motion, packet);
}

int odva_clip_writer_end(struct odva_clip_writer *writer, struct odva_latents *latents)
{
    write_payloads(writer, latents, &writer->fields);
    odva_byte_writer_reset(&writer->packet);
    odva_packet_write(&writer->packet, &writer->fields);
    return writer->motion.failed || writer->payloads.failed || writer->packet.failed
               ? ONEDVA_ERR_NOMEM
               : ONEDVA_OK;
}

int odva_clip_writer_write(struct odva_clip_writer *writer, struct odva_latents *latents,
                           const struct odva_layering *layering, const struct odva_motion *motion,
                           const struct onedva_stream *stream, const uint32_t *durations)
{
    odva_clip_writer_begin(writer, latents, layering, motion, stream, durations);
    return odva_clip_writer_end(writer, latents);
}
