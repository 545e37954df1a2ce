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
struct odva_tile_tables;

struct odva_linear_path {
    struct odva_backend *backend;
    const struct onedva_model *model;
    const struct odva_basis *basis;
    struct odva_tile_tables *tables;
    struct odva_patch_walk walk;
    struct odva_dct_tile *tiles;
    size_t tile_capacity;
    struct odva_device_array coefs; /* [patches][K], of the clip projected last */
    struct odva_device_array latents;
    struct odva_grid still_grid;          /* of one frame */
    struct odva_patch_walk still_walk;    /* over it */
    struct odva_device_array still_coefs; /* [gy gx][K of band 0], of the prediction */
    float *still_latents;                 /* of tiles */
    size_t still_capacity;
    int32_t *dequantised;
    size_t dequantised_capacity;
};

int odva_linear_path_open(struct odva_linear_path *path, const struct onedva_model *model,
                          struct odva_backend *backend);
void odva_linear_path_close(struct odva_linear_path *path);

/** Coefficients of the patches of pictures at the first count positions (odva_backend_ops.project).
 */
int odva_project_pictures(const struct odva_linear_path *path, struct odva_matrix coefs,
                          const struct odva_grid *grid, const struct onedva_const_picture *pictures,
                          const struct odva_buffer *position, int64_t count,
                          const struct odva_bands *bands);

/** Pictures to path->coefs. */
int odva_linear_path_project(struct odva_linear_path *path, const struct odva_grid *grid,
                             int detail, const struct onedva_const_picture *pictures);

/** The picture that such a clip is predicted from, of the grid's size, to path->still_coefs. */
int odva_linear_path_project_prediction(struct odva_linear_path *path, const struct odva_grid *grid,
                                        int detail, const struct onedva_const_picture *prediction);

/** path->coefs of a clip of this detail to latents, with the latents' partition.
 * @param latents     of the clip's size, or of some of its rows of superblocks
 * @param first_patch of these rows in the clip
 * @param y K * grid.patches, tile after tile in scan order, in the model's domain */
int odva_linear_path_transform(struct odva_linear_path *path, const struct odva_latents *latents,
                               int64_t first_patch, float *y);

/** Take from such latents what the prediction has of them.
 * @param energy what this adds to the sum of squares of each tile */
int odva_linear_path_subtract(struct odva_linear_path *path, const struct odva_latents *latents,
                              int64_t first_patch, const float *y, float *difference,
                              double *energy);

/** Dequantised latents to pictures: the same bytes everywhere.
 * @param y          what odva_dequantise_latents gave
 * @param prediction of an inter clip: a picture of the latents' size; otherwise NULL */
int odva_linear_path_invert(struct odva_linear_path *path, const struct odva_latents *latents,
                            const int32_t *y, struct odva_image *prediction,
                            struct odva_image *const *images);

/** Latents to pictures. */
int odva_linear_path_reconstruct(struct odva_linear_path *path, const struct odva_latents *latents,
                                 struct odva_image *prediction, struct odva_image *const *images);

#endif
