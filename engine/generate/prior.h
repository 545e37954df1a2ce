/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A prior's file, validated and ready to use (doc/generation.md). */
#ifndef ODVA_PRIOR_H
#define ODVA_PRIOR_H

#include "model/device_weights.h"
#include "model/mapped_file.h"
#include "model/model_weights.h"
#include "model/safetensors.h"
#include "onedva/onedva_generate.h"

#define ODVA_PRIOR_FRAMES 16

struct odva_prior_config {
    int width, head_dim, layers;
    int side;   /* of its videos, luma samples */
    int tiles;  /* superblocks of a picture, each of which is one tile */
    int length; /* latent tokens of a tile */
    int qidx;
    int classes;
    uint64_t model_id;
};

struct odva_prior_tensors {
    struct odva_linear_tensors token, final, out;
    const struct odva_tensor *embed; /* [classes + 1 + 2 tiles length][d] */
    const struct odva_tensor *scale; /* [length][32]: what tokens are divided by */
    struct odva_conditioning_tensors cond;
    struct odva_block_tensors *blocks; /* layers */
};

struct onedva_prior {
    struct onedva_logger logger;
    char name[64];
    char **class_names;
    int64_t parameters;
    struct odva_prior_config config;
    struct odva_prior_tensors tensors;
    struct odva_mapped_file file;
    struct odva_safetensors container;
    struct odva_model_devices devices;
};

#endif
