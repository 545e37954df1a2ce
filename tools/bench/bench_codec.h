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
#include "tools/bench/bench_backend.h"
#include "transform/deblocking.h"
#include "transform/linear_path.h"

/** 16 frames of gradients with edges that move. */
struct bench_clip {
    struct odva_clip_size size;
    struct onedva_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_const_picture sources[ONEDVA_MAX_CLIP_FRAMES];
};

void bench_clip_open(struct bench_clip *clip, int width, int height);
void bench_clip_close(struct bench_clip *clip);

/** Linear path and networks of a model, the one that ONEDVA_MODEL names, and a clip's latents. */
struct bench_codec {
    onedva_model *model;
    struct odva_backend *backend; /* borrowed */
    struct odva_linear_path path;
    struct odva_query_encoder encoder;
    struct odva_sampler sampler;
    struct odva_deblocking deblocking;
    struct odva_latents latents; /* quantised with the index 0, in tiles of the largest size */
    float *linear, *y;           /* latents before that; y: room for others */
};

/** Opens all, and analyses and quantises a clip. */
void bench_codec_open(struct bench_codec *codec, const struct bench_backend *bench,
                      const struct bench_clip *clip);
void bench_codec_close(struct bench_codec *codec);

/** Pictures of the clip's size to codec->linear. */
void bench_codec_analyse(struct bench_codec *codec, const struct bench_clip *clip);

/** Reconstruct codec->latents as pictures. */
void bench_codec_decode(struct bench_codec *codec, int steps,
                        const struct onedva_picture *pictures);

#endif
