/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the parts of the CPU backend share. Each cuts its operators into tasks for the thread pool.
 */
#ifndef ODVA_CPU_TASKS_H
#define ODVA_CPU_TASKS_H

#include "base/thread_pool.h"
#include "kernels/cpu/basis.h"
#include "kernels/cpu/buffer.h"
#include "kernels/cpu/dct.h"
#include "kernels/cpu/operators.h"

struct odva_cpu_backend {
    struct odva_backend base;
    struct odva_thread_pool *pool; /* lent */
    const struct odva_cpu_operators *operators;
    const struct odva_cpu_dct_tables *dct; /* the device's */
    float *scratch;                        /* of all workers */
    size_t scratch_size, worker_scratch;
};

static inline struct odva_cpu_backend *odva_cpu_backend_of(struct odva_backend *backend)
{
    return (struct odva_cpu_backend *)backend;
}

/** Run a loop on the backend's threads. */
static inline void odva_cpu_run(struct odva_backend *backend, int64_t count, odva_task_fn fn,
                                void *opaque)
{
    odva_thread_pool_run(odva_cpu_backend_of(backend)->pool, count, fn, opaque);
}

/** Give every worker that many floats; they lie worker_scratch apart.
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_cpu_reserve_scratch(struct odva_cpu_backend *cpu, size_t floats);

/** A worker's scratch, NULL where the operators need none. */
static inline float *odva_cpu_scratch_of(const struct odva_cpu_backend *cpu, int worker)
{
    return cpu->scratch ? cpu->scratch + worker * cpu->worker_scratch : NULL;
}

static inline const int32_t *odva_cpu_indices(const struct odva_buffer *buffer)
{
    return buffer ? buffer->data : NULL;
}

/* Members of odva_backend_ops. */
int odva_cpu_backend_linear(struct odva_backend *backend, struct odva_matrix dst,
                            struct odva_matrix src, int64_t rows,
                            const struct odva_weights *weights,
                            const struct odva_epilogue *epilogue);
int odva_cpu_backend_linear_chain(struct odva_backend *backend,
                                  const struct odva_linear_step *steps, int count, int64_t rows);
int odva_cpu_backend_norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                                   struct odva_matrix src, int64_t rows, int width,
                                   const struct odva_modulation *modulation);
int odva_cpu_backend_attention(struct odva_backend *backend, struct odva_matrix dst,
                               struct odva_matrix qkv, const struct odva_attention *attention,
                               const struct odva_windows *windows);
int odva_cpu_backend_axpby(struct odva_backend *backend, struct odva_matrix dst, float a,
                           struct odva_matrix x, float b, struct odva_matrix y, int64_t rows,
                           int cols);
int odva_cpu_backend_patchify(struct odva_backend *backend, struct odva_matrix dst,
                              const struct odva_grid *grid, struct odva_image *const *images,
                              const struct odva_buffer *position, int64_t first, int64_t count);
int odva_cpu_backend_unpatchify(struct odva_backend *backend, struct odva_image *const *images,
                                const struct odva_grid *grid, struct odva_matrix src,
                                const struct odva_buffer *position, int64_t first, int64_t count);
int odva_cpu_backend_project(struct odva_backend *backend, struct odva_matrix coefs,
                             const struct odva_grid *grid, struct odva_image *const *images,
                             const struct odva_buffer *position, int64_t first, int64_t count,
                             const struct odva_basis *basis, const struct odva_bands *bands);
int odva_cpu_backend_reconstruct(struct odva_backend *backend, struct odva_image *const *images,
                                 const struct odva_grid *grid, const struct odva_buffer *latents,
                                 const struct odva_basis *basis, const struct odva_bands *bands,
                                 const struct odva_dct_tile *tiles, int count,
                                 struct odva_image *prediction);
int odva_cpu_backend_noise(struct odva_backend *backend, struct odva_matrix dst,
                           const struct odva_buffer *position, int64_t first, int64_t count,
                           uint64_t seed, uint32_t step);
int odva_cpu_backend_warp(struct odva_backend *backend, struct odva_image *const *images,
                          struct odva_image *const *sources, const struct odva_warp *warp,
                          const struct odva_buffer *nodes);
int odva_cpu_backend_deblock(struct odva_backend *backend, struct odva_image *const *images,
                             const struct odva_grid *grid, int limit,
                             const struct odva_buffer *kept);
int odva_cpu_backend_smooth(struct odva_backend *backend, struct odva_image *const *images,
                            const struct odva_grid *grid, int limit,
                            const struct odva_buffer *kept);
int odva_cpu_backend_downscale2x(struct odva_backend *backend, struct odva_image *dst,
                                 struct odva_image *src);
int odva_cpu_backend_structure_tensors(struct odva_backend *backend, struct odva_buffer *tensors,
                                       struct odva_image *a, struct odva_image *b);

#endif
