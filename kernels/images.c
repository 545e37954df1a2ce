/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/images.h"

void odva_images_free(struct odva_images *images, struct odva_backend *backend)
{
    for (int t = 0; t < ONEDVA_MAX_CLIP_FRAMES; t++)
        if (images->image[t])
            backend->ops->image_free(backend, images->image[t]);
    *images = (struct odva_images){0};
}

int odva_images_wrap(struct odva_images *images, struct odva_backend *backend,
                     const struct onedva_picture *pictures, int count, int width, int height,
                     int depth)
{
    odva_images_free(images, backend);
    for (int t = 0; t < count; t++) {
        images->image[t] = backend->ops->image_wrap(backend, &pictures[t], width, height, depth);
        if (!images->image[t]) {
            odva_images_free(images, backend);
            return ONEDVA_ERR_NOMEM;
        }
    }
    return ONEDVA_OK;
}

int odva_images_wrap_const(struct odva_images *images, struct odva_backend *backend,
                           const struct onedva_const_picture *pictures, int count, int width,
                           int height, int depth)
{
    struct onedva_picture readable[ONEDVA_MAX_CLIP_FRAMES];

    for (int t = 0; t < count; t++)
        readable[t] = odva_readable(&pictures[t]);
    return odva_images_wrap(images, backend, readable, count, width, height, depth);
}

int odva_images_import(struct odva_images *images, struct odva_backend *backend,
                       const void *const *pictures, int count, int width, int height)
{
    odva_images_free(images, backend);
    if (!backend->ops->image_import)
        return ONEDVA_ERR_UNSUPPORTED;
    for (int t = 0; t < count; t++) {
        images->image[t] = backend->ops->image_import(backend, pictures[t], width, height);
        if (!images->image[t]) {
            odva_images_free(images, backend);
            return ONEDVA_ERR_NOMEM;
        }
    }
    return ONEDVA_OK;
}

int odva_images_alloc(struct odva_images *images, struct odva_backend *backend, int count,
                      int width, int height, int depth)
{
    for (int t = 0; t < count; t++) {
        images->image[t] =
            backend->ops->image_alloc(backend, images->image[t], width, height, depth);
        if (!images->image[t]) {
            odva_images_free(images, backend);
            return ONEDVA_ERR_NOMEM;
        }
    }
    return ONEDVA_OK;
}

int odva_images_warp(struct odva_backend *backend, struct odva_image *const *images,
                     struct odva_image *const *sources, const struct odva_warp *warp,
                     const int16_t (*nodes)[2])
{
    const size_t count = (size_t)warp->frames * warp->columns * warp->rows;
    struct odva_buffer *buffer = backend->ops->wrap(backend, (void *)nodes, count * sizeof(*nodes));
    int status;

    if (!buffer)
        return ONEDVA_ERR_NOMEM;
    status = backend->ops->warp(backend, images, sources, warp, buffer);
    backend->ops->free(backend, buffer);
    return status;
}
