/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the transforms and networks compute with (doc/architecture.md names the tensors). */
#ifndef ODVA_MODEL_WEIGHTS_H
#define ODVA_MODEL_WEIGHTS_H

#include "base/layout.h"
#include "model/device_weights.h"
#include "model/mapped_file.h"
#include "model/safetensors.h"

/** A matrix [n_out][n_in] and what it adds; tensors point into the mapped file. */
struct odva_linear_tensors {
    const struct odva_tensor *weight;
    const struct odva_tensor *bias; /* NULL: none */
};

struct odva_block_tensors {
    const struct odva_tensor *table; /* [6][d] */
    struct odva_linear_tensors qkv, proj, fc1, fc2;
};

struct odva_conditioning_tensors {
    struct odva_linear_tensors fc1, fc2, mod;
};

struct odva_encoder_tensors {
    struct odva_linear_tensors patch, query, out;
    const struct odva_tensor *embed; /* [queries][d] */
    struct odva_conditioning_tensors cond;
    struct odva_block_tensors *blocks; /* encoder_layers */
};

struct odva_decoder_tensors {
    struct odva_linear_tensors patch, noise, final, out;
    const struct odva_tensor *registers; /* [registers][d] */
    struct odva_conditioning_tensors cond;
    struct odva_block_tensors *blocks; /* decoder_layers */
};

#define ODVA_MEAN_MOST 2040 /* 255 samples' steps */

struct odva_model_weights {
    struct odva_mapped_file file;
    struct odva_safetensors container;
    int16_t mean[ODVA_FRAME_SAMPLES]; /* 1/8 of a sample's step */
    int16_t *basis;                   /* [vectors][384], 1/16384 */
    int vectors;
    float sampler_start; /* t of the first noisy step */
    struct odva_encoder_tensors encoder;
    struct odva_decoder_tensors decoder;
    struct odva_model_devices devices;
};

#endif
