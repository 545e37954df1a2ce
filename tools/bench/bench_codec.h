/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A clip and what codes it, to measure with; what fails ends the program. */
#ifndef ONEDVA_BENCH_CODEC_H
#define ONEDVA_BENCH_CODEC_H

#include "base/layout.h"
#include "network/query_encoder.h"
#include "network/sampler.h"
#include "onedva/onedva.h"
#include "transform/linear_path.h"

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

/** Linear path and networks of a model, the one that ONEDVA_MODEL names. */
struct bench_codec {
    onedva_model *model;
    struct odva_scan_cache scans;
    struct odva_backend *backend; /* borrowed */
    struct odva_linear_path path;
    struct odva_query_encoder encoder;
    struct odva_sampler sampler;
};

void bench_codec_open(struct bench_codec *codec, struct odva_backend *backend);
void bench_codec_close(struct bench_codec *codec);

/** Reconstruct clip->latents as pictures, at the quantiser's index 0. */
void bench_codec_decode(struct bench_codec *codec, const struct bench_clip *clip, int steps,
                        const struct onedva_picture *pictures);

#endif
