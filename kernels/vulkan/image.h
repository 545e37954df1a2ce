/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures in the memory of a device, some of which stand for planes of the host or for images from
 * outside. */
#ifndef ODVA_VULKAN_IMAGE_H
#define ODVA_VULKAN_IMAGE_H

#include "kernels/backend.h"
#include "kernels/vulkan/stream.h"

/** Three planes in a buffer; those of chroma mean nothing where there is none. */
struct odva_image {
    struct odva_buffer *buffer;
    struct odva_image_shape shape;
    uint32_t stride[2]; /* bytes, of luma and chroma: with room for whole tokens */
    uint32_t offset[2]; /* bytes, of the chroma planes */
    /* of planes of the host, or of a picture from outside */
    int is_wrapped;
    int is_current; /* the buffer has what they have, or what operators wrote */
    int is_written; /* and they have not got it yet */
    struct onedva_picture host;
    struct onedva_vulkan_picture picture; /* images 0: planes of the host */
    struct odva_buffer *fetched;          /* on its way to the host */
    struct odva_image *next;
};

/** What shaders get of some: Frames of planes.glsl. */
struct odva_vulkan_images_argument {
    VkDeviceAddress table;
    uint32_t stride[2], offset[2];
};

/** Images of one size for a kernel. */
struct odva_vulkan_images {
    struct odva_buffer *table; /* their addresses; lowest bit: with chroma */
    struct odva_vulkan_images_argument argument;
};

enum odva_vulkan_access {
    ODVA_VULKAN_READ,
    ODVA_VULKAN_WRITE,     /* in part maybe */
    ODVA_VULKAN_OVERWRITE, /* all of them */
};

/** Make images ready for a kernel that will be dispatched next. @return ONEDVA_OK, ONEDVA_ERR_NOMEM
 * or ONEDVA_ERR_DEVICE, with which there is nothing to be freed */
int odva_vulkan_images_begin(struct odva_vulkan_stream *stream, struct odva_vulkan_images *list,
                             struct odva_image *const *images, int count,
                             enum odva_vulkan_access access);
void odva_vulkan_images_end(struct odva_vulkan_stream *stream, struct odva_vulkan_images *list);

/** Write to the host, and to pictures from outside, what operators wrote since the last time, to
 * images of this list. Waits. */
int odva_vulkan_images_synchronize(struct odva_vulkan_stream *stream, struct odva_image *wrapped);

/* Members of odva_backend_ops. */
struct odva_image *odva_vulkan_image_alloc(struct odva_backend *backend, struct odva_image *reuse,
                                           int width, int height, int depth);
struct odva_image *odva_vulkan_image_wrap(struct odva_backend *backend,
                                          const struct onedva_picture *picture, int width,
                                          int height, int depth);
struct odva_image *odva_vulkan_image_import(struct odva_backend *backend, const void *picture,
                                            int width, int height);
void odva_vulkan_image_free(struct odva_backend *backend, struct odva_image *image);
struct odva_image_shape odva_vulkan_image_shape(const struct odva_image *image);
int odva_vulkan_image_copy(struct odva_backend *backend, struct odva_image *dst,
                           struct odva_image *src);

#endif
