/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Packets of random latents. */
#ifndef ODVA_RANDOM_CODER_H
#define ODVA_RANDOM_CODER_H

#include <string.h>

#include "bitstream/packet_decoder.h"
#include "bitstream/packet_encoder.h"
#include "tests/support/random_latents.h"
#include "tests/support/random_model.h"
#include "tests/support/random_motion.h"

/* A encoder and a decoder of packets of some layers, with one model. */
struct coder {
    struct onedva_model *model;
    struct odva_scan_cache scans;
    struct odva_latents latents;
    int layers; /* wanted */
    struct odva_layer_plan layer_plan;
    struct odva_packet_encoder encoder;
    struct odva_packet_decoder decoder;
    struct onedva_stream stream;
};

static inline void coder_open(struct coder *coder, uint64_t seed, int basis, int layers,
                              int max_tokens)
{
    const struct onedva_logger silent = {0};

    memset(coder, 0, sizeof(*coder));
    coder->model = random_model_new(seed, basis);
    coder->scans.model = coder->model;
    coder->layers = layers;
    assert_int_equal(odva_packet_encoder_init(&coder->encoder, coder->model), ONEDVA_OK);
    assert_int_equal(odva_packet_decoder_init(&coder->decoder, coder->model, &coder->scans,
                                              max_tokens, 0, ONEDVA_MAX_DEPTH, &silent),
                     ONEDVA_OK);
    coder->stream = (struct onedva_stream){.timebase_num = 1,
                                           .timebase_den = 25,
                                           .frame_duration = 1,
                                           .sar_den = 1,
                                           .model_id = coder->model->id};
}

static inline void coder_close(struct coder *coder)
{
    odva_latents_free(&coder->latents);
    odva_packet_encoder_free(&coder->encoder);
    odva_packet_decoder_free(&coder->decoder);
    odva_scan_cache_free(&coder->scans);
    random_model_free(coder->model);
}

/* Write a packet of random latents of a size, with its stream header. */
static inline void coder_encode(struct coder *coder, struct random *random, int frames, int width,
                                int height)
{
    coder->stream.width = (uint32_t)width;
    coder->stream.height = (uint32_t)height;
    random_latents(random, &coder->latents, &coder->scans, frames, width, height,
                   &coder->layer_plan, coder->layers);
    assert_int_equal(odva_packet_encoder_write(&coder->encoder, &coder->latents, &coder->layer_plan,
                                               NULL, &coder->stream, NULL),
                     ONEDVA_OK);
}

/* The same for a random motion of pictures of motion->width x height. */
static inline void coder_encode_motion(struct coder *coder, struct random *random,
                                       struct odva_motion *motion)
{
    const int points = random_below(random, 3), spacing = random_below(random, 5);

    random_motion(random, motion, 2 + random_below(random, 15), points == 2 ? 4 : points,
                  spacing ? 8 << spacing : 0, ODVA_MAX_COEFFICIENT);
    coder->stream.width = (uint32_t)motion->width;
    coder->stream.height = (uint32_t)motion->height;
    random_latents(random, &coder->latents, &coder->scans, motion->frames,
                   odva_motion_canvas_width(motion), odva_motion_canvas_height(motion),
                   &coder->layer_plan, coder->layers);
    assert_int_equal(odva_packet_encoder_write(&coder->encoder, &coder->latents, &coder->layer_plan,
                                               motion, &coder->stream, NULL),
                     ONEDVA_OK);
}

#endif
