/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Quantised latents to a packet. */
#ifndef ODVA_CLIP_WRITER_H
#define ODVA_CLIP_WRITER_H

#include "byte_writer.h"
#include "latents.h"
#include "layering.h"
#include "model.h"
#include "motion.h"
#include "onedva/onedva.h"
#include "packet.h"
#include "symbol_predictor.h"

struct odva_clip_writer {
    const struct onedva_model *model;
    int layers;                     /* wanted in each packet */
    struct odva_layering layering;  /* of the packet written last */
    struct odva_byte_writer packet; /* the last one written */
    struct odva_byte_writer motion; /* of the packet written last; empty where it has none */
    struct odva_byte_writer payloads;
    struct odva_packet fields; /* of the packet begun last */
    struct odva_symbol_predictor predictor;
};

/** @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_clip_writer_init(struct odva_clip_writer *writer, const struct onedva_model *model);
void odva_clip_writer_free(struct odva_clip_writer *writer);

/**
 * Begin a packet with all but its latents.
 * @param latents   qidx, nested and frames
 * @param layering, motion, stream, durations as for odva_clip_writer_write; none is kept
 */
void odva_clip_writer_begin(struct odva_clip_writer *writer, const struct odva_latents *latents,
                            const struct odva_layering *layering, const struct odva_motion *motion,
                            const struct onedva_stream *stream, const uint32_t *durations);

/** Write writer->packet with its latents. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_clip_writer_end(struct odva_clip_writer *writer, struct odva_latents *latents);

/**
 * Begin and end a packet.
 * @param latents   q, qidx and the tiles' tokens and lengths of the layers
 * @param layering  with its ends
 * @param motion    whose canvases the latents are of, or NULL: they are of the pictures
 * @param stream    header to repeat in the packet, or NULL
 * @param durations one for each frame, or NULL: all last the stream's frame_duration
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_clip_writer_write(struct odva_clip_writer *writer, struct odva_latents *latents,
                           const struct odva_layering *layering, const struct odva_motion *motion,
                           const struct onedva_stream *stream, const uint32_t *durations);

#endif
