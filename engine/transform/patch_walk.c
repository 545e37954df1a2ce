/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transform/patch_walk.h"

#include <stdlib.h>

#include "base/assert.h"

#define PATCH ODVA_PATCH_SAMPLES

void odva_patch_walk_close(struct odva_patch_walk *walk)
{
    odva_device_array_free(walk->backend, &walk->position);
    odva_device_array_free(walk->backend, &walk->block);
}

static int place_patches(struct odva_patch_walk *walk, const struct odva_grid *grid)
{
    int32_t *position = malloc(grid->patches * sizeof(*position));
    int status;

    if (!position)
        return ONEDVA_ERR_NOMEM;
    for (int y = 0; y < grid->gy; y++)
        for (int x = 0; x < grid->gx; x++)
            for (int t = 0; t < grid->gt; t++)
                position[grid->place[(size_t)y * grid->gx + x] + t] =
                    (t * grid->gy + y) * grid->gx + x;
    status = odva_device_array_set(walk->backend, &walk->position, position, grid->patches,
                                   sizeof(*position));
    free(position);
    return status;
}

int odva_patch_walk_set_grid(struct odva_patch_walk *walk, const struct odva_grid *grid)
{
    int status;

    if (odva_grid_fits(grid, walk->size))
        return ONEDVA_OK;
    walk->size = (struct odva_clip_size){0}; /* no grid is valid until the end */
    status = place_patches(walk, grid);
    if (status == ONEDVA_OK)
        walk->size = odva_grid_clip_size(grid);
    return status;
}

int odva_patch_walk_run(struct odva_patch_walk *walk, const struct odva_grid *grid,
                        struct odva_image *const *images, odva_patches_fn fn, void *opaque)
{
    struct odva_backend *backend = walk->backend;
    const int64_t patches = grid->patches, step = backend->block_rows;
    struct odva_matrix x;
    int status = odva_patch_walk_set_grid(walk, grid);

    ODVA_ASSERT(step > 0);
    if (status == ONEDVA_OK)
        status = odva_device_array_reserve(backend, &walk->block, step * PATCH, sizeof(float));
    x = odva_device_array_rows(&walk->block, 0, PATCH);
    for (int64_t first = 0; first < patches && status == ONEDVA_OK; first += step) {
        const int64_t count = patches - first < step ? patches - first : step;

        status =
            backend->ops->patchify(backend, x, grid, images, walk->position.buffer, first, count);
        if (status == ONEDVA_OK)
            status = fn(opaque, x, first, count);
    }
    return status;
}

int odva_patch_walk_write(struct odva_patch_walk *walk, const struct odva_grid *grid,
                          struct odva_matrix x, int64_t first, int64_t count,
                          struct odva_image *const *images)
{
    return walk->backend->ops->unpatchify(walk->backend, images, grid, x, walk->position.buffer,
                                          first, count);
}
