/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A clip, analysed once and encoded at one quantiser after another, and the packets of two clips.
 */
#ifndef ODVA_CLIP_ENCODER_H
#define ODVA_CLIP_ENCODER_H

#include "base/thread_pool.h"
#include "bitstream/packet_encoder.h"
#include "encoder/motion_choice.h"
#include "encoder/trial_coder.h"
#include "network/query_encoder.h"
#include "onedva/onedva.h"

/** A packet whose bytes may be made beside the next clip's analysis. */
struct odva_packet_slot {
    struct odva_packet_encoder packet_encoder;
    struct odva_latents latents; /* of a packet that is so made */
    struct odva_thread_job job;
    int status; /* of the job */
    struct onedva_packet packet;
};

struct odva_clip_encoder {
    const struct onedva_model *model; /* these are borrowed */
    const struct onedva_encoder_settings *settings;
    const struct onedva_stream *stream;
    struct odva_backend *backend;
    struct odva_thread_pool *pool;
    struct odva_trial_coder coder;
    struct odva_query_encoder query_encoder; /* opened by the first clip that wants it */

    /* the clip analysed last */
    const struct odva_aligned_clip *clip;
    const uint32_t *durations;          /* that its packet has to carry, or NULL */
    const struct odva_latents *latents; /* quantised */
    float *corrected;                   /* linear latents, as the network corrects them */
    size_t corrected_capacity;
    int is_embedded; /* the query encoder has the clip */
    int is_decoded;  /* coder has decoded what was quantised last */

    /* the last frame of the clip before, as the next one may be predicted from it */
    struct odva_canvas reference;
    int has_reference;

    int overlaps; /* another thread writes latents while the next clip is analysed */
    struct odva_packet_slot slot[2];
    int first_slot, begun; /* packets that were begun and not ended */
};

/**
 * @param model, settings, stream, backend, pool as long as the clip encoder is open
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_clip_encoder_open(struct odva_clip_encoder *encoder, const struct onedva_model *model,
                           const struct onedva_encoder_settings *settings,
                           const struct onedva_stream *stream, struct odva_backend *backend,
                           struct odva_thread_pool *pool, int overlaps);
void odva_clip_encoder_close(struct odva_clip_encoder *encoder);

/** The packet that is begun next, or was begun last while its clip is encoded. */
static inline struct odva_packet_slot *odva_clip_encoder_slot(struct odva_clip_encoder *encoder)
{
    return &encoder->slot[(encoder->first_slot + encoder->begun) & 1];
}

/**
 * Analyse a clip.
 * @param clip      kept until the next one is analysed
 * @param durations of its frames, or NULL: all last the stream's frame_duration
 * @param index     at which it will be encoded, about
 */
int odva_clip_encoder_analyse(struct odva_clip_encoder *encoder,
                              const struct odva_aligned_clip *clip, const uint32_t *durations,
                              double index);

/** Whether a network corrects the linear latents. */
int odva_clip_encoder_corrects(const struct odva_clip_encoder *encoder);

/**
 * Quantise the clip at an index and write its packet, but for its latents where encoder->overlaps.
 * @param counted bits of its payloads
 */
int odva_clip_encoder_encode(struct odva_clip_encoder *encoder, double index, double *counted);

/** Bits of the packet encoded last, with those of its frames' packets. */
double odva_clip_encoder_packet_bits(struct odva_clip_encoder *encoder);
/** Those of its frames' packets alone. */
double odva_clip_encoder_frame_bits(const struct odva_clip_encoder *encoder);
/** Bits of its payloads. */
double odva_clip_encoder_payload_bits(struct odva_clip_encoder *encoder);
/** Count what the clip's motion takes of a packet. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_clip_encoder_count_motion(struct odva_clip_encoder *encoder, double *bits);

/** No other quantiser is wanted: fill in what is known of the packet, write what is left of it, and
 * decode what the next clip may be predicted from. @return ONEDVA_OK or an error */
int odva_clip_encoder_begin_packet(struct odva_clip_encoder *encoder);

/** Wait for the packet begun first. @return its slot */
struct odva_packet_slot *odva_clip_encoder_end_packet(struct odva_clip_encoder *encoder);

#endif
