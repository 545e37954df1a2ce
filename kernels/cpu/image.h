/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures of the CPU backend. */
#ifndef ODVA_CPU_IMAGE_H
#define ODVA_CPU_IMAGE_H

#include "base/samples.h"
#include "kernels/backend.h"

struct odva_image {
    struct onedva_picture picture; /* chroma planes may be NULL */
    int width, height, depth;
    uint8_t *memory; /* NULL: the planes are the host's */
    size_t bytes;    /* of the memory */
};

/* Members of odva_backend_ops. */
struct odva_image *odva_cpu_image_alloc(struct odva_backend *backend, struct odva_image *reuse,
                                        int width, int height, int depth);
struct odva_image *odva_cpu_image_wrap(struct odva_backend *backend,
                                       const struct onedva_picture *picture, int width, int height,
                                       int depth);
void odva_cpu_image_free(struct odva_backend *backend, struct odva_image *image);
struct odva_image_shape odva_cpu_image_shape(const struct odva_image *image);
int odva_cpu_image_copy(struct odva_backend *backend, struct odva_image *dst,
                        struct odva_image *src);

static inline int odva_cpu_is_wide(const struct odva_image *image)
{
    return image->depth > 8;
}

static inline int odva_cpu_sample_bytes(const struct odva_image *image)
{
    return odva_sample_bytes(image->depth);
}

static inline void odva_cpu_pictures(struct onedva_picture *pictures,
                                     struct odva_image *const *images, int count)
{
    for (int t = 0; t < count; t++)
        pictures[t] = images[t]->picture;
}

static inline struct onedva_const_picture odva_cpu_source(const struct odva_image *image)
{
    const struct onedva_picture *picture = &image->picture;

    return (struct onedva_const_picture){
        .data = {picture->data[0], picture->data[1], picture->data[2]},
        .stride = {picture->stride[0], picture->stride[1], picture->stride[2]},
    };
}

static inline void odva_cpu_sources(struct onedva_const_picture *sources,
                                    struct odva_image *const *images, int count)
{
    for (int t = 0; t < count; t++)
        sources[t] = odva_cpu_source(images[t]);
}

#endif
