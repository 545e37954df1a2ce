/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Smooths the change from a clip's last frame to the next clip's first ones, on request
 * (doc/bitstream.md, section 8).
 */
#ifndef ODVA_CLIP_SMOOTHING_H
#define ODVA_CLIP_SMOOTHING_H

#include "kernels/backend.h"
#include "motion/canvas.h"

#define ODVA_CLIP_SMOOTHING_FRAMES 4 /* at a clip's start that change */

struct odva_clip_smoothing {
    struct odva_canvas
        last; /* the frame shown last; frames = 0: none that the next clip continues */
};

/**
 * Bring the first frames of a clip nearer to the last frame shown, and keep its own last frame.
 * @param pictures n decoded frames of width x height and depth bits, changed in place; no plane is
 * NULL
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM, with which the next clip is left as it is
 */
int odva_clip_smoothing_run(struct odva_clip_smoothing *smoothing, struct odva_thread_pool *pool,
                            const struct onedva_picture *pictures, int n, int width, int height,
                            int depth, int qidx);

/** The next clip does not continue what was shown last. */
void odva_clip_smoothing_forget(struct odva_clip_smoothing *smoothing);

void odva_clip_smoothing_free(struct odva_clip_smoothing *smoothing);

#endif
