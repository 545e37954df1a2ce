/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Patch basis, DCT and scan: pictures to latents and back (doc/bitstream.md, sections 4 and 8). */
#ifndef ODVA_LINEAR_PATH_H
#define ODVA_LINEAR_PATH_H

#include "base/layout.h"
#include "bitstream/scan.h"
#include "kernels/device_array.h"
#include "model/linear_layer.h"

struct onedva_model;

/** What the transform of tiles of one shape needs (odva_dct_tile). */
struct odva_tile_shape {
    struct odva_buffer *order, *rows;
};

struct odva_linear_path {
    struct odva_backend *backend;
    struct odva_scan_cache *scans;
    int basis;                        /* K */
    struct odva_linear_layer forward; /* c = x U - mu U */
    struct odva_linear_layer inverse; /* x = c U^T + mu */
    struct odva_tile_shape shapes[4][8][8];
    /* of the current grid */
    struct odva_clip_size size;
    struct odva_device_array position; /* int32: place in the grid of each patch */
    struct odva_dct_tile *tiles;
    size_t tile_capacity;
    struct odva_device_array coefs;   /* c, [patches][K] */
    struct odva_device_array latents; /* K * patches */
    struct odva_device_array block;   /* [backend->block_rows][1536], floats or less */
};

int odva_linear_path_open(struct odva_linear_path *path, const struct onedva_model *model,
                          struct odva_backend *backend, struct odva_scan_cache *scans);
void odva_linear_path_close(struct odva_linear_path *path);

/** Pictures to path->coefs. */
int odva_linear_path_project(struct odva_linear_path *path, const struct odva_grid *grid,
                             const struct onedva_const_picture *pictures);
/** path->coefs, of a grid of this size, to latents.
 * @param latents K * grid->patches, tile after tile in scan order */
int odva_linear_path_transform(struct odva_linear_path *path, const struct odva_grid *grid,
                               float *latents);

/** Pictures to latents. */
static inline int odva_linear_path_analyse(struct odva_linear_path *path,
                                           const struct odva_grid *grid,
                                           const struct onedva_const_picture *pictures,
                                           float *latents)
{
    const int status = odva_linear_path_project(path, grid, pictures);

    return status < 0 ? status : odva_linear_path_transform(path, grid, latents);
}

/** Latents to path->coefs. */
int odva_linear_path_invert(struct odva_linear_path *path, const struct odva_grid *grid,
                            const float *latents);

/** Latents to pictures. */
int odva_linear_path_reconstruct(struct odva_linear_path *path, const struct odva_grid *grid,
                                 const float *latents, const struct onedva_picture *pictures);

/** What is done with patches first .. first+count-1, rows of 1536 in x, which it may change. */
typedef int (*odva_patches_fn)(void *opaque, struct odva_matrix x, int64_t first, int64_t count);

/** Give all patches of pictures to fn, block by block. */
int odva_linear_path_for_pictures(struct odva_linear_path *path, const struct odva_grid *grid,
                                  const struct onedva_const_picture *pictures, odva_patches_fn fn,
                                  void *opaque);

/** Give all patches of path->coefs, of this grid, to fn: no clip of floats is ever needed whole. */
int odva_linear_path_for_coefs(struct odva_linear_path *path, const struct odva_grid *grid,
                               odva_patches_fn fn, void *opaque);

/** Write such patches to pictures. */
int odva_linear_path_write(struct odva_linear_path *path, const struct odva_grid *grid,
                           struct odva_matrix x, int64_t first, int64_t count,
                           const struct onedva_picture *pictures);

#endif
