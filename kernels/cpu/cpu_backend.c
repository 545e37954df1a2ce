/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The CPU backend itself: memory, transform and what it consists of. */
#include "kernels/cpu/cpu_backend.h"

#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "kernels/cpu/cpu_tasks.h"

#define BLOCK_ROWS 96 /* per worker */
#define MAX_BLOCK  6144

int odva_cpu_reserve_scratch(struct odva_cpu_backend *cpu, size_t floats)
{
    const size_t step = (floats + 15) / 16 * 16;
    const size_t size = step * odva_backend_workers(&cpu->base);

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
    odva_thread_pool_close(&backend->pool);
    free(odva_cpu_backend_of(backend)->scratch);
    free(backend);
}

static struct odva_buffer *buffer_alloc(struct odva_backend *backend, size_t bytes)
{
    struct odva_buffer *buffer = malloc(sizeof(*buffer));

    (void)backend;
    if (!buffer)
        return NULL;
    buffer->bytes = bytes;
    buffer->data = odva_cpu_alloc(bytes);
    if (!buffer->data) {
        free(buffer);
        return NULL;
    }
    return buffer;
}

static void buffer_free(struct odva_backend *backend, struct odva_buffer *buffer)
{
    (void)backend;
    free(buffer->data);
    free(buffer);
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

static struct odva_weights *pack(struct odva_backend *backend, const float *weights, int n_out,
                                 int n_in, enum odva_precision precision)
{
    return odva_cpu_weights_pack(weights, n_out, n_in, precision,
                                 odva_cpu_backend_of(backend)->operators);
}

static size_t buffer_size(const struct odva_buffer *buffer)
{
    return buffer->bytes;
}

static void weights_size(const struct odva_weights *weights, int *n_out, int *n_in)
{
    *n_out = weights->n_out;
    *n_in = weights->n_in;
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
    y = odva_cpu_dct_tile(job->cpu->operators, &job->cpu->dct, data, tile->nt, tile->ny, tile->nx,
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
    odva_backend_parallel_for(backend, count, forward_task, &job);
    return ONEDVA_OK;
}

static struct odva_basis *pack_basis(struct odva_backend *backend, const int16_t *vectors,
                                     int count, const int16_t *mean)
{
    (void)backend;
    return odva_cpu_basis_pack(vectors, count, mean);
}

static const struct odva_backend_ops cpu_ops = {
    .close = cpu_close,
    .alloc = buffer_alloc,
    .free = buffer_free,
    .buffer_size = buffer_size,
    .upload = upload,
    .download = download,
    .pack = pack,
    .free_weights = odva_cpu_weights_free,
    .weights_size = weights_size,
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
    .pack_basis = pack_basis,
    .free_basis = odva_cpu_basis_free,
    .project = odva_cpu_backend_project,
    .dct_forward = dct_forward,
    .reconstruct = odva_cpu_backend_reconstruct,
    .axpby = odva_cpu_backend_axpby,
    .noise = odva_cpu_backend_noise,
};

int odva_cpu_backend_probe(void)
{
    return 1;
}

int odva_cpu_backend_open(struct odva_backend **backend, int threads, int bitexact,
                          enum onedva_precision precision, const struct onedva_logger *logger)
{
    const struct odva_cpu_operators *operators = odva_cpu_operators_choose(bitexact, precision);
    struct odva_cpu_backend *cpu;

    *backend = NULL;
    if (!operators) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "ONEDVA_CPU=%s cannot run here; use c, or unset it for the fastest",
                 getenv("ONEDVA_CPU"));
        return ONEDVA_ERR_UNSUPPORTED;
    }
    cpu = calloc(1, sizeof(*cpu));
    if (!cpu)
        return ONEDVA_ERR_NOMEM;
    cpu->base.ops = &cpu_ops;
    cpu->base.packing = operators;
    cpu->operators = operators;
    if (odva_thread_pool_open(&cpu->base.pool, threads) < 0) {
        free(cpu);
        return ONEDVA_ERR_NOMEM;
    }
    cpu->base.block_rows = odva_min64(BLOCK_ROWS * odva_backend_workers(&cpu->base), MAX_BLOCK);
    cpu->base.network_element = operators->network_element;
    odva_cpu_dct_tables_init(&cpu->dct);
    odva_log(logger, ONEDVA_LOG_DEBUG, "backend cpu, %s, %d threads", operators->name,
             odva_backend_workers(&cpu->base));
    *backend = &cpu->base;
    return ONEDVA_OK;
}
