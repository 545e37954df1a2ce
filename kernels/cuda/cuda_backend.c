/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cuda/cuda_backend.h"

#include <stdlib.h>

#include "base/log.h"

#define BLOCK_ROWS 4096

static void close_backend(struct odva_backend *backend)
{
    odva_cuda_stream_close(odva_cuda_stream_of(backend));
    free(odva_cuda_backend_of(backend));
}

static struct odva_buffer *alloc_buffer(struct odva_backend *backend, size_t bytes)
{
    return odva_cuda_alloc(odva_cuda_stream_of(backend), bytes);
}

static void free_buffer(struct odva_backend *backend, struct odva_buffer *buffer)
{
    odva_cuda_free(odva_cuda_stream_of(backend), buffer);
}

static size_t buffer_size(const struct odva_buffer *buffer)
{
    return buffer->bytes;
}

static int upload(struct odva_backend *backend, struct odva_buffer *buffer, size_t offset,
                  const void *data, size_t bytes)
{
    return odva_cuda_upload(odva_cuda_stream_of(backend), buffer, offset, data, bytes);
}

static int download(struct odva_backend *backend, const struct odva_buffer *buffer, size_t offset,
                    void *data, size_t bytes)
{
    return odva_cuda_download(odva_cuda_stream_of(backend), buffer, offset, data, bytes);
}

static struct odva_buffer *wrap(struct odva_backend *backend, void *memory, size_t bytes)
{
    return odva_cuda_wrap(odva_cuda_stream_of(backend), memory, bytes);
}

static int synchronize(struct odva_backend *backend)
{
    struct odva_cuda_backend *cuda = odva_cuda_backend_of(backend);

    return odva_cuda_images_synchronize(&cuda->stream, cuda->wrapped);
}

static const struct odva_backend_ops cuda_ops = {
    .close = close_backend,
    .alloc = alloc_buffer,
    .wrap = wrap,
    .free = free_buffer,
    .buffer_size = buffer_size,
    .upload = upload,
    .download = download,
    .image_alloc = odva_cuda_image_alloc,
    .image_wrap = odva_cuda_image_wrap,
    .image_import = odva_cuda_image_import,
    .image_free = odva_cuda_image_free,
    .image_shape = odva_cuda_image_shape,
    .image_copy = odva_cuda_image_copy,
    .synchronize = synchronize,
    .linear = odva_cuda_linear,
    .linear_chain = odva_cuda_linear_chain,
    .norm_modulate = odva_cuda_norm_modulate,
    .attention = odva_cuda_attention,
    .patchify = odva_cuda_patchify,
    .unpatchify = odva_cuda_unpatchify,
    .warp = odva_cuda_warp,
    .deblock = odva_cuda_deblock,
    .smooth = odva_cuda_smooth,
    .downscale2x = odva_cuda_downscale2x,
    .structure_tensors = odva_cuda_structure_tensors,
    .project = odva_cuda_project,
    .dct_forward = odva_cuda_dct_forward,
    .reconstruct = odva_cuda_reconstruct,
    .axpby = odva_cuda_axpby,
    .noise = odva_cuda_noise,
};

struct odva_backend *odva_cuda_backend_open(struct odva_device *device,
                                            struct odva_thread_pool *pool,
                                            const struct onedva_logger *logger)
{
    const struct odva_cuda_device *cuda = (const struct odva_cuda_device *)device;
    struct odva_cuda_gpu *gpu = cuda->gpu;
    struct odva_cuda_backend *backend = calloc(1, sizeof(*backend));

    (void)pool;
    if (!backend)
        return NULL;
    if (odva_cuda_stream_open(&backend->stream, gpu, logger) < 0) {
        free(backend);
        return NULL;
    }
    backend->base.ops = &cuda_ops;
    backend->base.block_rows = BLOCK_ROWS;
    odva_log(logger, ONEDVA_LOG_DEBUG, "all operators run on backend cuda: device %d, %s, %s",
             gpu->index, gpu->name, cuda->is_rounded ? "bfloat16 factors" : "float32");
    return &backend->base;
}
