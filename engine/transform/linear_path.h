/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Patch basis, DCT and scan: patches to latents and back (doc/bitstream.md, sections 4 and 8). */
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
    int frames, width, height;
    struct odva_device_array position; /* int32: place in the grid of each patch */
    struct odva_dct_tile *tiles;
    int tile_capacity;
    struct odva_device_array coefs;   /* c, [patches][K] */
    struct odva_device_array latents; /* K * patches */
    struct odva_device_array block;   /* [backend->block_rows][1536], floats or less */
};

int odva_linear_path_open(struct odva_linear_path *path, const struct onedva_model *model,
                          struct odva_backend *backend, struct odva_scan_cache *scans);
void odva_linear_path_close(struct odva_linear_path *path);

/** Prepare for clips of a grid; nothing is done when its size is the same as before. */
int odva_linear_path_set_grid(struct odva_linear_path *path, const struct odva_grid *grid);

/** Pictures to path->coefs. */
int odva_linear_path_project(struct odva_linear_path *path, const struct odva_grid *grid,
                             const struct onedva_const_picture *pictures);
/** path->coefs to latents. @param latents K * grid->patches, tile after tile in scan order */
int odva_linear_path_transform(struct odva_linear_path *path, const struct odva_grid *grid,
                               float *latents);

/** Latents to path->coefs. */
int odva_linear_path_invert(struct odva_linear_path *path, const struct odva_grid *grid,
                            const float *latents);
/** Patches first .. first+count-1 of path->coefs, in rows of 1536. */
int odva_linear_path_patches(struct odva_linear_path *path, struct odva_matrix dst, int64_t first,
                             int64_t count);

#endif
