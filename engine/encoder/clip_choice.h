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
    struct odva_backend *backend; /* borrowed */
    struct odva_motion_choice motion;
    struct odva_luma_pyramid pyramid[ONEDVA_MAX_CLIP_FRAMES];
    struct odva_reduced_frames reduced;
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
};

/**
 * Choose the clip that begins with the first of the given frames; with settings->adaptive_clips it
 * may hold fewer of them, and the others are to begin the frames of the next call.
 * @param qidx at which costs are measured
 */
int odva_clip_choose(struct odva_clip_choice *choice, struct odva_trial_coder *coder,
                     const struct onedva_encoder_settings *settings,
                     const struct onedva_const_picture *pictures, int n, int width, int height,
                     int qidx);

void odva_clip_choice_free(struct odva_clip_choice *choice);

#endif
