/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Quantised latents to a packet. */
#ifndef ODVA_PACKET_ENCODER_H
#define ODVA_PACKET_ENCODER_H

#include "base/byte_writer.h"
#include "bitstream/latents.h"
#include "bitstream/layer_plan.h"
#include "bitstream/motion.h"
#include "bitstream/packet.h"
#include "bitstream/symbol_predictor.h"
#include "model/model.h"
#include "onedva/onedva.h"

struct odva_packet_encoder {
    const struct onedva_model *model;
    enum onedva_packet_kind kind;      /* of its packets: of clips, whole by default */
    struct odva_layer_plan layer_plan; /* of the packet written last */
    uint16_t reference;                /* of the next packet, if it is of an inter clip */
    struct odva_byte_writer packet;    /* the last one written */
    struct odva_byte_writer motion;    /* of the packet written last; empty where it has none */
    struct odva_byte_writer payloads;
    struct odva_packet fields; /* of the packet begun last */
    struct odva_symbol_predictor predictor;
};

/** @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_packet_encoder_init(struct odva_packet_encoder *encoder, const struct onedva_model *model);
void odva_packet_encoder_free(struct odva_packet_encoder *encoder);

/**
 * Begin a packet with all but its latents.
 * @param latents   qidx, nested and frames
 * @param layer_plan, motion, stream, durations as for odva_packet_encoder_write; none is kept
 */
void odva_packet_encoder_begin(struct odva_packet_encoder *encoder,
                               const struct odva_latents *latents,
                               const struct odva_layer_plan *layer_plan,
                               const struct odva_motion *motion, const struct onedva_stream *stream,
                               const uint32_t *durations);

/** What an inter clip behind it calls the packet written last. */
uint16_t odva_packet_encoder_id(const struct odva_packet_encoder *encoder);

/** Write encoder->packet with its latents. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_packet_encoder_end(struct odva_packet_encoder *encoder, struct odva_latents *latents);

/**
 * Begin and end a packet.
 * @param latents   q, qidx and the tiles' tokens and lengths of the layers
 * @param layer_plan  with its ends
 * @param motion    whose canvases the latents are of, or NULL: they are of the pictures
 * @param stream    header to repeat in the packet, or NULL
 * @param durations one for each frame, or NULL: all last the stream's frame_duration
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_packet_encoder_write(struct odva_packet_encoder *encoder, struct odva_latents *latents,
                              const struct odva_layer_plan *layer_plan,
                              const struct odva_motion *motion, const struct onedva_stream *stream,
                              const uint32_t *durations);

#endif
