/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A packet to motion and quantised latents: everything of decoding that comes before floating
 * point. */
#ifndef ODVA_PACKET_DECODER_H
#define ODVA_PACKET_DECODER_H

#include <stddef.h>
#include <stdint.h>

#include "bitstream/latents.h"
#include "bitstream/motion.h"
#include "bitstream/packet.h"
#include "bitstream/symbol_predictor.h"
#include "model/model.h"
#include "onedva/onedva.h"

struct odva_packet_decoder {
    const struct onedva_model *model;
    struct odva_scan_cache *scans; /* borrowed */
    struct onedva_logger logger;
    int max_tokens;     /* of the largest tiles (odva_token_limit); 0: all */
    int64_t max_pixels; /* 0: no limit */
    int max_depth;      /* bits of a sample */

    int has_stream;
    int refusal; /* why the stream header that came last was refused; 0: it was not */
    struct onedva_stream stream; /* the current one, where has_stream */
    struct odva_symbol_predictor predictor;
    struct odva_packet packet; /* the one begun; its payloads are the caller's memory */

    int frames; /* of the packet read last; 0: none, or it failed */
    uint64_t seed;
    int is_inter;
    int has_motion;
    struct odva_motion motion;   /* where has_motion */
    struct odva_latents latents; /* of its canvases where has_motion, otherwise of its pictures */
    int has_first;               /* the first layer alone holds others */
    struct odva_latents first;   /* where has_first: what it holds of each tile */
};

/** @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_packet_decoder_init(struct odva_packet_decoder *decoder, const struct onedva_model *model,
                             struct odva_scan_cache *scans, int max_tokens, int64_t max_pixels,
                             int max_depth, const struct onedva_logger *logger);
void odva_packet_decoder_free(struct odva_packet_decoder *decoder);

/** Arguments and result as onedva_decoder_set_stream_header. */
int odva_packet_decoder_set_stream(struct odva_packet_decoder *decoder, const uint8_t *data,
                                   size_t size);

/**
 * Read a packet without its payloads: decoder->motion and the size of decoder->latents, whose q is
 * not initialised, are the clip's. @param packet points into data
 * @return as odva_packet_decoder_read
 */
int odva_packet_decoder_read_header(struct odva_packet_decoder *decoder, const uint8_t *data,
                                    size_t size, struct odva_packet *packet);

/**
 * Everything of reading a packet that can fail, and none of what takes time.
 * Arguments and result as onedva_decoder_read_packet; the caller keeps data until the finish.
 */
int odva_packet_decoder_begin(struct odva_packet_decoder *decoder, const uint8_t *data, size_t size,
                              struct onedva_clip *clip);

/** Decode the latents of a packet that was begun. It may run on any thread. */
void odva_packet_decoder_finish(struct odva_packet_decoder *decoder, struct onedva_clip *clip);

/** What the first layer of the packet read last holds, all of its tokens. */
static inline const struct odva_latents *
odva_packet_decoder_first(const struct odva_packet_decoder *decoder)
{
    return decoder->has_first ? &decoder->first : &decoder->latents;
}

/** Both. Arguments and result as onedva_decoder_read_packet; fills in frames and what follows it.
 */
int odva_packet_decoder_read(struct odva_packet_decoder *decoder, const uint8_t *data, size_t size,
                             struct onedva_clip *clip);

#endif
