/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/host_pictures.h"

#include "base/integers.h"
#include "kernels/images.h"

int odva_host_warp(struct odva_backend *backend, const struct onedva_picture *pictures,
                   const struct onedva_const_picture *sources, const struct odva_warp *warp,
                   const int16_t (*nodes)[2], int depth)
{
    struct odva_images to = {0}, from = {0};
    int status =
        odva_images_wrap(&to, backend, pictures, warp->frames, warp->width, warp->height, depth);

    if (status == ONEDVA_OK)
        status = odva_images_wrap_const(&from, backend, sources, warp->frames, warp->source_width,
                                        warp->source_height, depth);
    if (status == ONEDVA_OK)
        status = odva_images_warp(backend, to.image, from.image, warp, nodes);
    if (status == ONEDVA_OK)
        status = backend->ops->synchronize(backend);
    odva_images_free(&from, backend);
    odva_images_free(&to, backend);
    return status;
}

/* Into memory of the host, which is there after synchronize. */
static int compare_images(struct odva_backend *backend, struct odva_buffer **results,
                          struct odva_structure_tensor *const *tensors, struct odva_image *const *a,
                          struct odva_image *const *b, int count)
{
    const struct odva_image_shape shape = backend->ops->image_shape(a[0]);
    const size_t blocks = (size_t)odva_ceil_div(shape.width, 4) * odva_ceil_div(shape.height, 4);
    int status = ONEDVA_OK;

    for (int t = 0; t < count && status == ONEDVA_OK; t++) {
        results[t] = backend->ops->wrap(backend, tensors[t], blocks * sizeof(*tensors[t]));
        status = results[t] ? backend->ops->structure_tensors(backend, results[t], a[t], b[t])
                            : ONEDVA_ERR_NOMEM;
    }
    return status;
}

int odva_host_warp_tensors(struct odva_backend *backend, const struct onedva_picture *pictures,
                           const struct onedva_const_picture *sources, const struct odva_warp *warp,
                           const int16_t (*nodes)[2], const struct onedva_const_picture *others,
                           struct odva_structure_tensor *const *tensors)
{
    struct odva_images to = {0}, from = {0}, with = {0};
    struct odva_buffer *results[ONEDVA_MAX_CLIP_FRAMES] = {NULL};
    int status =
        odva_images_wrap(&to, backend, pictures, warp->frames, warp->width, warp->height, 8);

    if (status == ONEDVA_OK)
        status = odva_images_wrap_const(&from, backend, sources, warp->frames, warp->source_width,
                                        warp->source_height, 8);
    if (status == ONEDVA_OK)
        status = odva_images_wrap_const(&with, backend, others, warp->frames, warp->width,
                                        warp->height, 8);
    if (status == ONEDVA_OK)
        status = odva_images_warp(backend, to.image, from.image, warp, nodes);
    if (status == ONEDVA_OK)
        status = compare_images(backend, results, tensors, with.image, to.image, warp->frames);
    odva_images_free(&to, backend); /* the host does not read them */
    if (status == ONEDVA_OK)
        status = backend->ops->synchronize(backend);
    for (int t = 0; t < warp->frames; t++)
        if (results[t])
            backend->ops->free(backend, results[t]);
    odva_images_free(&with, backend);
    odva_images_free(&from, backend);
    return status;
}

/* @return NULL when memory ran out */
static struct odva_image *wrap_plane(struct odva_backend *backend, const uint8_t *data,
                                     ptrdiff_t stride, int width, int height)
{
    const struct onedva_picture picture = {.data = {(uint8_t *)data}, .stride = {stride}};

    return backend->ops->image_wrap(backend, &picture, width, height, 8);
}

static void free_image(struct odva_backend *backend, struct odva_image *image)
{
    if (image)
        backend->ops->image_free(backend, image);
}

int odva_host_downscale2x(struct odva_backend *backend, uint8_t *dst, ptrdiff_t dst_stride,
                          const uint8_t *src, ptrdiff_t src_stride, int width, int height)
{
    struct odva_image *from = wrap_plane(backend, src, src_stride, width, height);
    struct odva_image *to = wrap_plane(backend, dst, dst_stride, (width + 1) / 2, (height + 1) / 2);
    int status = from && to ? backend->ops->downscale2x(backend, to, from) : ONEDVA_ERR_NOMEM;

    if (status == ONEDVA_OK)
        status = backend->ops->synchronize(backend);
    free_image(backend, to);
    free_image(backend, from);
    return status;
}

int odva_host_structure_tensors(struct odva_backend *backend, struct odva_structure_tensor *tensors,
                                const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
                                ptrdiff_t b_stride, int width, int height)
{
    const size_t blocks = (size_t)odva_ceil_div(width, 4) * odva_ceil_div(height, 4);
    struct odva_buffer *to = backend->ops->wrap(backend, tensors, blocks * sizeof(*tensors));
    struct odva_image *first = wrap_plane(backend, a, a_stride, width, height);
    struct odva_image *second = wrap_plane(backend, b, b_stride, width, height);
    int status = ONEDVA_ERR_NOMEM;

    if (to && first && second)
        status = backend->ops->structure_tensors(backend, to, first, second);
    if (status == ONEDVA_OK)
        status = backend->ops->synchronize(backend);
    free_image(backend, second);
    free_image(backend, first);
    if (to)
        backend->ops->free(backend, to);
    return status;
}
