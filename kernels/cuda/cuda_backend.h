/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The backend that runs on a GPU by CUDA. */
#ifndef ODVA_CUDA_BACKEND_H
#define ODVA_CUDA_BACKEND_H

#include "kernels/backend.h"
#include "kernels/cuda/cuda_device.h"
#include "kernels/cuda/image.h"

struct odva_weights {
    int n_out, n_in;
    int is_rounded;                   /* to bfloat16, and padded by zeros, for linear_bf16 */
    int is_large;                     /* cuBLASLt would multiply by them */
    const struct odva_cublas *cublas; /* NULL: it does not */
    odva_cuda_address numbers;        /* [n_out][n_in] */
};

/** The vectors in both directions, as kernels read them. */
struct odva_basis {
    int count;
    odva_cuda_address numbers; /* int16: mean, forward, inverse */
    size_t forward;            /* bytes: struct odva_cuda_pair [192][count] */
    size_t inverse;            /* bytes: [count][384] */
};

struct odva_cuda_backend {
    struct odva_backend base;
    struct odva_cuda_stream stream;
    int has_said_cublas;        /* that there is none */
    struct odva_image *wrapped; /* those that stand for planes of the host */
};

/** Member of odva_device_ops. */
struct odva_backend *odva_cuda_backend_open(struct odva_device *device,
                                            struct odva_thread_pool *pool,
                                            const struct onedva_logger *logger);

static inline struct odva_cuda_backend *odva_cuda_backend_of(struct odva_backend *backend)
{
    return (struct odva_cuda_backend *)backend;
}

static inline const struct odva_cuda_device *odva_cuda_device_of(const struct odva_backend *backend)
{
    return (const struct odva_cuda_device *)backend->device;
}

static inline struct odva_cuda_stream *odva_cuda_stream_of(struct odva_backend *backend)
{
    return &odva_cuda_backend_of(backend)->stream;
}

/** Where a byte of a buffer is, for kernels. */
static inline void *odva_cuda_at(const struct odva_buffer *buffer, int64_t byte)
{
    return buffer ? (void *)(uintptr_t)(buffer->address + byte) : NULL;
}

/** Where row 0 begins; NULL: no buffer. */
static inline float *odva_cuda_rows(struct odva_matrix matrix)
{
    return odva_cuda_at(matrix.buffer, matrix.offset * (int64_t)sizeof(float));
}

/** Where row 0 begins of a matrix that a kernel writes. */
static inline float *odva_cuda_rows_to_write(struct odva_matrix matrix)
{
    odva_cuda_written(matrix.buffer);
    return odva_cuda_rows(matrix);
}

/** Where index first is; NULL: no buffer. */
static inline const int32_t *odva_cuda_indices(const struct odva_buffer *buffer, int64_t first)
{
    return odva_cuda_at(buffer, first * (int64_t)sizeof(int32_t));
}

static inline struct odva_cuda_grid odva_cuda_grid_of(const struct odva_grid *grid)
{
    return (struct odva_cuda_grid){grid->frames, grid->width, grid->height, grid->gy, grid->gx};
}

/* Members of odva_backend_ops. */
int odva_cuda_linear(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix src,
                     int64_t rows, const struct odva_weights *weights,
                     const struct odva_epilogue *epilogue);
int odva_cuda_linear_chain(struct odva_backend *backend, const struct odva_linear_step *steps,
                           int count, int64_t rows);
int odva_cuda_attention(struct odva_backend *backend, struct odva_matrix dst,
                        struct odva_matrix qkv, const struct odva_attention *attention,
                        const struct odva_windows *windows);
int odva_cuda_norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                            struct odva_matrix src, int64_t rows, int width,
                            const struct odva_modulation *modulation);
int odva_cuda_axpby(struct odva_backend *backend, struct odva_matrix dst, float a,
                    struct odva_matrix x, float b, struct odva_matrix y, int64_t rows, int cols);
int odva_cuda_noise(struct odva_backend *backend, struct odva_matrix dst,
                    const struct odva_buffer *position, int64_t first, int64_t count, uint64_t seed,
                    uint32_t step);

int odva_cuda_patchify(struct odva_backend *backend, struct odva_matrix dst,
                       const struct odva_grid *grid, struct odva_image *const *images,
                       const struct odva_buffer *position, int64_t first, int64_t count);
int odva_cuda_unpatchify(struct odva_backend *backend, struct odva_image *const *images,
                         const struct odva_grid *grid, struct odva_matrix src,
                         const struct odva_buffer *position, int64_t first, int64_t count);
int odva_cuda_warp(struct odva_backend *backend, struct odva_image *const *images,
                   struct odva_image *const *sources, const struct odva_warp *warp,
                   const struct odva_buffer *nodes);
int odva_cuda_deblock(struct odva_backend *backend, struct odva_image *const *images,
                      const struct odva_grid *grid, int limit, const struct odva_buffer *kept);
int odva_cuda_smooth(struct odva_backend *backend, struct odva_image *const *images,
                     const struct odva_grid *grid, int limit, const struct odva_buffer *kept);
int odva_cuda_downscale2x(struct odva_backend *backend, struct odva_image *dst,
                          struct odva_image *src);
int odva_cuda_structure_tensors(struct odva_backend *backend, struct odva_buffer *tensors,
                                struct odva_image *a, struct odva_image *b);
int odva_cuda_project(struct odva_backend *backend, struct odva_matrix coefs,
                      const struct odva_grid *grid, struct odva_image *const *images,
                      const struct odva_buffer *position, int64_t first, int64_t count,
                      const struct odva_basis *basis, const struct odva_bands *bands);
int odva_cuda_dct_forward(struct odva_backend *backend, struct odva_buffer *latents,
                          const struct odva_buffer *coefs, int basis,
                          const struct odva_dct_tile *tiles, int count);
int odva_cuda_reconstruct(struct odva_backend *backend, struct odva_image *const *images,
                          const struct odva_grid *grid, const struct odva_buffer *latents,
                          const struct odva_basis *basis, const struct odva_bands *bands,
                          const struct odva_dct_tile *tiles, int count,
                          struct odva_image *prediction);

#endif
