/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The backend that runs on a Vulkan device. */
#ifndef ODVA_VULKAN_BACKEND_H
#define ODVA_VULKAN_BACKEND_H

#include "kernels/backend.h"
#include "kernels/vulkan/image.h"
#include "kernels/vulkan/vulkan_device.h"

#define ODVA_VULKAN_DEPTH 16 /* inputs of a product that kernels take at a time */

struct odva_weights {
    int n_out, n_in;
    int is_half;                 /* numbers are of 16 bits */
    struct odva_buffer *numbers; /* [n_out][n_in, and zeros to a multiple of ODVA_VULKAN_DEPTH] */
};

/** Vectors two numbers to a word, in both directions. */
struct odva_basis {
    int count;
    struct odva_buffer *words; /* mean, forward, inverse */
    VkDeviceSize forward;      /* bytes: [192][count]: samples 2p, 2p + 1 of each vector */
    VkDeviceSize inverse;      /* bytes: [count][192]: the same, vector by vector */
};

struct odva_vulkan_backend {
    struct odva_backend base;
    struct odva_vulkan_stream stream;
    struct odva_image *wrapped; /* those that stand for planes of the host */
};

/** Member of odva_device_ops. */
struct odva_backend *odva_vulkan_backend_open(struct odva_device *device,
                                              struct odva_thread_pool *pool,
                                              const struct onedva_logger *logger);

static inline struct odva_vulkan_backend *odva_vulkan_backend_of(struct odva_backend *backend)
{
    return (struct odva_vulkan_backend *)backend;
}

static inline const struct odva_vulkan_device *
odva_vulkan_device_of(const struct odva_backend *backend)
{
    return (const struct odva_vulkan_device *)backend->device;
}

static inline struct odva_vulkan_stream *odva_vulkan_stream_of(struct odva_backend *backend)
{
    return &odva_vulkan_backend_of(backend)->stream;
}

/** Where row 0 begins; 0: no buffer. */
static inline VkDeviceAddress odva_vulkan_rows(struct odva_matrix matrix)
{
    return matrix.buffer ? odva_vulkan_address(matrix.buffer) + matrix.offset * sizeof(float) : 0;
}

/** Where row 0 begins of a matrix that a kernel writes. */
static inline VkDeviceAddress odva_vulkan_rows_to_write(struct odva_matrix matrix)
{
    if (matrix.buffer)
        odva_vulkan_written(matrix.buffer);
    return odva_vulkan_rows(matrix);
}

/** Where index first is; 0: no buffer. */
static inline VkDeviceAddress odva_vulkan_indices(const struct odva_buffer *buffer, int64_t first)
{
    return buffer ? odva_vulkan_address(buffer) + first * sizeof(int32_t) : 0;
}

/** Groups for so many pieces of work; each goes on in steps of all groups. */
static inline uint32_t odva_vulkan_groups(int64_t count)
{
    return (uint32_t)(count < ODVA_VULKAN_GROUPS ? count : ODVA_VULKAN_GROUPS);
}

static inline struct odva_matrix odva_vulkan_from_row(struct odva_matrix matrix, int64_t row)
{
    matrix.offset += row * matrix.stride;
    return matrix;
}

#define ODVA_VULKAN_ROWS (1 << 18) /* of a dispatch */

/** Rows whose numbers a shader can count, and not too many groups. */
static inline int64_t odva_vulkan_rows_at_once(int64_t stride)
{
    const int64_t rows = UINT32_MAX / (stride + 1);

    return rows < ODVA_VULKAN_ROWS ? rows : ODVA_VULKAN_ROWS;
}

/** Grid of planes.glsl. */
struct odva_vulkan_grid_argument {
    uint32_t frames, width, height, rows, columns;
};

struct odva_vulkan_grid_argument odva_vulkan_grid_of(const struct odva_grid *grid);

/** Patches of pictures and a row of numbers for each: parameters of odva_backend_ops.patchify. */
struct odva_vulkan_patches {
    struct odva_matrix rows;
    const struct odva_grid *grid;
    struct odva_image *const *images;
    const struct odva_buffer *position;
    int64_t first, count;
};

