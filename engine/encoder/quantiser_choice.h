/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The quantiser of a clip: by constant quality, bitrate, buffer, PSNR, or the pass before. */
#ifndef ODVA_QUANTISER_CHOICE_H
#define ODVA_QUANTISER_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#include "encoder/clip_encoder.h"
#include "onedva/onedva.h"
#include "rate/first_pass.h"
#include "rate/psnr_target.h"
#include "rate/rate_control.h"
#include "rate/rate_plan.h"

struct odva_quantiser_choice {
    const struct onedva_encoder_settings *settings; /* borrowed */
    const struct onedva_stream *stream;             /* borrowed */
    double index; /* of the quantiser (odva_rate_distortion_run): of the last clip, or the first */
    double counted; /* bits of the last clip's payloads, about */
    double share; /* of the bits that its latents took before they were corrected or compensated */
    struct odva_rate_control rate_control;
    struct odva_first_pass first_pass;
    struct odva_rate_plan plan; /* of a second pass */
    struct odva_psnr_target psnr_target;
};

/** Whether what follows waits for a packet's size. */
int odva_quantiser_choice_needs_packets(const struct onedva_encoder_settings *settings);

/**
 * @param settings, stream as long as the choice is open
 * @param index            of the first clip
 * @return ONEDVA_OK or an error of what the settings ask for: statistics, a decoder
 */
int odva_quantiser_choice_open(struct odva_quantiser_choice *choice, const onedva_model *model,
                               const struct onedva_encoder_settings *settings,
                               const struct onedva_stream *stream,
                               const struct odva_byte_writer *stream_header, double index);
void odva_quantiser_choice_close(struct odva_quantiser_choice *choice);

/**
 * Before a clip of some of n frames is analysed: look up what a first pass says of them.
 * @return ONEDVA_OK, or ONEDVA_ERR_ARGUMENT where they are not the frames that it saw
 */
int odva_quantiser_choice_begin(struct odva_quantiser_choice *choice,
                                const struct onedva_const_picture *frames, int n);

/**
 * Choose the quantiser of the clip that was analysed last, and encode it.
 * @param frames   that the clip stands for
 * @param duration of all of them in units of the stream's time base
 * @param ends_scene no clip will be predicted from it
 */
int odva_quantiser_choice_run(struct odva_quantiser_choice *choice,
                              struct odva_clip_encoder *encoder,
                              const struct onedva_const_picture *frames, uint64_t duration,
                              int ends_scene);

/** @return what a first pass tells of the clip encoded last, or NULL */
const char *odva_quantiser_choice_stats(const struct odva_quantiser_choice *choice);

/** As onedva_encoder_end_pass. */
int odva_quantiser_choice_end(struct odva_quantiser_choice *choice, const char **stats);

#endif
