/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Whether and how a clip is aligned, by what each way costs on the linear path. */
#ifndef ODVA_MOTION_CHOICE_H
#define ODVA_MOTION_CHOICE_H

#include "base/byte_writer.h"
#include "bitstream/motion.h"
#include "encoder/trial_coder.h"
#include "motion/canvas_builder.h"
#include "motion/luma_pyramid.h"
#include "motion/motion_estimation.h"
#include "motion/prediction_canvas.h"
#include "onedva/onedva.h"

/** A clip as it will be coded. */
struct odva_aligned_clip {
    int frames;
    int is_aligned; /* 0: coded as it is; motion and builder are not used */
    const struct onedva_const_picture *pictures; /* to be coded: the caller's frames, or canvases */
    int width, height;                           /* of the pictures */
    /* of each of them, of their size; NULL: a key clip */
    const struct onedva_const_picture *prediction;
    double cost; /* squared error + ODVA_LAMBDA D^2 bits, INFINITY where it was not measured */
    double motion_cost; /* the part of it that the motion's bits take */
    int precision;      /* of the mesh: 0 is the usual one */
    struct odva_motion motion;
    struct odva_canvas_builder builder;
    struct odva_prediction_canvas prediction_canvas; /* where it is aligned and predicted */
    struct odva_canvas
        last; /* the last frame as decoded without a network, where cost was measured */
};

/** What the comparisons of clips of one length have shown. */
struct odva_motion_habit {
    enum onedva_motion winner; /* off or mesh */
    int wins;                  /* clear ones in a row, at most ODVA_MAX_WINS */
    int rest;                  /* clips until the next comparison */
};

#define ODVA_MAX_WINS 3

struct odva_motion_choice {
    struct odva_backend *backend; /* borrowed, as the next */
    struct odva_thread_pool *pool;
    int thorough;                      /* compare for every clip */
    int tries_precisions;              /* of the mesh, in every comparison */
    struct odva_motion_habit habit[3]; /* of clips of 4, 8 and 16 frames */
    struct odva_motion_estimation estimation;
    struct odva_aligned_clip trial;
    struct odva_byte_writer writer;
};

/** The frames of a clip. */
struct odva_frames {
    const struct onedva_const_picture *pictures;
    const struct odva_luma_pyramid *pyramids; /* pyramids[-1] where there is a prediction: of the
                                               * frame before */
    const struct onedva_const_picture *prediction; /* that frame as decoded; NULL: a key clip */
    int count, width, height;
};

/**
 * Choose how to code a clip.
 * @param mode    off, global or mesh: this if at all possible; auto: what costs least
 * @param precision of a mesh that mode asks for: 0, or that of a clip chosen before
 * @param qidx    at which costs are measured
 * @param measure set clip->cost whatever the mode is
 * @param clip    result; its memory is kept from call to call
 */
int odva_motion_choose(struct odva_motion_choice *choice, struct odva_trial_coder *coder,
                       const struct odva_frames *frames, enum onedva_motion mode, int precision,
                       int qidx, int measure, struct odva_aligned_clip *clip);

/**
 * Decide between off, global and mesh by what each costs, or by what has won before.
 * @param frames of the clip, or smaller ones that stand for them
 * @param clip   scratch memory
 */
int odva_motion_decide(struct odva_motion_choice *choice, struct odva_trial_coder *coder,
                       const struct odva_frames *frames, int qidx, struct odva_aligned_clip *clip,
                       enum onedva_motion *mode);

/** Off, global or mesh. */
enum onedva_motion odva_aligned_clip_motion(const struct odva_aligned_clip *clip);
void odva_aligned_clip_free(struct odva_aligned_clip *clip);
void odva_motion_choice_free(struct odva_motion_choice *choice);

#endif
