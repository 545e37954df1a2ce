/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Over the patches of a clip's pictures, block by block: no clip of floats is ever needed whole. */
#ifndef ODVA_PATCH_WALK_H
#define ODVA_PATCH_WALK_H

#include "base/layout.h"
#include "kernels/device_array.h"

struct odva_patch_walk {
    struct odva_backend *backend;
    /* of the current grid */
    struct odva_clip_size size;
    struct odva_device_array position; /* int32: place in the grid of each patch */
    struct odva_device_array block;    /* [backend->block_rows][1536] */
};

void odva_patch_walk_close(struct odva_patch_walk *walk);

/** Set the grid; nothing is done where it is of the same size as before. */
int odva_patch_walk_set_grid(struct odva_patch_walk *walk, const struct odva_grid *grid);

/** What is done with patches first .. first+count-1, rows of 1536 in x, which it may change. */
typedef int (*odva_patches_fn)(void *opaque, struct odva_matrix x, int64_t first, int64_t count);

/** Give all patches of pictures to fn, block by block. */
int odva_patch_walk_run(struct odva_patch_walk *walk, const struct odva_grid *grid,
                        struct odva_image *const *images, odva_patches_fn fn, void *opaque);

/** Write such patches to pictures: those that are being read may be among them. */
int odva_patch_walk_write(struct odva_patch_walk *walk, const struct odva_grid *grid,
                          struct odva_matrix x, int64_t first, int64_t count,
                          struct odva_image *const *images);

#endif
