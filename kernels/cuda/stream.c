/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cuda/stream.h"

#include <stdlib.h>
#include <string.h>

#define MOST_STAGING  24    /* that are not taken: then the host waits for the device */
#define LEAST_STAGING 65536 /* bytes */

/* ---- opening ----------------------------------------------------------------------------- */

/* A failure other than of memory stays. */
static int keep(struct odva_cuda_stream *stream, int result, const char *what)
{
    const int status = odva_cuda_status(stream->gpu, result, what, &stream->logger);

    if (status < 0 && status != ONEDVA_ERR_NOMEM)
        stream->status = status;
    return status;
}

/* @return ONEDVA_OK, with which odva_cuda_leave follows */
static int enter(struct odva_cuda_stream *stream)
{
    stream->is_busy = 1;
    return stream->status < 0 ? stream->status
                              : keep(stream, odva_cuda_enter(stream->gpu), "entering the context");
}

int odva_cuda_stream_open(struct odva_cuda_stream *stream, struct odva_cuda_gpu *gpu,
                          const struct onedva_logger *logger)
{
    int status;

    *stream = (struct odva_cuda_stream){.gpu = gpu};
    if (logger)
        stream->logger = *logger;
    status = enter(stream);
    if (status < 0)
        return status;
    status = keep(stream, gpu->driver.stream_create(&stream->queue, ODVA_CUDA_STREAM_NON_BLOCKING),
                  "making a stream");
    if (status >= 0) {
        status = keep(stream, gpu->driver.event_create(&stream->outside, ODVA_CUDA_EVENT_NO_TIMING),
                      "making an event");
        if (status < 0)
            (void)gpu->driver.stream_destroy(stream->queue);
    }
    odva_cuda_leave(gpu);
    return status;
}

static void free_staging(const struct odva_cuda_driver *driver, struct odva_cuda_staging *staging)
{
    if (staging->memory)
        (void)driver->host_free(staging->memory);
    if (staging->event)
        (void)driver->event_destroy(staging->event);
    free(staging);
}

void odva_cuda_stream_close(struct odva_cuda_stream *stream)
{
    const struct odva_cuda_driver *driver = &stream->gpu->driver;
    const int is_entered = odva_cuda_enter(stream->gpu) == ODVA_CUDA_SUCCESS;

    (void)driver->stream_synchronize(stream->queue);
    while (stream->staging) {
        struct odva_cuda_staging *next = stream->staging->next;

        free_staging(driver, stream->staging);
        stream->staging = next;
    }
    (void)driver->event_destroy(stream->outside);
    (void)driver->stream_destroy(stream->queue);
    if (is_entered)
        odva_cuda_leave(stream->gpu);
}

/* ---- staging ----------------------------------------------------------------------------- */

static struct odva_cuda_staging *new_staging(struct odva_cuda_stream *stream, size_t bytes)
{
    const struct odva_cuda_driver *driver = &stream->gpu->driver;
    struct odva_cuda_staging *staging = calloc(1, sizeof(*staging));

    if (!staging)
        return NULL;
    staging->bytes = bytes;
    if (keep(stream, driver->host_alloc(&staging->memory, bytes, 0), "memory for copies") < 0 ||
        keep(stream, driver->event_create(&staging->event, ODVA_CUDA_EVENT_NO_TIMING),
             "making an event") < 0) {
        free_staging(driver, staging);
        return NULL;
    }
    staging->next = stream->staging;
    stream->staging = staging;
    stream->staging_count++;
    return staging;
}

static int is_free(struct odva_cuda_stream *stream, struct odva_cuda_staging *staging)
{
    int result;

    if (staging->is_taken || !staging->is_used)
        return !staging->is_taken;
    result = stream->gpu->driver.event_query(staging->event);
    if (result != ODVA_CUDA_NOT_READY)
        staging->is_used = keep(stream, result, "a copy") < 0;
    return !staging->is_used;
}

/* The smallest that is free and large enough, or NULL. @param asks whether to ask the driver, too
 */
