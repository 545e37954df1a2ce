/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The CPU backend itself: memory, transform and what it consists of. */
#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "kernels/cpu/cpu_device.h"
#include "kernels/cpu/cpu_tasks.h"
#include "kernels/cpu/image.h"

#define BLOCK_ROWS 96 /* per worker */
#define MAX_BLOCK  6144

int odva_cpu_reserve_scratch(struct odva_cpu_backend *cpu, size_t floats)
{
    const size_t step = (floats + 15) / 16 * 16;
    const size_t size = step * odva_thread_pool_workers(cpu->pool);

    cpu->worker_scratch = step;
    if (size <= cpu->scratch_size)
        return ONEDVA_OK;
    free(cpu->scratch);
    cpu->scratch = odva_cpu_alloc(size * sizeof(float));
    cpu->scratch_size = cpu->scratch ? size : 0;
    return cpu->scratch ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* ---- memory ------------------------------------------------------------------------------ */

static void cpu_close(struct odva_backend *backend)
{
    free(odva_cpu_backend_of(backend)->scratch);
    free(backend);
}

struct odva_buffer *odva_cpu_buffer_alloc(size_t bytes)
{
    struct odva_buffer *buffer = malloc(sizeof(*buffer));

    if (!buffer)
        return NULL;
    *buffer = (struct odva_buffer){.bytes = bytes, .data = odva_cpu_alloc(bytes)};
    if (!buffer->data) {
        free(buffer);
        return NULL;
    }
    return buffer;
}

void odva_cpu_buffer_free(struct odva_buffer *buffer)
{
    if (!buffer->is_wrapped)
        free(buffer->data);
    free(buffer);
}

static struct odva_buffer *buffer_alloc(struct odva_backend *backend, size_t bytes)
{
    (void)backend;
    return odva_cpu_buffer_alloc(bytes);
}

static struct odva_buffer *buffer_wrap(struct odva_backend *backend, void *memory, size_t bytes)
{
    struct odva_buffer *buffer = malloc(sizeof(*buffer));

    (void)backend;
    if (buffer)
        *buffer = (struct odva_buffer){.bytes = bytes, .data = memory, .is_wrapped = 1};
    return buffer;
}

static void buffer_free(struct odva_backend *backend, struct odva_buffer *buffer)
{
    (void)backend;
    odva_cpu_buffer_free(buffer);
}

static int upload(struct odva_backend *backend, struct odva_buffer *buffer, size_t offset,
                  const void *data, size_t bytes)
{
    (void)backend;
    if (bytes)
        memcpy((char *)buffer->data + offset, data, bytes);
    return ONEDVA_OK;
}

static int download(struct odva_backend *backend, const struct odva_buffer *buffer, size_t offset,
                    void *data, size_t bytes)
{
    (void)backend;
    if (bytes)
        memcpy(data, (const char *)buffer->data + offset, bytes);
    return ONEDVA_OK;
}

static size_t buffer_size(const struct odva_buffer *buffer)
{
    return buffer->bytes;
}

static int synchronize(struct odva_backend *backend)
{
    (void)backend;
    return ONEDVA_OK;
}

/* ---- transform --------------------------------------------------------------------------- */

struct dct_job {
    const struct odva_cpu_backend *cpu;
    float *latents;
    const float *coefs;
    int basis;
    const struct odva_dct_tile *tiles;
};

static void forward_task(void *opaque, int64_t index, int worker)
{
    const struct dct_job *job = opaque;
    const struct odva_dct_tile *tile = &job->tiles[index];
    const int32_t *order = odva_cpu_indices(tile->order);
    const int32_t *rows = odva_cpu_indices(tile->rows);
    const int patches = tile->nt * tile->ny * tile->nx, count = patches * job->basis;
    const int basis = job->basis;
    float *data = odva_cpu_scratch_of(job->cpu, worker), *latents = job->latents + tile->offset;
    const float *y;

    for (int i = 0; i < patches; i++)
        memcpy(data + (size_t)i * job->basis,
               job->coefs + tile->coefs + (size_t)rows[i] * job->basis, job->basis * sizeof(*data));
    y = odva_cpu_dct_tile(job->cpu->operators, job->cpu->dct, data, tile->nt, tile->ny, tile->nx,
                          job->basis, data + count);
    for (int i = 0; i < tile->coefficients; i++)
        latents[i] = y[(order[i] >> ODVA_ORDER_BITS) * basis + (order[i] & ODVA_ORDER_MASK)];
}

static int dct_forward(struct odva_backend *backend, struct odva_buffer *latents,
                       const struct odva_buffer *coefs, int basis,
                       const struct odva_dct_tile *tiles, int count)
{
    struct dct_job job = {.cpu = odva_cpu_backend_of(backend),
                          .latents = latents->data,
                          .coefs = coefs->data,
                          .basis = basis,
                          .tiles = tiles};
    const int status = odva_cpu_reserve_scratch(odva_cpu_backend_of(backend),
                                                (size_t)2 * ODVA_TILE_PATCHES * basis);

    if (status < 0)
        return status;
    odva_cpu_run(backend, count, forward_task, &job);
    return ONEDVA_OK;
}

static const struct odva_backend_ops cpu_ops = {
    .close = cpu_close,
    .alloc = buffer_alloc,
    .wrap = buffer_wrap,
    .free = buffer_free,
    .buffer_size = buffer_size,
    .upload = upload,
    .download = download,
    .image_alloc = odva_cpu_image_alloc,
    .image_wrap = odva_cpu_image_wrap,
    .image_free = odva_cpu_image_free,
    .image_shape = odva_cpu_image_shape,
    .image_copy = odva_cpu_image_copy,
    .synchronize = synchronize,
    .linear = odva_cpu_backend_linear,
    .linear_chain = odva_cpu_backend_linear_chain,
    .norm_modulate = odva_cpu_backend_norm_modulate,
    .attention = odva_cpu_backend_attention,
    .patchify = odva_cpu_backend_patchify,
    .unpatchify = odva_cpu_backend_unpatchify,
    .warp = odva_cpu_backend_warp,
    .deblock = odva_cpu_backend_deblock,
    .smooth = odva_cpu_backend_smooth,
    .downscale2x = odva_cpu_backend_downscale2x,
    .structure_tensors = odva_cpu_backend_structure_tensors,
    .project = odva_cpu_backend_project,
    .dct_forward = dct_forward,
    .reconstruct = odva_cpu_backend_reconstruct,
    .axpby = odva_cpu_backend_axpby,
    .noise = odva_cpu_backend_noise,
};

struct odva_backend *odva_cpu_backend_open(struct odva_device *device,
                                           struct odva_thread_pool *pool,
                                           const struct onedva_logger *logger)
{
    const struct odva_cpu_device *cpu_device = (const struct odva_cpu_device *)device;
    const int workers = odva_thread_pool_workers(pool);
    struct odva_cpu_backend *cpu = calloc(1, sizeof(*cpu));

    if (!cpu)
        return NULL;
    cpu->base.ops = &cpu_ops;
    cpu->base.block_rows = odva_min64(BLOCK_ROWS * workers, MAX_BLOCK);
    cpu->pool = pool;
    cpu->operators = cpu_device->operators;
    cpu->dct = &cpu_device->dct;
    odva_log(logger, ONEDVA_LOG_DEBUG, "all operators run on backend cpu: %s, %d threads",
             cpu->operators->name, workers);
    return &cpu->base;
}
