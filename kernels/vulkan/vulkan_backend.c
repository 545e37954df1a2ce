/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/vulkan_backend.h"

#include <stdlib.h>

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
    return odva_vulkan_upload(odva_vulkan_stream_of(backend), buffer, offset, data, bytes);
}

static int download(struct odva_backend *backend, const struct odva_buffer *buffer, size_t offset,
                    void *data, size_t bytes)
{
    return odva_vulkan_download(odva_vulkan_stream_of(backend), buffer, offset, data, bytes);
}

static struct odva_weights *pack(struct odva_backend *backend, const float *weights, int n_out,
                                 int n_in, enum odva_precision precision)
{
    (void)precision; /* float32 throughout */
    return odva_vulkan_pack(odva_vulkan_backend_of(backend)->device, weights, n_out, n_in);
}

static void weights_size(const struct odva_weights *weights, int *n_out, int *n_in)
{
    *n_out = weights->n_out;
    *n_in = weights->n_in;
}

static struct odva_basis *pack_basis(struct odva_backend *backend, const int16_t *vectors,
                                     int count, const int16_t *mean)
{
    return odva_vulkan_pack_basis(odva_vulkan_backend_of(backend)->device, vectors, count, mean);
}

static const struct odva_backend_ops vulkan_ops = {
    .close = close_backend,
    .alloc = alloc_buffer,
    .free = free_buffer,
    .buffer_size = buffer_size,
    .upload = upload,
    .download = download,
    .pack = pack,
    .free_weights = odva_vulkan_free_weights,
    .weights_size = weights_size,
    .linear = odva_vulkan_linear,
    .linear_chain = odva_vulkan_linear_chain,
    .norm_modulate = odva_vulkan_norm_modulate,
    .attention = odva_vulkan_attention,
    .patchify = odva_vulkan_patchify,
    .unpatchify = odva_vulkan_unpatchify,
    .warp = odva_vulkan_warp,
    .deblock = odva_vulkan_deblock,
    .downscale2x = odva_vulkan_downscale2x,
    .structure_tensors = odva_vulkan_structure_tensors,
    .pack_basis = pack_basis,
    .free_basis = odva_vulkan_free_basis,
    .project = odva_vulkan_project,
    .dct_forward = odva_vulkan_dct_forward,
    .reconstruct = odva_vulkan_reconstruct,
    .axpby = odva_vulkan_axpby,
    .noise = odva_vulkan_noise,
};

int odva_vulkan_backend_open(struct odva_backend **opened, struct odva_vulkan_device *device,
                             const struct onedva_logger *logger)
{
    struct odva_vulkan_backend *backend = calloc(1, sizeof(*backend));
    int status;

    *opened = NULL;
    if (!backend)
        return ONEDVA_ERR_NOMEM;
    status = odva_vulkan_stream_open(&backend->stream, device->gpu, logger);
    if (status < 0) {
        free(backend);
        return status;
    }
    backend->device = device;
    backend->base.ops = &vulkan_ops;
    backend->base.packing = device;
    backend->base.block_rows = BLOCK_ROWS;
    backend->base.network_element = ODVA_FLOAT32;
    *opened = &backend->base;
    return ONEDVA_OK;
}