static struct odva_cuda_staging *find_staging(struct odva_cuda_stream *stream, size_t bytes,
                                              int asks)
{
    struct odva_cuda_staging *best = NULL;

    for (struct odva_cuda_staging *s = stream->staging; s; s = s->next)
        if (s->bytes >= bytes && (!best || s->bytes < best->bytes) && (asks || !s->is_used) &&
            is_free(stream, s))
            best = s;
    return best;
}

/* Wait until the device is past all that was begun. */
static int wait_for_device(struct odva_cuda_stream *stream)
{
    const int status =
        keep(stream, stream->gpu->driver.stream_synchronize(stream->queue), "waiting");

    if (status < 0)
        return status;
    for (struct odva_cuda_staging *s = stream->staging; s; s = s->next)
        s->is_used = 0;
    stream->is_busy = 0;
    return ONEDVA_OK;
}

/* Make room for a larger one: the smallest goes that is not taken. */
static void drop_smallest(struct odva_cuda_stream *stream)
{
    struct odva_cuda_staging **least = NULL, *dropped;

    for (struct odva_cuda_staging **s = &stream->staging; *s; s = &(*s)->next)
        if (!(*s)->is_taken && !(*s)->is_used && (!least || (*s)->bytes < (*least)->bytes))
            least = s;
    if (!least)
        return;
    dropped = *least;
    *least = dropped->next;
    stream->staging_count--;
    free_staging(&stream->gpu->driver, dropped);
}

/* A power of two, so that what comes next fits, too: the driver takes long to lock pages. */
static size_t staging_bytes(size_t bytes)
{
    size_t rounded = LEAST_STAGING;

    while (rounded < bytes && rounded <= SIZE_MAX / 2)
        rounded *= 2;
    return rounded < bytes ? bytes : rounded;
}

struct odva_cuda_staging *odva_cuda_take_staging(struct odva_cuda_stream *stream, size_t bytes)
{
    struct odva_cuda_staging *staging;

    if (enter(stream) < 0)
        return NULL;
    staging = find_staging(stream, bytes, 0);
    if (!staging)
        staging = find_staging(stream, bytes, 1);
    if (!staging && stream->staging_count >= MOST_STAGING) {
        (void)wait_for_device(stream);
        staging = find_staging(stream, bytes, 0);
        if (!staging)
            drop_smallest(stream);
    }
    if (!staging && stream->status >= 0)
        staging = new_staging(stream, staging_bytes(bytes));
    odva_cuda_leave(stream->gpu);
    if (staging)
        staging->is_taken = 1;
    return staging;
}

void odva_cuda_release_staging(struct odva_cuda_stream *stream, struct odva_cuda_staging *staging)
{
    int status = enter(stream);

    if (status >= 0) {
        status = keep(stream, stream->gpu->driver.event_record(staging->event, stream->queue),
                      "recording an event");
        staging->is_used = status >= 0;
        if (status < 0) /* no event will say that the copy is done */
            status = keep(stream, stream->gpu->driver.stream_synchronize(stream->queue), "waiting");
        odva_cuda_leave(stream->gpu);
    }
    staging->is_taken = status < 0; /* until the stream is closed: the copy may still be at work */
}

int odva_cuda_copy_from_staging(struct odva_cuda_stream *stream, const struct odva_buffer *dst,
                                size_t offset, const struct odva_cuda_staging *src, size_t bytes)
{
    int status = enter(stream);

    if (status < 0)
        return status;
    status = keep(
        stream,
        stream->gpu->driver.upload_async(dst->address + offset, src->memory, bytes, stream->queue),
        "a copy to the device");
    odva_cuda_leave(stream->gpu);
    return status;
}

int odva_cuda_copy_to_staging(struct odva_cuda_stream *stream, const struct odva_cuda_staging *dst,
                              const struct odva_buffer *src, size_t offset, size_t bytes)
{
    int status = enter(stream);

    if (status < 0)
        return status;
    status = keep(stream,
                  stream->gpu->driver.download_async(dst->memory, src->address + offset, bytes,
                                                     stream->queue),
                  "a copy from the device");
    odva_cuda_leave(stream->gpu);
    return status;
}

/* ---- buffers ----------------------------------------------------------------------------- */

