/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/image.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/operators.h"
#include "kernels/host_planes.h"

static size_t stride_of(int width, int depth)
{
    const size_t bytes = (size_t)width * odva_sample_bytes(depth);

    return (bytes + ODVA_CPU_ALIGN - 1) / ODVA_CPU_ALIGN * ODVA_CPU_ALIGN;
}

/* Lay out the planes of an image that has memory for them. */
static void place_planes(struct odva_image *image, int width, int height, int depth)
{
    uint8_t *next = image->memory;

    image->width = width;
    image->height = height;
    image->depth = depth;
    for (int p = 0; p < 3; p++) {
        const size_t stride = stride_of(odva_plane_side(width, p), depth);

        image->picture.data[p] = next;
        image->picture.stride[p] = (ptrdiff_t)stride;
        next += stride * odva_plane_side(height, p);
    }
}

struct odva_image *odva_cpu_image_alloc(struct odva_backend *backend, struct odva_image *reuse,
                                        int width, int height, int depth)
{
    const size_t bytes = stride_of(width, depth) * height +
                         2 * stride_of((width + 1) / 2, depth) * (((size_t)height + 1) / 2);
    struct odva_image *image = reuse ? reuse : calloc(1, sizeof(*image));

    if (!image)
        return NULL;
    if (bytes > image->bytes) {
        free(image->memory);
        image->memory = odva_cpu_alloc(bytes);
        image->bytes = bytes;
    }
    if (!image->memory) {
        odva_cpu_image_free(backend, image);
        return NULL;
    }
    place_planes(image, width, height, depth);
    return image;
}

struct odva_image *odva_cpu_image_wrap(struct odva_backend *backend,
                                       const struct onedva_picture *picture, int width, int height,
                                       int depth)
{
    struct odva_image *image = malloc(sizeof(*image));

    (void)backend;
    if (image)
        *image = (struct odva_image){
            .picture = *picture, .width = width, .height = height, .depth = depth};
    return image;
}

void odva_cpu_image_free(struct odva_backend *backend, struct odva_image *image)
{
    (void)backend;
    free(image->memory);
    free(image);
}

struct odva_image_shape odva_cpu_image_shape(const struct odva_image *image)
{
    return (struct odva_image_shape){
        .width = image->width,
        .height = image->height,
        .has_chroma = image->picture.data[1] && image->picture.data[2],
        .depth = image->depth,
    };
}

int odva_cpu_image_copy(struct odva_backend *backend, struct odva_image *dst,
                        struct odva_image *src)
{
    (void)backend;
    for (int p = 0; p < 3; p++) {
        const size_t bytes = (size_t)odva_plane_side(dst->width, p) * odva_cpu_sample_bytes(dst);
        const int rows = odva_plane_side(dst->height, p);

        if (!dst->picture.data[p] || !src->picture.data[p])
            continue;
        for (int y = 0; y < rows; y++)
            memcpy(dst->picture.data[p] + y * dst->picture.stride[p],
                   src->picture.data[p] + y * src->picture.stride[p], bytes);
    }
    return ONEDVA_OK;
}
