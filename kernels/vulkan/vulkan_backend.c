/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/vulkan_backend.h"

#include <stdlib.h>

#include "base/log.h"

#define BLOCK_ROWS 4096

static void close_backend(struct odva_backend *backend)
{
    odva_vulkan_stream_close(odva_vulkan_stream_of(backend));
    free(odva_vulkan_backend_of(backend));
}

static struct odva_buffer *alloc_buffer(struct odva_backend *backend, size_t bytes)
{
    return odva_vulkan_alloc(odva_vulkan_stream_of(backend), bytes);
}

static void free_buffer(struct odva_backend *backend, struct odva_buffer *buffer)
{
    odva_vulkan_free(odva_vulkan_stream_of(backend), buffer);
}

static size_t buffer_size(const struct odva_buffer *buffer)
{
    return buffer->bytes;
}

static int upload(struct odva_backend *backend, struct odva_buffer *buffer, size_t offset,
                  const void *data, size_t bytes)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    const int status = odva_vulkan_bring_wrapped(stream);

    odva_vulkan_written(buffer);
    return status < 0 ? status : odva_vulkan_upload(stream, buffer, offset, data, bytes);
}

static int download(struct odva_backend *backend, const struct odva_buffer *buffer, size_t offset,
                    void *data, size_t bytes)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    const int status = odva_vulkan_bring_wrapped(stream);

    return status < 0 ? status : odva_vulkan_download(stream, buffer, offset, data, bytes);
}

static struct odva_buffer *wrap(struct odva_backend *backend, void *memory, size_t bytes)
{
    return odva_vulkan_wrap(odva_vulkan_stream_of(backend), memory, bytes);
}

static int synchronize(struct odva_backend *backend)
{
    struct odva_vulkan_backend *vulkan = odva_vulkan_backend_of(backend);
    const int status = odva_vulkan_images_synchronize(&vulkan->stream, vulkan->wrapped);

    return status < 0 ? status : odva_vulkan_synchronize(&vulkan->stream);
}

static const struct odva_backend_ops vulkan_ops = {
    .close = close_backend,
    .alloc = alloc_buffer,
    .wrap = wrap,
    .free = free_buffer,
    .buffer_size = buffer_size,
    .upload = upload,
    .download = download,
    .image_alloc = odva_vulkan_image_alloc,
    .image_wrap = odva_vulkan_image_wrap,
    .image_import = odva_vulkan_image_import,
    .image_free = odva_vulkan_image_free,
    .image_shape = odva_vulkan_image_shape,
    .image_copy = odva_vulkan_image_copy,
    .synchronize = synchronize,
    .linear = odva_vulkan_linear,
    .linear_chain = odva_vulkan_linear_chain,
    .norm_modulate = odva_vulkan_norm_modulate,
    .attention = odva_vulkan_attention,
    .patchify = odva_vulkan_patchify,
    .unpatchify = odva_vulkan_unpatchify,
    .warp = odva_vulkan_warp,
    .deblock = odva_vulkan_deblock,
    .smooth = odva_vulkan_smooth,
    .downscale2x = odva_vulkan_downscale2x,
    .structure_tensors = odva_vulkan_structure_tensors,
    .project = odva_vulkan_project,
    .dct_forward = odva_vulkan_dct_forward,
    .reconstruct = odva_vulkan_reconstruct,
    .axpby = odva_vulkan_axpby,
    .noise = odva_vulkan_noise,
};

struct odva_backend *odva_vulkan_backend_open(struct odva_device *device,
                                              struct odva_thread_pool *pool,
                                              const struct onedva_logger *logger)
{
    struct odva_vulkan_gpu *gpu = ((struct odva_vulkan_device *)device)->gpu;
    struct odva_vulkan_backend *backend = calloc(1, sizeof(*backend));

    (void)pool;
    if (!backend)
        return NULL;
    if (odva_vulkan_stream_open(&backend->stream, gpu, logger) < 0) {
        free(backend);
        return NULL;
    }
    backend->base.ops = &vulkan_ops;
    backend->base.block_rows = BLOCK_ROWS;
    if (gpu->index < 0)
        odva_log(logger, ONEDVA_LOG_DEBUG,
                 "all operators run on backend vulkan: the device of frames, %s",
                 gpu->properties.deviceName);
    else
        odva_log(logger, ONEDVA_LOG_DEBUG, "all operators run on backend vulkan: device %d, %s",
                 gpu->index, gpu->properties.deviceName);
    return &backend->base;
}