struct odva_buffer *odva_cuda_alloc(struct odva_cuda_stream *stream, size_t bytes)
{
    struct odva_buffer *buffer = calloc(1, sizeof(*buffer));
    int status = buffer ? enter(stream) : ONEDVA_ERR_NOMEM;

    if (status >= 0) {
        buffer->bytes = bytes;
        status = keep(
            stream,
            stream->gpu->driver.alloc_async(&buffer->address, bytes ? bytes : 1, stream->queue),
            "memory");
        odva_cuda_leave(stream->gpu);
    }
    if (status >= 0)
        return buffer;
    free(buffer);
    return NULL;
}

struct odva_buffer *odva_cuda_wrap(struct odva_cuda_stream *stream, void *memory, size_t bytes)
{
    struct odva_buffer *buffer = odva_cuda_alloc(stream, bytes);

    if (!buffer)
        return NULL;
    buffer->host = memory;
    buffer->next = stream->wrapped;
    stream->wrapped = buffer;
    return buffer;
}

void odva_cuda_written(struct odva_buffer *buffer)
{
    buffer->is_written = buffer->host != NULL;
}

void odva_cuda_free(struct odva_cuda_stream *stream, struct odva_buffer *buffer)
{
    struct odva_buffer **link = &stream->wrapped;

    while (buffer->host && *link != buffer)
        link = &(*link)->next;
    if (buffer->host)
        *link = buffer->next;
    if (odva_cuda_enter(stream->gpu) == ODVA_CUDA_SUCCESS) {
        (void)keep(stream, stream->gpu->driver.free_async(buffer->address, stream->queue),
                   "freeing memory");
        odva_cuda_leave(stream->gpu);
    }
    free(buffer);
}

static int copy_in(struct odva_cuda_stream *stream, const struct odva_buffer *buffer, size_t offset,
                   const void *data, size_t bytes)
{
    struct odva_cuda_staging *staging;
    int status;

    if (!bytes)
        return ONEDVA_OK;
    staging = odva_cuda_take_staging(stream, bytes);
    if (!staging)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    memcpy(staging->memory, data, bytes);
    status = odva_cuda_copy_from_staging(stream, buffer, offset, staging, bytes);
    odva_cuda_release_staging(stream, staging);
    return status;
}

/* Copy what the host has to buffers that stand for it, once. */
static int bring_wrapped(struct odva_cuda_stream *stream)
{
    int status = ONEDVA_OK;

    for (struct odva_buffer *b = stream->wrapped; b && status >= 0; b = b->next) {
        if (b->is_current)
            continue;
        status = copy_in(stream, b, 0, b->host, b->bytes);
        b->is_current = status >= 0;
    }
    return status;
}

int odva_cuda_upload(struct odva_cuda_stream *stream, struct odva_buffer *buffer, size_t offset,
                     const void *data, size_t bytes)
{
    const int status = bring_wrapped(stream);

    odva_cuda_written(buffer);
    return status < 0 ? status : copy_in(stream, buffer, offset, data, bytes);
}

int odva_cuda_download(struct odva_cuda_stream *stream, const struct odva_buffer *buffer,
                       size_t offset, void *data, size_t bytes)
{
    struct odva_cuda_staging *staging;
    int status = bring_wrapped(stream);

    if (status < 0 || !bytes)
        return status;
    staging = odva_cuda_take_staging(stream, bytes);
    if (!staging)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    status = odva_cuda_copy_to_staging(stream, staging, buffer, offset, bytes);
    if (status >= 0)
        status = odva_cuda_synchronize(stream);
    if (status >= 0)
        memcpy(data, staging->memory, bytes);
    odva_cuda_release_staging(stream, staging);
    return status;
}

int odva_cuda_copy(struct odva_cuda_stream *stream, const struct odva_buffer *dst,
                   const struct odva_buffer *src, size_t bytes)
{
    int status = enter(stream);

    if (status < 0)
        return status;
    status = keep(stream,
                  stream->gpu->driver.copy_async(dst->address, src->address, bytes, stream->queue),
                  "a copy");
    odva_cuda_leave(stream->gpu);
    return status;
}

