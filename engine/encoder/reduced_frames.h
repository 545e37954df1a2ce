/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Frames at half their size, for choices that need not see all of them. */
#ifndef ODVA_REDUCED_FRAMES_H
#define ODVA_REDUCED_FRAMES_H

#include "encoder/motion_choice.h"

struct odva_reduced_frames {
    struct odva_frames frames; /* the result */
    struct onedva_const_picture picture[ONEDVA_MAX_CLIP_FRAMES];
    /* the frames' own, from level 1 on, first that of the frame before */
    struct odva_luma_pyramid pyramid[1 + ONEDVA_MAX_CLIP_FRAMES];
    struct odva_canvas prediction;
    uint8_t *chroma;
    size_t capacity;
};

/**
 * @param frames with pyramids of at least two levels, which the result refers to
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_reduced_frames_set(struct odva_reduced_frames *reduced, struct odva_backend *backend,
                            const struct odva_frames *frames);
void odva_reduced_frames_free(struct odva_reduced_frames *reduced);

#endif
