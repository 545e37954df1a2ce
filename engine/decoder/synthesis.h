/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Latents to pixels: the inverse linear path and the diffusion decoder. */
#ifndef ODVA_SYNTHESIS_H
#define ODVA_SYNTHESIS_H

#include "base/layout.h"
#include "bitstream/scan.h"
#include "onedva/onedva.h"

struct odva_backend;
struct odva_synthesis;

struct odva_synthesis_params {
    int qidx;
    int steps; /* 0 linear, 1 conditional mean, N diffusion */
    enum onedva_sampler sampler;
    uint64_t seed;
};

/** @param backend is borrowed. @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_synthesis_open(struct odva_synthesis **synthesis, const struct onedva_model *model,
                        struct odva_backend *backend, struct odva_scan_cache *scans);
void odva_synthesis_close(struct odva_synthesis **synthesis);

/**
 * Reconstruct a clip.
 * @param latents     dequantised, K * grid->patches, tile after tile in scan order
 * @param tile_tokens latent tokens present in each tile
 * @param pictures    grid->frames pictures
 */
int odva_synthesis_run(struct odva_synthesis *synthesis, const struct odva_grid *grid,
                       const float *latents, const int *tile_tokens,
                       const struct odva_synthesis_params *params,
                       const struct onedva_picture *pictures);

#endif
