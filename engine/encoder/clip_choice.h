/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How many frames the next clip has, and how they are aligned. */
#ifndef ODVA_CLIP_CHOICE_H
#define ODVA_CLIP_CHOICE_H

#include "encoder/motion_choice.h"
#include "encoder/reduced_frames.h"
#include "motion/luma_pyramid.h"

/** Clips get no shorter by halving: 16, 8, 4 frames. */
#define ODVA_CLIP_DEPTHS 3

struct odva_clip_choice {
    struct odva_backend *backend; /* borrowed, as the next */
    struct odva_thread_pool *pool;
    struct odva_motion_choice motion;
    struct odva_luma_pyramid
        pyramid[1 + ONEDVA_MAX_CLIP_FRAMES]; /* first that of the frame before */
    struct odva_canvas before;               /* that frame */
    struct odva_reduced_frames reduced;
    struct odva_canvas
        between[ODVA_CLIP_DEPTHS]; /* what the second half of a plan is predicted from
                                    */
    struct odva_aligned_clip trial[ODVA_CLIP_DEPTHS]; /* the first one is the result */

    /* the clips that are to follow, planned when the first of them was chosen */
    struct {
        int frames;
        enum onedva_motion motion; /* off, global or mesh */
        int precision;             /* of the mesh */
    } plan[ONEDVA_MAX_CLIP_FRAMES];
    int planned;
    uint64_t plan_start; /* hash of the frame that the first of them begins with */

    /* what the plans before have taught */
    int plans;      /* made in this scene */
    int since_plan; /* frames of clips that were not planned */
    int length;     /* of the clip chosen last */
    int ends_scene; /* the last plan does */
    double rate;    /* bits of a frame of the last clip predicted as it is, or not; 0: not known */
    int was_inter;
};

/**
 * Choose the clip that begins with the first of the given frames; with settings->adaptive_clips it
 * may hold fewer of them, and the others are to begin the frames of the next call.
 * @param reference of the clip before, of width x height: the clip may be predicted from it; NULL:
 *                  it is to be a key clip
 * @param qidx at which costs are measured
 */
int odva_clip_choose(struct odva_clip_choice *choice, struct odva_trial_coder *coder,
                     const struct onedva_encoder_settings *settings,
                     const struct onedva_const_picture *pictures, int n, int width, int height,
                     const struct onedva_const_picture *reference, int qidx);

/** @return whether a scene ends with the clip chosen last, as far as is known */
int odva_clip_choice_ends_scene(const struct odva_clip_choice *choice);

/** Note what the clip chosen last took: habits are forgotten where it is much more than before. */
void odva_clip_choice_note_bits(struct odva_clip_choice *choice, double bits);

/** Note the last frame of the clip chosen last: the next one may be predicted from it.
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_clip_choice_end_clip(struct odva_clip_choice *choice,
                              const struct onedva_const_picture *frame, int width, int height);

void odva_clip_choice_free(struct odva_clip_choice *choice);

#endif
