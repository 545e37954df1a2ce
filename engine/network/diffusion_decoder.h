/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The network that corrects linear patches (doc/architecture.md, diffusion decoder). */
#ifndef ODVA_DIFFUSION_DECODER_H
#define ODVA_DIFFUSION_DECODER_H

#include "base/layout.h"
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
    int width, registers;
    struct odva_linear_layer patch, noise, final, out;
    struct odva_buffer *initial; /* what registers begin as, [registers][d] */
    struct odva_transformer transformer;
    /* of the current grid; token rows are all patches, then each superblock's registers */
    struct odva_clip_size size;
    int64_t patches, register_rows;
    int superblock_count;
    struct odva_device_array cond_row; /* int32: superblock of each token row */
    struct odva_window_set superblock_windows, shifted_windows;
    struct odva_device_array registers_of_all; /* what they begin as, [register_rows][d] */
    struct odva_device_array h;                /* [patches + register_rows][d] */
    struct odva_device_array modulation;       /* shift, scale of the output, [superblocks][2 d] */
    /* of the current clip */
    struct odva_device_array embedded; /* its patches, [patches][d] */
    float *scalars;                    /* host, [superblocks][3]: t, qidx/64, n/N */
    size_t scalars_capacity;
};

int odva_diffusion_decoder_open(struct odva_diffusion_decoder *decoder,
                                const struct onedva_model *model, struct odva_backend *backend);
void odva_diffusion_decoder_close(struct odva_diffusion_decoder *decoder);

/** Begin a clip. @param shares of each superblock's coefficients: those in its tiles' tokens */
int odva_diffusion_decoder_set_clip(struct odva_diffusion_decoder *decoder,
                                    const struct odva_grid *grid, const float *shares, int qidx);

/** Give its patches first .. first+count-1, rows of 1536. */
int odva_diffusion_decoder_embed(struct odva_diffusion_decoder *decoder, struct odva_matrix x,
                                 int64_t first, int64_t count);

/** Run all blocks. @param z [patches][1536], used when t > 0 */
int odva_diffusion_decoder_run(struct odva_diffusion_decoder *decoder, float t,
                               struct odva_matrix z);

/** Add the correction of patches first .. first+count-1 to rows of 1536. */
int odva_diffusion_decoder_correct(struct odva_diffusion_decoder *decoder, struct odva_matrix x,
                                   int64_t first, int64_t count);

#endif
