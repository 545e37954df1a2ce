/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The network that corrects linear patches (doc/architecture.md, diffusion decoder). */
#ifndef ODVA_DIFFUSION_DECODER_H
#define ODVA_DIFFUSION_DECODER_H

#include "base/layout.h"
#include "bitstream/scan.h"
#include "kernels/device_array.h"
#include "model/linear_layer.h"
#include "network/transformer.h"

/** Windows of one kind on the current grid. */
struct odva_window_set {
    struct odva_windows windows;
    struct odva_device_array begin, rows, rope;
};

struct odva_diffusion_decoder {
    struct odva_backend *backend;
    struct odva_scan_cache *scans;
    int width, basis, context_tokens;
    struct odva_linear_layer coef, noise, context, final, out;
    struct odva_buffer *embed; /* [context_tokens][d] */
    struct odva_transformer transformer;
    /* of the current grid; token rows are all patches, then each superblock's context */
    struct odva_clip_size size;
    int64_t patches, context_rows;
    int superblock_count;
    struct odva_device_array cond_row;  /* int32: superblock of each token row */
    struct odva_device_array embed_row; /* int32: row of embed of each context row */
    struct odva_window_set superblock_windows, shifted_windows;
    struct odva_device_array h;          /* [patches + context_rows][d] */
    struct odva_device_array modulation; /* shift, scale of the output, [superblocks][2 d] */
    /* of the current clip */
    float *latents; /* host, [context_rows][32] */
    struct odva_device_array latents_device;
    float *scalars; /* host, [superblocks][3]: t, qidx/64, n/N */
    size_t latents_capacity, scalars_capacity;
};

int odva_diffusion_decoder_open(struct odva_diffusion_decoder *decoder,
                                const struct onedva_model *model, struct odva_backend *backend,
                                struct odva_scan_cache *scans);
void odva_diffusion_decoder_close(struct odva_diffusion_decoder *decoder);

/**
 * Give the clip.
 * @param latents that its superblocks would have as one tile each, one after the other in scan
 * order
 * @param shares  of each superblock's coefficients: those in its tiles' tokens
 */
int odva_diffusion_decoder_set_clip(struct odva_diffusion_decoder *decoder,
                                    const struct odva_grid *grid, const float *latents,
                                    const float *shares, int qidx);

/**
 * Run all blocks.
 * @param coefs [patches][K] @param z [patches][1536], used when t > 0
 */
int odva_diffusion_decoder_run(struct odva_diffusion_decoder *decoder, struct odva_matrix coefs,
                               float t, struct odva_matrix z);

/** Add the correction of patches first .. first+count-1 to rows of 1536. */
int odva_diffusion_decoder_correct(struct odva_diffusion_decoder *decoder, struct odva_matrix x,
                                   int64_t first, int64_t count);

#endif
