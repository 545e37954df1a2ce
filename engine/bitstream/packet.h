/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What a packet holds, apart from the meaning of its payloads (doc/bitstream.md, section 3). */
#ifndef ODVA_PACKET_H
#define ODVA_PACKET_H

#include "base/byte_writer.h"
#include "bitstream/latents.h"
#include "onedva/onedva.h"

/* token_end and the threshold are one number. */
#define ODVA_TOKEN_END_BITS 14

/* The low bits of a model's id, a clip's smoothing and its detail are one number. */
#define ODVA_MODEL_TAG_BITS 11
#define ODVA_SMOOTHING_BITS 3
#define ODVA_MODEL_TAG_MASK ((1u << ODVA_MODEL_TAG_BITS) - 1)
#define ODVA_MAX_THRESHOLD  31

struct odva_layer {
    int refinement, sweep; /* set by the parser */
    uint32_t token_end;
    int threshold;
    const uint8_t *payload;
    size_t size;
};

struct odva_packet {
    enum onedva_packet_kind kind; /* ONEDVA_PACKET_WHOLE_CLIP or ONEDVA_PACKET_CLIP */
    int is_inter;                 /* predicted from the clip before */
    uint16_t reference;           /* where is_inter: that clip's odva_packet_id() */
    int frames;                   /* 0 until the header is known to be whole */
    int qidx;                     /* of the last refinement */
    int dropped_refinements;      /* finer refinements that were cut off, 0..ODVA_MAX_REFINEMENTS -
                                     refinements */
    uint16_t model_tag;           /* 11 bits */
    int smoothing, detail;
    int has_stream;
    struct onedva_stream stream; /* where has_stream */
    int has_durations;
    uint32_t durations[ONEDVA_MAX_CLIP_FRAMES]; /* where has_durations */
    int has_motion;
    const uint8_t *motion; /* where has_motion */
    size_t motion_size;
    int refinements;    /* announced, 1..ODVA_MAX_REFINEMENTS; set by the parser */
    int layers;         /* announced */
    int whole_layers;   /* present with the right crc; set by the parser */
    size_t header_size; /* with every number in as few bytes as it needs; set by the parser */
    size_t durations_at, durations_size; /* bytes that they take, likewise */
    size_t crc_at;                       /* header_crc, likewise */
    uint16_t first_crc;                  /* checksum of the first layer's payload, likewise */
    struct odva_layer layer[ONEDVA_MAX_LAYERS];
};

/** Append a packet. All fields but those that the parser sets are read. */
void odva_packet_write(struct odva_byte_writer *writer, const struct odva_packet *packet);

/** The same with the payloads' checksums. @param crc packet->layers */
void odva_packet_write_checked(struct odva_byte_writer *writer, const struct odva_packet *packet,
                               const uint16_t *crc);

/**
 * Parse a packet; its motion and layers point into data.
 * A header that is damaged or cut gives an error and packet->frames = 0. One that is whole gives
 * ONEDVA_OK with whole_layers = 0 .. layers. token_end has no upper bound here: it needs the model.
 * @return ONEDVA_OK, ONEDVA_ERR_DATA, ONEDVA_ERR_VERSION, or ONEDVA_ERR_UNSUPPORTED for a reserved
 *         sample format
 */
int odva_packet_parse(struct odva_packet *packet, const uint8_t *data, size_t size);

/**
 * As odva_packet_parse, but payloads may be damaged: whole_layers are those that are not cut short.
 * @param crc checksums of the payloads, ONEDVA_MAX_LAYERS
 */
int odva_packet_parse_header(struct odva_packet *packet, const uint8_t *data, size_t size,
                             uint16_t *crc);

/** What the inter clip behind a clip calls it. @param first_crc of its first layer */
uint16_t odva_packet_id(const struct odva_packet *packet, uint16_t first_crc);

/** What a layer's token_end and threshold are in the header. */
static inline uint32_t odva_layer_extent(const struct odva_layer *layer)
{
    return layer->token_end | (uint32_t)layer->threshold << ODVA_TOKEN_END_BITS;
}

/** Quantiser index of a refinement. @param refinement 0..packet->refinements-1 */
static inline int odva_packet_qidx(const struct odva_packet *packet, int refinement)
{
    return packet->qidx + (packet->refinements - 1 - refinement) * ODVA_QIDX_OF_HALVING;
}

#endif
