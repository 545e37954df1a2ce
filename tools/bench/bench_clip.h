/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A clip to measure with; what fails ends the program. */
#ifndef ONEDVA_BENCH_CLIP_H
#define ONEDVA_BENCH_CLIP_H

#include "base/layout.h"
#include "onedva/onedva.h"

/** 16 frames of a gradient, and room for its numbers. */
struct bench_clip {
    struct odva_grid grid;
    struct onedva_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_const_picture sources[ONEDVA_MAX_CLIP_FRAMES];
    float *linear, *latents;
    int *tokens;
};

void bench_clip_open(struct bench_clip *clip, int width, int height, int basis);
void bench_clip_close(struct bench_clip *clip);

/** @return memory, if that is not NULL */
void *bench_checked(void *memory);
void bench_check(int status);
/** @return count numbers of -0.5 .. 0.5, to be freed */
float *bench_random_floats(int64_t count);

#endif
