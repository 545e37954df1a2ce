/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cuda/image.h"

#include <stdlib.h>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/host_planes.h"

#define ALIGNMENT 16 /* bytes, of rows: a warp reads whole sectors, a thread whole words */

static size_t plane_bytes(const struct odva_image *image, int plane)
{
    return (size_t)image->stride[plane > 0] * odva_plane_side(image->shape.height, plane);
}

static int planes_of(const struct odva_image *image)
{
    return image->shape.has_chroma ? 3 : 1;
}

static odva_cuda_address plane_address(const struct odva_image *image, int plane)
{
    return image->buffer ? image->buffer->address + image->offset[plane] : image->elsewhere[plane];
}

/* Up to the end of so many planes. */
static size_t bytes_of(const struct odva_image *image, int planes)
{
    return image->offset[planes - 1] + plane_bytes(image, planes - 1);
}

static void place_planes(struct odva_image *image, int width, int height)
{
    image->shape.width = width;
    image->shape.height = height;
    for (int p = 0; p < 2; p++)
        image->stride[p] = (odva_plane_side(width, p) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    image->offset[0] = 0;
    for (int p = 1; p < 3; p++)
        image->offset[p] = image->offset[p - 1] + plane_bytes(image, p - 1);
}

/* ---- images ------------------------------------------------------------------------------ */

/* @return whether there was memory */
static int alloc_planes(struct odva_cuda_stream *stream, struct odva_image *image, int width,
                        int height)
{
    size_t bytes;

    place_planes(image, width, height);
    bytes = bytes_of(image, planes_of(image));
    if (image->buffer && image->buffer->bytes >= bytes)
        return 1;
    if (image->buffer)
        odva_cuda_free(stream, image->buffer);
    image->buffer = odva_cuda_alloc(stream, bytes);
    return image->buffer != NULL;
}

struct odva_image *odva_cuda_image_alloc(struct odva_backend *backend, struct odva_image *reuse,
                                         int width, int height, int depth)
{
    struct odva_image *image = reuse ? reuse : calloc(1, sizeof(*image));

    if (!image)
        return NULL;
    image->shape.has_chroma = 1;
    image->shape.depth = depth;
    if (alloc_planes(odva_cuda_stream_of(backend), image, width, height))
        return image;
    odva_cuda_image_free(backend, image);
    return NULL;
}

struct odva_image *odva_cuda_image_wrap(struct odva_backend *backend,
                                        const struct onedva_picture *picture, int width, int height,
                                        int depth)
{
    struct odva_cuda_backend *cuda = odva_cuda_backend_of(backend);
    struct odva_image *image = calloc(1, sizeof(*image));

    if (!image)
        return NULL;
    image->host = *picture;
    image->shape.has_chroma = picture->data[1] && picture->data[2];
    image->shape.depth = depth;
    if (!alloc_planes(&cuda->stream, image, width, height)) {
        odva_cuda_image_free(backend, image);
        return NULL;
    }
    image->is_wrapped = 1;
    image->next = cuda->wrapped;
    cuda->wrapped = image;
    return image;
}

struct odva_image *odva_cuda_image_import(struct odva_backend *backend, const void *picture,
                                          int width, int height)
{
    const struct onedva_cuda_picture *cuda = picture;
    struct odva_image *image = calloc(1, sizeof(*image));

    if (!image)
        return NULL;
    image->shape = (struct odva_image_shape){width, height, 1, 8};
    for (int p = 0; p < 3; p++)
        image->elsewhere[p] = cuda->data[p];
    for (int p = 0; p < 2; p++)
        image->stride[p] = (int32_t)cuda->stride[p];
    /* another failure than of memory stays, and comes with the next kernel */
    if (odva_cuda_wait_for(odva_cuda_stream_of(backend), cuda->stream) != ONEDVA_ERR_NOMEM)
        return image;
    free(image);
    return NULL;
}

void odva_cuda_image_free(struct odva_backend *backend, struct odva_image *image)
{
    struct odva_cuda_backend *cuda = odva_cuda_backend_of(backend);

    if (image->is_wrapped) {
        struct odva_image **link = &cuda->wrapped;

        while (*link != image)
            link = &(*link)->next;
        *link = image->next;
    }
    if (image->buffer)
        odva_cuda_free(&cuda->stream, image->buffer);
    else /* others' memory, which they may use again */
        odva_cuda_finish(&cuda->stream);
    free(image);
}

struct odva_image_shape odva_cuda_image_shape(const struct odva_image *image)
{
    return image->shape;
}

/* ---- from and to the host ---------------------------------------------------------------- */

/* What the host has, unless kernels were given it or wrote it already. */
static int bring(struct odva_cuda_stream *stream, struct odva_image *image)
{
    const size_t bytes = bytes_of(image, planes_of(image));
    struct odva_cuda_staging *staging;
    int status;

    if (!image->is_wrapped || image->is_current)
        return ONEDVA_OK;
    staging = odva_cuda_take_staging(stream, bytes);
    if (!staging)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    for (int p = 0; p < planes_of(image); p++)
        odva_copy_rows((uint8_t *)staging->memory + image->offset[p], image->stride[p > 0],
                       image->host.data[p], image->host.stride[p],
                       odva_plane_side(image->shape.width, p),
                       odva_plane_side(image->shape.height, p));
    status = odva_cuda_copy_from_staging(stream, image->buffer, 0, staging, bytes);
    odva_cuda_release_staging(stream, staging);
    image->is_current = status >= 0;
    return status;
}

static int begin_fetch(struct odva_cuda_stream *stream, struct odva_image *image)
{
    const size_t bytes = bytes_of(image, planes_of(image));

    image->fetched = odva_cuda_take_staging(stream, bytes);
    if (!image->fetched)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    return odva_cuda_copy_to_staging(stream, image->fetched, image->buffer, 0, bytes);
}

static void write_planes(const struct odva_image *image)
{
    const uint8_t *fetched = image->fetched->memory;

    for (int p = 0; p < planes_of(image); p++)
        odva_copy_rows(image->host.data[p], image->host.stride[p], fetched + image->offset[p],
                       image->stride[p > 0], odva_plane_side(image->shape.width, p),
                       odva_plane_side(image->shape.height, p));
}

int odva_cuda_images_synchronize(struct odva_cuda_stream *stream, struct odva_image *wrapped)
{
    int status = ONEDVA_OK;

    for (struct odva_image *image = wrapped; image && status >= 0; image = image->next)
        if (image->is_written)
            status = begin_fetch(stream, image);
    if (status >= 0)
        status = odva_cuda_synchronize(stream);
    for (struct odva_image *image = wrapped; image; image = image->next) {
        if (!image->fetched)
            continue;
        if (status >= 0) {
            write_planes(image);
            image->is_written = 0;
        }
        odva_cuda_release_staging(stream, image->fetched);
        image->fetched = NULL;
    }
    return status;
}

/* ---- for kernels ------------------------------------------------------------------------- */

static int make_current(struct odva_cuda_stream *stream, struct odva_image *image,
                        enum odva_cuda_access access)
{
    const int status = access == ODVA_CUDA_OVERWRITE ? ONEDVA_OK : bring(stream, image);

    if (status >= 0 && access != ODVA_CUDA_READ)
        image->is_current = image->is_written = 1;
    return status;
}

int odva_cuda_use_images(struct odva_cuda_stream *stream, struct odva_cuda_picture *pictures,
                         struct odva_image *const *images, int count, enum odva_cuda_access access)
{
    int status = ONEDVA_OK;

    for (int t = 0; t < count && status >= 0; t++) {
        const struct odva_image *image = images[t];

        status = make_current(stream, images[t], access);
        pictures[t] = (struct odva_cuda_picture){.stride = {image->stride[0], image->stride[1]}};
        for (int p = 0; p < planes_of(image); p++)
            pictures[t].planes[p] = (uint8_t *)(uintptr_t)plane_address(image, p);
    }
    return status;
}

/* Of images whose planes do not lie alike. */
static int copy_planes(struct odva_cuda_stream *stream, const struct odva_image *dst,
                       const struct odva_image *src, int planes)
{
    int status = ONEDVA_OK;

    for (int p = 0; p < planes && status >= 0; p++)
        status = odva_cuda_copy_rows(
            stream, (struct odva_cuda_rows){plane_address(dst, p), dst->stride[p > 0]},
            (struct odva_cuda_rows){plane_address(src, p), src->stride[p > 0]},
            odva_plane_side(src->shape.width, p), odva_plane_side(src->shape.height, p));
    return status;
}

int odva_cuda_image_copy(struct odva_backend *backend, struct odva_image *dst,
                         struct odva_image *src)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    const int is_all = src->shape.has_chroma || !dst->shape.has_chroma;
    const struct odva_image *less = src->shape.has_chroma ? dst : src;
    int status = make_current(stream, src, ODVA_CUDA_READ);

    if (status >= 0)
        status = make_current(stream, dst, is_all ? ODVA_CUDA_OVERWRITE : ODVA_CUDA_WRITE);
    if (status < 0)
        return status;
    return dst->buffer && src->buffer
               ? odva_cuda_copy(stream, dst->buffer, src->buffer, bytes_of(less, planes_of(less)))
               : copy_planes(stream, dst, src, planes_of(less));
}
