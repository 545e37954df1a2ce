/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Latents to pixels: the linear reconstruction, and a diffusion from it that a network leads. */
#ifndef ODVA_SAMPLER_H
#define ODVA_SAMPLER_H

#include "bitstream/latents.h"
#include "kernels/device_array.h"
#include "network/diffusion_decoder.h"
#include "onedva/onedva.h"
#include "transform/linear_path.h"

struct odva_sampler {
    const struct onedva_model *model;
    struct odva_backend *backend;
    struct odva_linear_path path;
    struct odva_diffusion_decoder decoder; /* opened by the first clip that wants it */
    float *shares;                         /* of each superblock's coefficients: those decoded */
    size_t share_capacity;
    struct odva_device_array z;     /* the noisy clip, [patches][1536] */
    struct odva_device_array ahead; /* Heun: where an Euler step would lead */
    struct odva_device_array noise; /* [backend->block_rows][1536] */
};

struct odva_sampler_params {
    int qidx;
    int steps; /* 0 linear, 1 conditional mean, N diffusion */
    enum onedva_sampler sampler;
    uint64_t seed;
};

/** @param backend is borrowed. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_sampler_open(struct odva_sampler *sampler, const struct onedva_model *model,
                      struct odva_backend *backend);
void odva_sampler_close(struct odva_sampler *sampler);

/** Refine a clip's linear reconstruction, which is in the images: one for each frame. */
int odva_sampler_refine(struct odva_sampler *sampler, const struct odva_latents *latents,
                        const struct odva_sampler_params *params, struct odva_image *const *images);

/** Reconstruct a key clip. @param images one for each frame */
int odva_sampler_run(struct odva_sampler *sampler, const struct odva_latents *latents,
                     const struct odva_sampler_params *params, struct odva_image *const *images);

#endif
