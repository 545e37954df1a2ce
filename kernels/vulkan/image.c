/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernels/host_planes.h"
#include "kernels/vulkan/picture.h"
#include "kernels/vulkan/vulkan_backend.h"

static size_t round_up(int size)
{
    return ((size_t)size + 15) / 16 * 16;
}

static size_t plane_offset(const struct odva_image *image, int plane)
{
    return plane ? image->offset[plane - 1] : 0;
}

static size_t plane_bytes(const struct odva_image *image, int plane)
{
    return (size_t)image->stride[plane > 0] * odva_plane_side(image->shape.height, plane);
}

static int planes_of(const struct odva_image *image)
{
    return image->shape.has_chroma ? 3 : 1;
}

/* Bytes of a picture's planes; 0: more than shaders can count */
static size_t place_planes(struct odva_image *image, int width, int height)
{
    const uint64_t luma = (uint64_t)round_up(width) * height;
    const uint64_t chroma =
        (uint64_t)round_up(odva_plane_side(width, 1)) * odva_plane_side(height, 1);

    image->shape.width = width;
    image->shape.height = height;
    image->stride[0] = (uint32_t)round_up(width);
    image->stride[1] = (uint32_t)round_up(odva_plane_side(width, 1));
    image->offset[0] = (uint32_t)luma;
    image->offset[1] = (uint32_t)(luma + chroma);
    return luma + chroma > UINT32_MAX ? 0 : (size_t)(luma + 2 * chroma);
}

/* ---- images ------------------------------------------------------------------------------ */

/* @return whether there was memory */
static int alloc_planes(struct odva_vulkan_stream *stream, struct odva_image *image, int width,
                        int height)
{
    const size_t bytes = place_planes(image, width, height);

    if (!bytes)
        odva_log(&stream->logger, ONEDVA_LOG_ERROR,
                 "vulkan: pictures of %dx%d are too large; use smaller ones, or -backend cpu",
                 width, height);
    if (image->buffer && image->buffer->bytes >= bytes)
        return bytes != 0;
    if (image->buffer)
        odva_vulkan_free(stream, image->buffer);
    image->buffer = bytes ? odva_vulkan_alloc(stream, bytes) : NULL;
    return image->buffer != NULL;
}

struct odva_image *odva_vulkan_image_alloc(struct odva_backend *backend, struct odva_image *reuse,
                                           int width, int height, int depth)
{
    struct odva_image *image = reuse ? reuse : calloc(1, sizeof(*image));

    if (!image)
        return NULL;
    image->shape.has_chroma = 1;
    image->shape.depth = depth;
    if (alloc_planes(odva_vulkan_stream_of(backend), image, width, height))
        return image;
    odva_vulkan_image_free(backend, image);
    return NULL;
}

/* @param image NULL: memory ran out @return likewise, the image being freed then */
static struct odva_image *add_wrapped(struct odva_backend *backend, struct odva_image *image,
                                      int width, int height)
{
    struct odva_vulkan_backend *vulkan = odva_vulkan_backend_of(backend);

    if (!image)
        return NULL;
    if (!alloc_planes(&vulkan->stream, image, width, height)) {
        odva_vulkan_image_free(backend, image);
        return NULL;
    }
    image->is_wrapped = 1;
    image->next = vulkan->wrapped;
    vulkan->wrapped = image;
    return image;
}

struct odva_image *odva_vulkan_image_wrap(struct odva_backend *backend,
                                          const struct onedva_picture *picture, int width,
                                          int height, int depth)
{
    struct odva_image *image = calloc(1, sizeof(*image));

    if (image) {
        image->host = *picture;
        image->shape.has_chroma = picture->data[1] && picture->data[2];
        image->shape.depth = depth;
    }
    return add_wrapped(backend, image, width, height);
}

struct odva_image *odva_vulkan_image_import(struct odva_backend *backend, const void *picture,
                                            int width, int height)
{
    struct odva_image *image = calloc(1, sizeof(*image));

    if (image) {
        image->picture = *(const struct onedva_vulkan_picture *)picture;
        image->shape.has_chroma = 1;
        image->shape.depth = 8;
        image->is_current = 1;
    }
    return add_wrapped(backend, image, width, height);
}

void odva_vulkan_image_free(struct odva_backend *backend, struct odva_image *image)
{
    struct odva_vulkan_backend *vulkan = odva_vulkan_backend_of(backend);

    if (image->is_wrapped) {
        struct odva_image **link = &vulkan->wrapped;

        while (*link != image)
            link = &(*link)->next;
        *link = image->next;
    }
    if (image->buffer)
        odva_vulkan_free(&vulkan->stream, image->buffer);
    free(image);
}

struct odva_image_shape odva_vulkan_image_shape(const struct odva_image *image)
{
    return image->shape;
}

/* ---- from and to the host ---------------------------------------------------------------- */

static int upload_plane(struct odva_vulkan_stream *stream, const struct odva_image *image,
                        int plane)
{
    struct odva_buffer *staging = odva_vulkan_staging(stream, plane_bytes(image, plane));

    if (!staging)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    odva_copy_rows(odva_vulkan_mapped(staging), image->stride[plane > 0], image->host.data[plane],
                   image->host.stride[plane], odva_plane_side(image->shape.width, plane),
                   odva_plane_side(image->shape.height, plane));
    return odva_vulkan_copy_staging(stream, image->buffer, plane_offset(image, plane), staging);
}

