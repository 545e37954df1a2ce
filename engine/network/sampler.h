/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Latents to pixels: the inverse linear path, and a diffusion from it that a network leads. */
#ifndef ODVA_SAMPLER_H
#define ODVA_SAMPLER_H

#include "base/layout.h"
#include "bitstream/scan.h"
#include "kernels/device_array.h"
#include "network/diffusion_decoder.h"
#include "onedva/onedva.h"
#include "transform/linear_path.h"

struct odva_sampler {
    const struct onedva_model *model;
    struct odva_backend *backend;
    struct odva_scan_cache *scans;
    struct odva_linear_path path;
    struct odva_diffusion_decoder decoder; /* opened by the first clip that wants it */
    struct odva_grid whole;                /* the clip's, with superblocks that are not split */
    float *latents;                        /* of such superblocks */
    float *shares;                         /* of each superblock's coefficients: those decoded */
    size_t latent_capacity, share_capacity;
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
                      struct odva_backend *backend, struct odva_scan_cache *scans);
void odva_sampler_close(struct odva_sampler *sampler);

/**
 * Reconstruct a clip.
 * @param latents     dequantised, K * grid->patches, tile after tile in scan order
 * @param tile_tokens latent tokens present in each tile
 * @param pictures    grid->frames pictures
 */
int odva_sampler_run(struct odva_sampler *sampler, const struct odva_grid *grid,
                     const float *latents, const int *tile_tokens,
                     const struct odva_sampler_params *params,
                     const struct onedva_picture *pictures);

#endif
