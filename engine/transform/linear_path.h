/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Bands, basis, DCT and scan: pictures to latents and back (doc/bitstream.md, sections 4 and 8). */
#ifndef ODVA_LINEAR_PATH_H
#define ODVA_LINEAR_PATH_H

#include "base/layout.h"
#include "bitstream/latents.h"
#include "kernels/device_array.h"
#include "transform/patch_walk.h"

struct onedva_model;

/** What the transform of tiles of one shape needs (odva_dct_tile). */
struct odva_tile_shape {
    struct odva_buffer *order, *rows;
};

struct odva_linear_path {
    struct odva_backend *backend;
    const struct onedva_model *model;
    struct odva_basis *basis;
    struct odva_patch_walk walk;
    struct odva_tile_shape shapes[ODVA_DETAILS][ODVA_TILE_SIZES][ODVA_TILE_FRAMES]
                                 [ODVA_SUPERBLOCK_SIDE][ODVA_SUPERBLOCK_SIDE];
    struct odva_dct_tile *tiles;
    size_t tile_capacity;
    struct odva_device_array coefs; /* [patches][K], of the clip projected last */
    struct odva_device_array latents;
    int32_t *dequantised;
    size_t dequantised_capacity;
};

int odva_linear_path_open(struct odva_linear_path *path, const struct onedva_model *model,
                          struct odva_backend *backend);
void odva_linear_path_close(struct odva_linear_path *path);

/** Pictures to path->coefs. */
int odva_linear_path_project(struct odva_linear_path *path, const struct odva_grid *grid,
                             int detail, const struct onedva_const_picture *pictures);

/** path->coefs of a clip of this size and detail to latents, with the latents' partition.
 * @param y K * grid.patches, tile after tile in scan order, in the model's domain */
int odva_linear_path_transform(struct odva_linear_path *path, const struct odva_latents *latents,
                               float *y);

/** Dequantised latents to pictures: the same bytes everywhere.
 * @param y          what odva_dequantise_latents gave
 * @param prediction of an inter clip: a picture of the latents' size; otherwise NULL */
int odva_linear_path_invert(struct odva_linear_path *path, const struct odva_latents *latents,
                            const int32_t *y, const struct onedva_const_picture *prediction,
                            const struct onedva_picture *pictures);

/** Latents to pictures. */
int odva_linear_path_reconstruct(struct odva_linear_path *path, const struct odva_latents *latents,
                                 const struct onedva_const_picture *prediction,
                                 const struct onedva_picture *pictures);

#endif