/** What a kernel of such patches has first among its arguments. */
struct odva_vulkan_patch_arguments {
    struct odva_vulkan_images_argument pictures;
    VkDeviceAddress rows, position;
    uint32_t stride, count;
    struct odva_vulkan_grid_argument grid;
};

/** Run a kernel for all patches. @param arguments are filled; others follow, bytes together */
int odva_vulkan_run_patches(struct odva_backend *backend, const struct odva_vulkan_kernel *kernel,
                            const struct odva_vulkan_patches *patches,
                            enum odva_vulkan_access access,
                            struct odva_vulkan_patch_arguments *arguments, size_t bytes);

/* Members of odva_backend_ops. */
int odva_vulkan_linear(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix src,
                       int64_t rows, const struct odva_weights *weights,
                       const struct odva_epilogue *epilogue);
int odva_vulkan_linear_chain(struct odva_backend *backend, const struct odva_linear_step *steps,
                             int count, int64_t rows);
int odva_vulkan_norm_modulate(struct odva_backend *backend, struct odva_matrix dst,
                              struct odva_matrix src, int64_t rows, int width,
                              const struct odva_modulation *modulation);
int odva_vulkan_attention(struct odva_backend *backend, struct odva_matrix dst,
                          struct odva_matrix qkv, const struct odva_attention *attention,
                          const struct odva_windows *windows);
int odva_vulkan_axpby(struct odva_backend *backend, struct odva_matrix dst, float a,
                      struct odva_matrix x, float b, struct odva_matrix y, int64_t rows, int cols);
int odva_vulkan_noise(struct odva_backend *backend, struct odva_matrix dst,
                      const struct odva_buffer *position, int64_t first, int64_t count,
                      uint64_t seed, uint32_t step);

int odva_vulkan_patchify(struct odva_backend *backend, struct odva_matrix dst,
                         const struct odva_grid *grid, struct odva_image *const *images,
                         const struct odva_buffer *position, int64_t first, int64_t count);
int odva_vulkan_unpatchify(struct odva_backend *backend, struct odva_image *const *images,
                           const struct odva_grid *grid, struct odva_matrix src,
                           const struct odva_buffer *position, int64_t first, int64_t count);
int odva_vulkan_warp(struct odva_backend *backend, struct odva_image *const *images,
                     struct odva_image *const *sources, const struct odva_warp *warp,
                     const struct odva_buffer *nodes);
int odva_vulkan_deblock(struct odva_backend *backend, struct odva_image *const *images,
                        const struct odva_grid *grid, int limit, const struct odva_buffer *kept);
int odva_vulkan_smooth(struct odva_backend *backend, struct odva_image *const *images,
                       const struct odva_grid *grid, int limit, const struct odva_buffer *kept);
int odva_vulkan_downscale2x(struct odva_backend *backend, struct odva_image *dst,
                            struct odva_image *src);
int odva_vulkan_structure_tensors(struct odva_backend *backend, struct odva_buffer *tensors,
                                  struct odva_image *a, struct odva_image *b);
int odva_vulkan_project(struct odva_backend *backend, struct odva_matrix coefs,
                        const struct odva_grid *grid, struct odva_image *const *images,
                        const struct odva_buffer *position, int64_t first, int64_t count,
                        const struct odva_basis *basis, const struct odva_bands *bands);
int odva_vulkan_dct_forward(struct odva_backend *backend, struct odva_buffer *latents,
                            const struct odva_buffer *coefs, int basis,
                            const struct odva_dct_tile *tiles, int count);
int odva_vulkan_reconstruct(struct odva_backend *backend, struct odva_image *const *images,
                            const struct odva_grid *grid, const struct odva_buffer *latents,
                            const struct odva_basis *basis, const struct odva_bands *bands,
                            const struct odva_dct_tile *tiles, int count,
                            struct odva_image *prediction);

#endif
