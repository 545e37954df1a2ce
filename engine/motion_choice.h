/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Whether and how a clip is aligned, by what each way costs on the linear path. */
#ifndef ODVA_MOTION_CHOICE_H
#define ODVA_MOTION_CHOICE_H

#include "byte_writer.h"
#include "canvas_builder.h"
#include "linear_coder.h"
#include "motion.h"
#include "motion_estimation.h"
#include "onedva/onedva.h"

/** A clip as it will be coded. */
struct odva_aligned_clip {
    const struct odva_motion *motion; /* NULL: off */
    const struct onedva_const_picture *pictures;
    int width, height; /* of the pictures */
    const uint8_t *visible;
    double cost; /* squared error + ODVA_LAMBDA D^2 bits; where it was measured */
};

struct odva_motion_choice {
    struct odva_backend *backend; /* borrowed */
    struct odva_motion_estimation estimation;
    struct odva_motion motion[2]; /* the best so far and the one on trial */
    struct odva_canvas_builder builder[2];
    struct odva_byte_writer writer;
};

/**
 * Choose how to code a clip. What clip points to lives until the next call.
 * @param mode off, global or mesh: this if at all possible; auto: what costs least at qidx
 */
int odva_motion_choose(struct odva_motion_choice *choice, struct odva_linear_coder *coder,
                       const struct onedva_const_picture *frames, int n, int width, int height,
                       enum onedva_motion mode, int qidx, struct odva_aligned_clip *clip);

void odva_motion_choice_free(struct odva_motion_choice *choice);

#endif
