/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A clip through the linear path and the quantiser, and what that costs in bits and in pixels. */
#ifndef ODVA_TRIAL_CODER_H
#define ODVA_TRIAL_CODER_H

#include <stddef.h>

#include "bitstream/latents.h"
#include "encoder/compensation.h"
#include "encoder/detail_choice.h"
#include "encoder/smoothing_choice.h"
#include "motion/canvas.h"
#include "motion/motion_warp.h"
#include "network/sampler.h"
#include "rate/partition_choice.h"
#include "rate/rate_distortion.h"
#include "transform/deblocking.h"
#include "transform/linear_path.h"

struct odva_trial_coder {
    const struct onedva_model *model;
    struct odva_backend *backend; /* borrowed, as the next */
    struct odva_thread_pool *pool;
    struct odva_scan_cache *scans; /* the model's */
    struct odva_linear_path path;
    struct odva_rate_distortion rate_distortion;
    struct odva_partition_choice partition; /* of the clip analysed last */
    struct odva_latents latents;            /* of the clip quantised last */
    float *linear;                          /* latents of the clip quantised last, before that */
    size_t linear_capacity;

    /* of the clip analysed last */
    const struct onedva_const_picture *clip; /* borrowed */
    struct odva_clip_size size;
    const struct onedva_const_picture *prediction; /* borrowed; NULL: a key clip */
    double least_index;                            /* of those that its detail was chosen for */
    struct odva_detail_choice detail;
    int asked_detail; /* -1: what the choice finds */

    /* of the clip reconstructed last */
    struct odva_canvas canvas, pictures;
    struct odva_deblocking deblocking;
    struct odva_smoothing_choice smoothing;
    struct odva_motion_warp warp;
    struct odva_compensation compensation; /* of the clip compensated last */
    struct odva_sampler sampler;
    int refines; /* compensation looks at what one step of the network gives */
};

/** @param settings tokens, preset, aq. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_trial_coder_open(struct odva_trial_coder *coder, const struct onedva_model *model,
                          struct odva_backend *backend, struct odva_thread_pool *pool,
                          const struct onedva_encoder_settings *settings);
void odva_trial_coder_close(struct odva_trial_coder *coder);

/**
 * Analyse pictures.
 * @param pictures must stay while the clip is quantised
 * @param prediction of each of them, which must stay as well; NULL: there is none
 * @param index    of the quantiser, about: a finer one may make another analysis of it
 * @return ONEDVA_OK or an error
 */
int odva_trial_coder_analyse(struct odva_trial_coder *coder,
                             const struct onedva_const_picture *pictures,
                             struct odva_clip_size size,
                             const struct onedva_const_picture *prediction, double index);

/** Choose the partition of the clip analysed last; set coder->linear to its latents, and
 * coder->latents to them quantised. @param bits of the payload */
int odva_trial_coder_quantise(struct odva_trial_coder *coder, double index, double *bits);

/** Set coder->latents to y quantised with the partition that they have (odva_rate_distortion_run).
 * @param bits of the payload */
int odva_trial_coder_requantise(struct odva_trial_coder *coder, const float *y, double index,
                                double *bits);

/**
 * Decode coder->latents, and quantise the clip anew with the partition that they have, with what
 * deblocking and smoothing took from its pictures added to them. With coder->refines one step of
 * the network comes before these, and what it added is taken away.
 * @param y    latents that were quantised, to which is added what that changes
 * @param bits of the payload
 */
int odva_trial_coder_compensate(struct odva_trial_coder *coder, float *y, double index,
                                double *bits);

/**
 * Decode coder->latents without a network, to coder->pictures.
 * @param motion            that the clip analysed last was aligned by, or NULL
 * @param chooses_smoothing set coder->latents.smoothing to the best one, with which later clips are
 *                          tried, too; otherwise it is that of the clip before
 */
int odva_trial_coder_reconstruct(struct odva_trial_coder *coder, const struct odva_motion *motion,
                                 int chooses_smoothing);

/**
 * Decode coder->latents without a network and compare.
 * @param motion  that the clip analysed last was aligned by, or NULL
 * @param frames  what the decoded clip stands for
 * @param squared sum of squared differences over all planes, in the model's domain
 */
int odva_trial_coder_compare(struct odva_trial_coder *coder, const struct odva_motion *motion,
                             const struct onedva_const_picture *frames, double *squared);

#endif
