/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A packet to motion and quantised latents: everything of decoding that comes before floating
 * point. */
#ifndef ODVA_CLIP_READER_H
#define ODVA_CLIP_READER_H

#include <stddef.h>
#include <stdint.h>

#include "latents.h"
#include "model.h"
#include "motion.h"
#include "onedva/onedva.h"
#include "packet.h"
#include "symbol_predictor.h"

struct odva_clip_reader {
    const struct onedva_model *model;
    struct odva_scan_cache *scans; /* borrowed */
    struct onedva_logger logger;
    int max_tokens;     /* of each tile; 0: all */
    int64_t max_pixels; /* 0: no limit */

    int has_stream;
    int refusal; /* why the stream header that came last was refused; 0: it was not */
    struct onedva_stream stream; /* the current one, where has_stream */
    struct odva_symbol_predictor predictor;
    struct odva_packet packet; /* the one begun; its payloads are the caller's memory */

    int frames; /* of the packet read last; 0: none, or it failed */
    uint64_t seed;
    int has_motion;
    struct odva_motion motion;   /* where has_motion */
    struct odva_latents latents; /* of its canvases where has_motion, otherwise of its pictures */
};

/** @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_clip_reader_init(struct odva_clip_reader *reader, const struct onedva_model *model,
                          struct odva_scan_cache *scans, int max_tokens, int64_t max_pixels,
                          const struct onedva_logger *logger);
void odva_clip_reader_free(struct odva_clip_reader *reader);

/** Arguments and result as onedva_decoder_set_stream_header. */
int odva_clip_reader_set_stream(struct odva_clip_reader *reader, const uint8_t *data, size_t size);

/**
 * Read a packet without its payloads: reader->motion and the size of reader->latents, whose q is
 * not initialised, are the clip's. @param packet points into data
 * @return as odva_clip_reader_read
 */
int odva_clip_reader_read_header(struct odva_clip_reader *reader, const uint8_t *data, size_t size,
                                 struct odva_packet *packet);

/**
 * Everything of reading a packet that can fail, and none of what takes time.
 * Arguments and result as onedva_decoder_read_packet; the caller keeps data until the finish.
 */
int odva_clip_reader_begin(struct odva_clip_reader *reader, const uint8_t *data, size_t size,
                           struct onedva_clip *clip);

/** Decode the latents of a packet that was begun. It may run on any thread. */
void odva_clip_reader_finish(struct odva_clip_reader *reader, struct onedva_clip *clip);

/** Both. Arguments and result as onedva_decoder_read_packet; fills in frames and what follows it.
 */
int odva_clip_reader_read(struct odva_clip_reader *reader, const uint8_t *data, size_t size,
                          struct onedva_clip *clip);

#endif
