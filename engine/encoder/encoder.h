/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What an encoder holds. */
#ifndef ODVA_ENCODER_H
#define ODVA_ENCODER_H

#include "base/thread_pool.h"
#include "bitstream/packet_encoder.h"
#include "encoder/clip_choice.h"
#include "encoder/trial_coder.h"
#include "onedva/onedva.h"
#include "rate/first_pass.h"
#include "rate/psnr_target.h"
#include "rate/rate_control.h"
#include "rate/rate_plan.h"

/* crf 0 and qp 0 are this quantiser index. */
#define ODVA_QIDX_OF_CRF_0 (-40)

/* A packet whose bytes may be made beside the next clip's analysis. */
struct odva_packet_slot {
    struct odva_packet_encoder packet_encoder;
    struct odva_latents latents; /* of a packet that is so made */
    struct odva_thread_job job;
    int status; /* of the job */
    struct onedva_packet packet;
};

struct onedva_encoder {
    const struct onedva_model *model;
    struct onedva_encoder_settings settings;
    struct onedva_stream stream;
    struct odva_byte_writer stream_header;
    struct odva_backend *backend;
    struct odva_trial_coder coder;
    struct odva_clip_choice clip_choice;
    struct odva_rate_control rate_control;
    struct odva_first_pass first_pass;
    struct odva_rate_plan plan; /* of a second pass */
    struct odva_psnr_target psnr_target;
    struct odva_packet_slot slot[2];
    int first_slot, begun;              /* packets that were begun and not ended */
    const struct odva_latents *latents; /* of the last clip */
    double index; /* of the quantiser (odva_rate_distortion_run): of the last clip, or the first */
    int frames;   /* of the last clip, 0: none */
    float *refined; /* what odva_analysis_refine gave */
    size_t refined_capacity;
    struct onedva_tile *tiles; /* what onedva_encoder_get_tiles gave */
    size_t tile_capacity;
};

/** The clip that was chosen last. */
static inline const struct odva_aligned_clip *
odva_encoder_clip(const struct onedva_encoder *encoder)
{
    return encoder->clip_choice.trial;
}

/** Where the packet goes that is begun next, or was begun last while its clip is encoded. */
static inline struct odva_packet_slot *odva_encoder_slot(struct onedva_encoder *encoder)
{
    return &encoder->slot[(encoder->first_slot + encoder->begun) & 1];
}

/** Whether nothing that follows waits for a packet's size, and another thread can make it. */
int odva_encoder_overlaps(const struct onedva_encoder *encoder);

#endif