/* What the host has, unless operators were given it or wrote it already. */
static int bring(struct odva_vulkan_stream *stream, struct odva_image *image)
{
    int status = ONEDVA_OK;

    if (!image->is_wrapped || image->is_current)
        return ONEDVA_OK;
    for (int p = 0; p < planes_of(image) && status >= 0; p++)
        status = upload_plane(stream, image, p);
    image->is_current = status >= 0;
    return status;
}

static void write_planes(const struct odva_image *image)
{
    const uint8_t *fetched = odva_vulkan_mapped(image->fetched);

    for (int p = 0; p < planes_of(image); p++)
        odva_copy_rows(image->host.data[p], image->host.stride[p], fetched + plane_offset(image, p),
                       image->stride[p > 0], odva_plane_side(image->shape.width, p),
                       odva_plane_side(image->shape.height, p));
}

/* What operators wrote goes to where it came from. */
static int begin_return(struct odva_vulkan_stream *stream, struct odva_image *image)
{
    const int last = planes_of(image) - 1;
    int status;

    if (!image->picture.images)
        return odva_vulkan_begin_fetch(stream, image->buffer, 0,
                                       plane_offset(image, last) + plane_bytes(image, last),
                                       &image->fetched);
    status = odva_vulkan_picture_write(stream, &image->picture, image);
    image->is_written = status < 0;
    return status;
}

int odva_vulkan_images_synchronize(struct odva_vulkan_stream *stream, struct odva_image *wrapped)
{
    int status = ONEDVA_OK;

    for (struct odva_image *image = wrapped; image && status >= 0; image = image->next)
        if (image->is_written)
            status = begin_return(stream, image);
    if (status >= 0)
        status = odva_vulkan_synchronize(stream);
    for (struct odva_image *image = wrapped; image; image = image->next) {
        if (!image->fetched)
            continue;
        if (status >= 0) {
            write_planes(image);
            image->is_written = 0;
        }
        odva_vulkan_free(stream, image->fetched);
        image->fetched = NULL;
    }
    return status;
}

/* ---- for kernels ------------------------------------------------------------------------- */

static int make_current(struct odva_vulkan_stream *stream, struct odva_image *image,
                        enum odva_vulkan_access access)
{
    const int status = access == ODVA_VULKAN_OVERWRITE ? ONEDVA_OK : bring(stream, image);

    if (status < 0 || access == ODVA_VULKAN_READ)
        return status;
    image->is_current = 1;
    image->is_written = 1;
    return ONEDVA_OK;
}

static int fill_list(struct odva_vulkan_stream *stream, struct odva_vulkan_images *list,
                     struct odva_image *const *images, int count, enum odva_vulkan_access access)
{
    VkDeviceAddress addresses[ONEDVA_MAX_CLIP_FRAMES];
    int status = ONEDVA_OK;

    for (int t = 0; t < count && status >= 0; t++) {
        status = make_current(stream, images[t], access);
        addresses[t] = odva_vulkan_address(images[t]->buffer) | (images[t]->shape.has_chroma != 0);
    }
    return status < 0
               ? status
               : odva_vulkan_upload(stream, list->table, 0, addresses, count * sizeof(*addresses));
}

int odva_vulkan_images_begin(struct odva_vulkan_stream *stream, struct odva_vulkan_images *list,
                             struct odva_image *const *images, int count,
                             enum odva_vulkan_access access)
{
    int status;

    *list = (struct odva_vulkan_images){
        .table = odva_vulkan_alloc(stream, count * sizeof(VkDeviceAddress))};
    if (!list->table)
        return ONEDVA_ERR_NOMEM;
    memcpy(list->argument.stride, images[0]->stride, sizeof(images[0]->stride));
    memcpy(list->argument.offset, images[0]->offset, sizeof(images[0]->offset));
    list->argument.table = odva_vulkan_address(list->table);
    status = fill_list(stream, list, images, count, access);
    if (status < 0)
        odva_vulkan_images_end(stream, list);
    return status;
}

void odva_vulkan_images_end(struct odva_vulkan_stream *stream, struct odva_vulkan_images *list)
{
    if (list->table)
        odva_vulkan_free(stream, list->table);
    *list = (struct odva_vulkan_images){0};
}

int odva_vulkan_image_copy(struct odva_backend *backend, struct odva_image *dst,
                           struct odva_image *src)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    const int is_all = src->shape.has_chroma || !dst->shape.has_chroma;
    const struct odva_image *less = src->shape.has_chroma ? dst : src;
    const int last = planes_of(less) - 1;
    int status = make_current(stream, src, ODVA_VULKAN_READ);

    if (status >= 0)
        status = make_current(stream, dst, is_all ? ODVA_VULKAN_OVERWRITE : ODVA_VULKAN_WRITE);
    if (status < 0)
        return status;
    return odva_vulkan_copy(stream, dst->buffer, 0, src->buffer, 0,
                            plane_offset(less, last) + plane_bytes(less, last));
}
