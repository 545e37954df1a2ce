/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The images of a clip's pictures. */
#ifndef ODVA_IMAGES_H
#define ODVA_IMAGES_H

#include "kernels/backend.h"

/** Zero-initialised there are none. */
struct odva_images {
    struct odva_image *image[ONEDVA_MAX_CLIP_FRAMES];
};

/** Stand for so many pictures of the host; what there was before is freed. @return ONEDVA_OK or
 * ONEDVA_ERR_NOMEM, with which there are none */
int odva_images_wrap(struct odva_images *images, struct odva_backend *backend,
                     const struct onedva_picture *pictures, int count, int width, int height,
                     int depth);

/** The same of pictures that are only read. */
int odva_images_wrap_const(struct odva_images *images, struct odva_backend *backend,
                           const struct onedva_const_picture *pictures, int count, int width,
                           int height, int depth);

/** Likewise, of pictures on the device, to be written (image_import). @return
 * ONEDVA_ERR_UNSUPPORTED, too, where a device has none */
int odva_images_import(struct odva_images *images, struct odva_backend *backend,
                       const void *const *pictures, int count, int width, int height);

/** Allocate so many, whose contents are undefined; memory grows only where it was not enough for
 * what was allocated so before. @return ONEDVA_OK or ONEDVA_ERR_NOMEM, with which there are none */
int odva_images_alloc(struct odva_images *images, struct odva_backend *backend, int count,
                      int width, int height, int depth);

/** Warp with nodes of the host (odva_backend_ops.warp). */
int odva_images_warp(struct odva_backend *backend, struct odva_image *const *images,
                     struct odva_image *const *sources, const struct odva_warp *warp,
                     const int16_t (*nodes)[2]);

void odva_images_free(struct odva_images *images, struct odva_backend *backend);

/** A picture that is only read, as one to wrap. */
static inline struct onedva_picture odva_readable(const struct onedva_const_picture *picture)
{
    return (struct onedva_picture){
        .data = {(uint8_t *)picture->data[0], (uint8_t *)picture->data[1],
                 (uint8_t *)picture->data[2]},
        .stride = {picture->stride[0], picture->stride[1], picture->stride[2]},
    };
}

#endif