int odva_cuda_copy_rows(struct odva_cuda_stream *stream, struct odva_cuda_rows dst,
                        struct odva_cuda_rows src, size_t width, size_t height)
{
    const struct odva_cuda_copy_2d copy = {.src_type = ODVA_CUDA_MEMORY_DEVICE,
                                           .src_device = src.address,
                                           .src_pitch = src.stride,
                                           .dst_type = ODVA_CUDA_MEMORY_DEVICE,
                                           .dst_device = dst.address,
                                           .dst_pitch = dst.stride,
                                           .width = width,
                                           .height = height};
    int status = enter(stream);

    if (status < 0)
        return status;
    status = keep(stream, stream->gpu->driver.copy_2d_async(&copy, stream->queue), "a copy");
    odva_cuda_leave(stream->gpu);
    return status;
}

int odva_cuda_wait_for(struct odva_cuda_stream *stream, odva_cuda_queue other)
{
    const struct odva_cuda_driver *driver = &stream->gpu->driver;
    int status = enter(stream);

    if (status < 0)
        return status;
    status = keep(stream, driver->event_record(stream->outside, other), "recording an event");
    if (status >= 0)
        status = keep(stream, driver->stream_wait(stream->queue, stream->outside, 0),
                      "waiting for another stream");
    odva_cuda_leave(stream->gpu);
    return status;
}

int odva_cuda_clear(struct odva_cuda_stream *stream, const struct odva_buffer *buffer)
{
    int status = enter(stream);

    if (status < 0)
        return status;
    status = keep(stream,
                  stream->gpu->driver.fill_async(buffer->address, 0, buffer->bytes, stream->queue),
                  "clearing memory");
    odva_cuda_leave(stream->gpu);
    return status;
}

/* ---- work -------------------------------------------------------------------------------- */

int odva_cuda_launch(struct odva_cuda_stream *stream, enum odva_cuda_kernel kernel,
                     const void *arguments, struct odva_cuda_blocks blocks)
{
    void *parameters[] = {(void *)arguments};
    int status = bring_wrapped(stream);

    if (status >= 0)
        status = enter(stream);
    if (status < 0)
        return status;
    if (blocks.x > 0)
        status = keep(stream,
                      stream->gpu->driver.launch(stream->gpu->kernels[kernel], (unsigned)blocks.x,
                                                 (unsigned)blocks.y, (unsigned)blocks.z,
                                                 (unsigned)blocks.threads, 1, 1, 0, stream->queue,
                                                 parameters, NULL),
                      "a kernel");
    odva_cuda_leave(stream->gpu);
    return status;
}

static int wait_for_all(struct odva_cuda_stream *stream)
{
    int status = enter(stream);

    if (status < 0)
        return status;
    status = wait_for_device(stream);
    odva_cuda_leave(stream->gpu);
    return status;
}

void odva_cuda_finish(struct odva_cuda_stream *stream)
{
    if (!stream->is_busy || odva_cuda_enter(stream->gpu) != ODVA_CUDA_SUCCESS)
        return;
    (void)stream->gpu->driver.stream_synchronize(stream->queue);
    stream->is_busy = 0;
    odva_cuda_leave(stream->gpu);
}

/* To the host, which has it when this returns. */
static int write_back(struct odva_cuda_stream *stream, struct odva_buffer *buffer)
{
    struct odva_cuda_staging *staging = odva_cuda_take_staging(stream, buffer->bytes);
    int status;

    if (!staging)
        return stream->status < 0 ? stream->status : ONEDVA_ERR_NOMEM;
    status = odva_cuda_copy_to_staging(stream, staging, buffer, 0, buffer->bytes);
    if (status >= 0)
        status = wait_for_all(stream);
    if (status >= 0) {
        memcpy(buffer->host, staging->memory, buffer->bytes);
        buffer->is_written = 0;
    }
    odva_cuda_release_staging(stream, staging);
    return status;
}

int odva_cuda_synchronize(struct odva_cuda_stream *stream)
{
    int status = ONEDVA_OK;

    for (struct odva_buffer *b = stream->wrapped; b && status >= 0; b = b->next)
        if (b->is_written)
            status = write_back(stream, b);
    return status < 0 ? status : wait_for_all(stream);
}
