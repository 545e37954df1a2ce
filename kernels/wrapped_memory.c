/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/wrapped_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/samples.h"

#define NOISE 0x5a

/** Where what memory of the host holds is up to date. */
enum state {
    ON_HOST,
    ON_BOTH,
    ON_DEVICE,
};

struct odva_wrapped {
    struct odva_wrapped *next;
    enum state state;
    /* an image: the host's planes, the device's, and what these lie in, of the same strides */
    struct odva_image *image;
    struct onedva_picture host, device;
    int width, height, depth;
    uint8_t *planes[3];
    /* or a buffer */
    struct odva_buffer *buffer;
    void *memory;
    size_t bytes;
};

static struct odva_wrapped *find(const struct odva_backend *backend, const struct odva_image *image,
                                 const struct odva_buffer *buffer)
{
    struct odva_wrapped *wrapped = backend->wrapped;

    while (wrapped && (wrapped->image != image || wrapped->buffer != buffer))
        wrapped = wrapped->next;
    return wrapped;
}

static void add(struct odva_backend *backend, struct odva_wrapped *wrapped)
{
    wrapped->next = backend->wrapped;
    backend->wrapped = wrapped;
}

/* Bytes of a row. */
static int row_bytes(const struct odva_wrapped *wrapped, int plane)
{
    return (plane ? (wrapped->width + 1) / 2 : wrapped->width) * odva_sample_bytes(wrapped->depth);
}

static int plane_height(const struct odva_wrapped *wrapped, int plane)
{
    return plane ? (wrapped->height + 1) / 2 : wrapped->height;
}

/* Rows may follow each other upwards: the stride is then negative. @return 0 where memory ran out
 */
static int make_plane(struct odva_wrapped *wrapped, int plane)
{
    const ptrdiff_t last = (plane_height(wrapped, plane) - 1) * wrapped->host.stride[plane];

    wrapped->planes[plane] = malloc((last < 0 ? -last : last) + row_bytes(wrapped, plane));
    if (!wrapped->planes[plane])
        return 0;
    wrapped->device.data[plane] = wrapped->planes[plane] - (last < 0 ? last : 0);
    wrapped->device.stride[plane] = wrapped->host.stride[plane];
    return 1;
}

static void free_wrapped(struct odva_wrapped *wrapped)
{
    for (int p = 0; p < 3; p++)
        free(wrapped->planes[p]);
    free(wrapped);
}

struct odva_image *odva_wrapped_image(struct odva_backend *backend,
                                      const struct onedva_picture *picture, int width, int height,
                                      int depth)
{
    struct odva_wrapped *wrapped = calloc(1, sizeof(*wrapped));
    int made = 1;

    if (!wrapped)
        return NULL;
    wrapped->host = *picture;
    wrapped->width = width;
    wrapped->height = height;
    wrapped->depth = depth;
    for (int p = 0; p < 3; p++)
        made &= !picture->data[p] || make_plane(wrapped, p);
    if (made)
        wrapped->image =
            backend->unchecked_ops->image_wrap(backend, &wrapped->device, width, height, depth);
    if (!wrapped->image) {
        free_wrapped(wrapped);
        return NULL;
    }
    add(backend, wrapped);
    return wrapped->image;
}

struct odva_buffer *odva_wrapped_buffer(struct odva_backend *backend, void *memory, size_t bytes)
{
    struct odva_wrapped *wrapped = calloc(1, sizeof(*wrapped));

    if (!wrapped)
        return NULL;
    wrapped->memory = memory;
    wrapped->bytes = bytes;
    wrapped->buffer = backend->unchecked_ops->alloc(backend, bytes);
    if (!wrapped->buffer) {
        free(wrapped);
        return NULL;
    }
    add(backend, wrapped);
    return wrapped->buffer;
}

void odva_wrapped_forget(struct odva_backend *backend, const struct odva_image *image,
                         const struct odva_buffer *buffer)
{
    struct odva_wrapped *wrapped = find(backend, image, buffer), **link = &backend->wrapped;

    if (!wrapped)
        return;
    while (*link != wrapped)
        link = &(*link)->next;
    *link = wrapped->next;
    free_wrapped(wrapped);
}

int odva_wrapped_has(const struct odva_backend *backend, const struct odva_image *image)
{
    return find(backend, image, NULL) != NULL;
}

/* ---- operators --------------------------------------------------------------------------- */

static void copy_planes(const struct odva_wrapped *wrapped, const struct onedva_picture *dst,
                        const struct onedva_picture *src)
{
    for (int p = 0; p < 3; p++)
        for (int y = 0; src->data[p] && y < plane_height(wrapped, p); y++)
            memcpy(dst->data[p] + y * dst->stride[p], src->data[p] + y * src->stride[p],
                   row_bytes(wrapped, p));
}

static void spoil_planes(const struct odva_wrapped *wrapped)
{
    const struct onedva_picture *host = &wrapped->host;

    for (int p = 0; p < 3; p++)
        for (int y = 0; host->data[p] && y < plane_height(wrapped, p); y++)
            memset(host->data[p] + y * host->stride[p], NOISE, row_bytes(wrapped, p));
}

static void take_host(struct odva_wrapped *wrapped)
{
    if (wrapped->state == ON_HOST) {
        copy_planes(wrapped, &wrapped->device, &wrapped->host);
        wrapped->state = ON_BOTH;
    }
}

void odva_wrapped_read(struct odva_backend *backend, struct odva_image *const *images, int count)
{
    for (int t = 0; t < count; t++) {
        struct odva_wrapped *wrapped = find(backend, images[t], NULL);

        if (wrapped)
            take_host(wrapped);
    }
}

void odva_wrapped_write(struct odva_backend *backend, struct odva_image *const *images, int count)
{
    for (int t = 0; t < count; t++) {
        struct odva_wrapped *wrapped = find(backend, images[t], NULL);

        if (!wrapped || wrapped->state == ON_DEVICE)
            continue;
        take_host(wrapped); /* an operator may write a part */
        spoil_planes(wrapped);
        wrapped->state = ON_DEVICE;
    }
}

void odva_wrapped_buffer_read(struct odva_backend *backend, const struct odva_buffer *buffer)
{
    struct odva_wrapped *wrapped = find(backend, NULL, buffer);

    if (!wrapped || wrapped->state != ON_HOST)
        return;
    backend->unchecked_ops->upload(backend, wrapped->buffer, 0, wrapped->memory, wrapped->bytes);
    wrapped->state = ON_BOTH;
}

void odva_wrapped_buffer_write(struct odva_backend *backend, const struct odva_buffer *buffer)
{
    struct odva_wrapped *wrapped = find(backend, NULL, buffer);

    if (!wrapped)
        return;
    memset(wrapped->memory, NOISE, wrapped->bytes);
    wrapped->state = ON_DEVICE;
}

static int give_host(struct odva_backend *backend, struct odva_wrapped *wrapped)
{
    int status = ONEDVA_OK;

    if (wrapped->state != ON_DEVICE)
        return ONEDVA_OK;
    if (wrapped->image)
        copy_planes(wrapped, &wrapped->host, &wrapped->device);
    else
        status = backend->unchecked_ops->download(backend, wrapped->buffer, 0, wrapped->memory,
                                                  wrapped->bytes);
    wrapped->state = ON_BOTH;
    return status;
}

int odva_wrapped_synchronize(struct odva_backend *backend)
{
    int status = backend->unchecked_ops->synchronize(backend);

    for (struct odva_wrapped *wrapped = backend->wrapped; wrapped && status == ONEDVA_OK;
         wrapped = wrapped->next)
        status = give_host(backend, wrapped);
    return status;
}
