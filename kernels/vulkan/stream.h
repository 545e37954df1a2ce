/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * A sequence of work for a device. All calls but download and synchronize only record it: what was
 * recorded goes to the device in batches, and each piece of work begins when the one before is
 * done. A stream is used by one thread at a time; streams of one device are independent.
 */
#ifndef ODVA_VULKAN_STREAM_H
#define ODVA_VULKAN_STREAM_H

#include "kernels/vulkan/arena.h"

#define ODVA_VULKAN_BATCHES 4 /* that may be on their way */

struct odva_vulkan_batch {
    VkCommandBuffer commands;
    uint64_t end; /* of the timeline, when it is done */
};

struct odva_vulkan_stream {
    struct odva_vulkan_gpu *gpu;
    struct onedva_logger logger;
    struct odva_vulkan_arena memory, uploads, downloads;
    VkCommandPool pool;
    VkSemaphore timeline;
    uint64_t submitted; /* of the timeline, when all is done that the device has got */
    struct odva_vulkan_batch batches[ODVA_VULKAN_BATCHES];
    int batch;                   /* the next one, or that which is being recorded */
    int recorded;                /* pieces of work in it, 0: it is not being recorded */
    struct odva_buffer *wrapped; /* those of memory of the host */
    struct odva_buffer *deferred, **deferred_end; /* freed ones, first things first */
    size_t deferred_uploads;                      /* bytes of them */
    int64_t uploaded, downloaded;                 /* bytes so far, from the host and to it */
    int64_t pieces;                               /* of work so far: kernels and copies */
    int status; /* negative: the device failed, nothing works any more */
};

/** @return ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE */
int odva_vulkan_stream_open(struct odva_vulkan_stream *stream, struct odva_vulkan_gpu *gpu,
                            const struct onedva_logger *logger);
/** All buffers must have been freed. Zero-initialised, or not opened, is closed. */
void odva_vulkan_stream_close(struct odva_vulkan_stream *stream);

/** @return NULL, after one line, when memory ran out */
struct odva_buffer *odva_vulkan_alloc(struct odva_vulkan_stream *stream, size_t bytes);
/** A buffer that stands for memory of the host: what is there is copied before the next kernel, and
 * what operators have written, odva_vulkan_written, goes there when the stream is synchronised. */
struct odva_buffer *odva_vulkan_wrap(struct odva_vulkan_stream *stream, void *memory, size_t bytes);
void odva_vulkan_written(struct odva_buffer *buffer);
/** Copy what the host has to buffers that stand for it, once; a kernel's dispatch does it, too. */
int odva_vulkan_bring_wrapped(struct odva_vulkan_stream *stream);
/** What was recorded may still use it. */
void odva_vulkan_free(struct odva_vulkan_stream *stream, struct odva_buffer *buffer);

/* All of these return ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE. */

/** data has been copied when it returns. */
int odva_vulkan_upload(struct odva_vulkan_stream *stream, struct odva_buffer *buffer, size_t offset,
                       const void *data, size_t bytes);
/** Waits. */
int odva_vulkan_download(struct odva_vulkan_stream *stream, const struct odva_buffer *buffer,
                         size_t offset, void *data, size_t bytes);
/** All of it 0. */
int odva_vulkan_clear(struct odva_vulkan_stream *stream, struct odva_buffer *buffer);
/**
 * Run a kernel in x by y by z groups, each 1 .. ODVA_VULKAN_GROUPS.
 * @param arguments for the shader, bytes of them, at most ODVA_VULKAN_ARGUMENTS
 */
int odva_vulkan_dispatch(struct odva_vulkan_stream *stream, const struct odva_vulkan_kernel *kernel,
                         const void *arguments, size_t bytes, uint32_t x, uint32_t y, uint32_t z);
/** Likewise, in a pipeline of the gpu's layout. */
int odva_vulkan_dispatch_pipeline(struct odva_vulkan_stream *stream, VkPipeline pipeline,
                                  const void *arguments, size_t bytes, uint32_t x, uint32_t y,
                                  uint32_t z);
/** Timeline semaphores of others: values to wait for and to signal. */
struct odva_vulkan_semaphores {
    uint32_t count; /* at most ODVA_VULKAN_SEMAPHORES */
    const VkSemaphore *semaphore;
    const uint64_t *wait, *signal;
};
#define ODVA_VULKAN_SEMAPHORES 3

/** Let the caller record a piece of work behind all others, which submit_alone gives to the device
 * with nothing else. */
int odva_vulkan_begin_alone(struct odva_vulkan_stream *stream, VkCommandBuffer *commands);
int odva_vulkan_submit_alone(struct odva_vulkan_stream *stream,
                             const struct odva_vulkan_semaphores *semaphores);
/** Wait until all is done. */
int odva_vulkan_synchronize(struct odva_vulkan_stream *stream);

int odva_vulkan_copy(struct odva_vulkan_stream *stream, const struct odva_buffer *dst,
                     size_t dst_offset, const struct odva_buffer *src, size_t src_offset,
                     size_t bytes);
/** Give what a buffer has: memory of download, mapped, which is there after synchronize and which
 * the caller frees. */
int odva_vulkan_begin_fetch(struct odva_vulkan_stream *stream, const struct odva_buffer *buffer,
                            size_t offset, size_t bytes, struct odva_buffer **fetched);

/** A buffer that the host writes now and the device copies from: memory of upload, mapped. */
struct odva_buffer *odva_vulkan_staging(struct odva_vulkan_stream *stream, size_t bytes);
/** Copy all of a staging buffer, and free it. */
int odva_vulkan_copy_staging(struct odva_vulkan_stream *stream, struct odva_buffer *buffer,
                             size_t offset, struct odva_buffer *staging);

#endif
