/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the first of two passes tells the second one: bits of every clip at several quantisers.
 *
 * Lines of text, numbers in decimal but for model, hash and checksum; DURATION is in units of the
 * time base, BITS are ODVA_FIRST_PASS_POINTS numbers, CHECKSUM is of all lines before:
 *     onedva-pass 1 WIDTH HEIGHT MODEL
 *     clip FRAMES DURATION HASH BITS
 *     end FRAMES CHECKSUM
 */
#ifndef ODVA_FIRST_PASS_STATS_H
#define ODVA_FIRST_PASS_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "base/byte_writer.h"
#include "onedva/onedva.h"

/** Quantiser indices that bits are counted at: from the first one on, this far apart. */
#define ODVA_FIRST_PASS_POINTS   13
#define ODVA_FIRST_PASS_FINEST   (-40)
#define ODVA_FIRST_PASS_DISTANCE 8
#define ODVA_FIRST_PASS_COARSEST                                                                   \
    (ODVA_FIRST_PASS_FINEST + (ODVA_FIRST_PASS_POINTS - 1) * ODVA_FIRST_PASS_DISTANCE)

/** A clip of the first pass. */
struct odva_first_pass_clip {
    int frames;
    uint64_t duration;                   /* in units of the stream's time base */
    uint64_t hash;                       /* odva_first_pass_hash of its first frame */
    double bits[ODVA_FIRST_PASS_POINTS]; /* of its packet */
};

/** All of them. */
struct odva_first_pass_stats {
    struct odva_first_pass_clip *clips;
    size_t capacity;
    int count;
    int64_t frames;
    uint64_t duration;
};

/** The first pass' side: text that grows by a line for each clip. */
struct odva_first_pass_writer {
    struct odva_byte_writer text; /* lines since odva_first_pass_writer_reset, ending in a 0 byte */
    uint64_t checksum;            /* of all lines */
    int64_t frames;
};

/** What tells one video's frames from another's. */
uint64_t odva_first_pass_hash(const struct onedva_const_picture *picture,
                              const struct onedva_stream *stream);

void odva_first_pass_writer_free(struct odva_first_pass_writer *writer);
/** Forget the lines that the caller has taken. */
void odva_first_pass_writer_reset(struct odva_first_pass_writer *writer);
/** Append the first line. */
void odva_first_pass_write_header(struct odva_first_pass_writer *writer,
                                  const struct onedva_stream *stream);
void odva_first_pass_write_clip(struct odva_first_pass_writer *writer,
                                const struct odva_first_pass_clip *clip);
/** Append the last line. */
void odva_first_pass_write_end(struct odva_first_pass_writer *writer);

/**
 * Read all lines that a first pass has written.
 * @param stream of the second pass, with its model's id
 * @param logger is told what is wrong, in one line
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM, or ONEDVA_ERR_ARGUMENT: not the statistics of a whole first
 * pass of such a stream
 */
int odva_first_pass_stats_read(struct odva_first_pass_stats *stats, const char *text,
                               const struct onedva_stream *stream,
                               const struct onedva_logger *logger);
void odva_first_pass_stats_free(struct odva_first_pass_stats *stats);

/** Bits of a clip's packet at a quantiser index, between the points interpolated in logarithms. */
double odva_first_pass_bits(const struct odva_first_pass_clip *clip, double index);

#endif
