/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A little of every kind of work, to see a device fail anywhere in it: each function returns a
 * negative status where something failed, and leaves nothing behind. */
#ifndef ODVA_COMPUTATIONS_H
#define ODVA_COMPUTATIONS_H

#include "kernels/backend.h"
#include "tests/support/test.h"

#define COMPUTED_WIDTH 24
#define COMPUTED_ROWS  40

/* A product, which is right. */
static inline int compute(struct odva_backend *backend)
{
    float x[COMPUTED_ROWS * COMPUTED_WIDTH], w[COMPUTED_WIDTH * COMPUTED_WIDTH] = {0},
                                                                y[COMPUTED_ROWS * COMPUTED_WIDTH];
    const struct odva_epilogue plain = {0};
    struct odva_buffer *src = backend->ops->alloc(backend, sizeof(x));
    struct odva_buffer *dst = src ? backend->ops->alloc(backend, sizeof(y)) : NULL;
    struct odva_weights *weights = NULL;
    int status = dst ? ONEDVA_OK : ONEDVA_ERR_NOMEM;

    for (int i = 0; i < COMPUTED_ROWS * COMPUTED_WIDTH; i++)
        x[i] = (float)(i % 97);
    for (int i = 0; i < COMPUTED_WIDTH; i++)
        w[i * COMPUTED_WIDTH + i] = 2;
    if (status >= 0)
        status = backend->ops->upload(backend, src, 0, x, sizeof(x));
    if (status >= 0) {
        weights = backend->device->ops->pack(backend->device, w, COMPUTED_WIDTH, COMPUTED_WIDTH,
                                             ODVA_PRECISION_EXACT);
        status = weights ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
    }
    if (status >= 0)
        status = backend->ops->linear(backend,
                                      (struct odva_matrix){dst, 0, COMPUTED_WIDTH, ODVA_FLOAT32},
                                      (struct odva_matrix){src, 0, COMPUTED_WIDTH, ODVA_FLOAT32},
                                      COMPUTED_ROWS, weights, &plain);
    if (status >= 0)
        status = backend->ops->download(backend, dst, 0, y, sizeof(y));
    for (int i = 0; status >= 0 && i < COMPUTED_ROWS * COMPUTED_WIDTH; i++)
        assert_true(y[i] == 2 * x[i]);
    if (weights)
        backend->device->ops->free_weights(backend->device, weights);
    if (dst)
        backend->ops->free(backend, dst);
    if (src)
        backend->ops->free(backend, src);
    return status;
}

/* Norm and two products, rows between them in memory of the device. */
static inline int compute_chain(struct odva_backend *backend)
{
    float x[COMPUTED_ROWS * COMPUTED_WIDTH] = {1}, w[COMPUTED_WIDTH * COMPUTED_WIDTH] = {1};
    struct odva_buffer *rows = backend->ops->alloc(backend, sizeof(x));
    struct odva_weights *weights = backend->device->ops->pack(backend->device, w, COMPUTED_WIDTH,
                                                              COMPUTED_WIDTH, ODVA_PRECISION_EXACT);
    const struct odva_matrix matrix = {rows, 0, COMPUTED_WIDTH, ODVA_FLOAT32};
    const struct odva_modulation norm = {0};
    const struct odva_linear_step steps[2] = {
        {.src = matrix, .norm = &norm, .weights = weights},
        {.dst = matrix, .weights = weights, .epilogue = {.add = matrix}}};
    int status = rows && weights ? ONEDVA_OK : ONEDVA_ERR_NOMEM;

    if (status >= 0)
        status = backend->ops->upload(backend, rows, 0, x, sizeof(x));
    if (status >= 0)
        status = backend->ops->linear_chain(backend, steps, 2, COMPUTED_ROWS);
    if (status >= 0)
        status = backend->ops->download(backend, rows, 0, x, sizeof(x));
    if (weights)
        backend->device->ops->free_weights(backend->device, weights);
    if (rows)
        backend->ops->free(backend, rows);
    return status;
}

/* Gradients of a picture of the host and its copy, into memory of the host; and the copy's half. */
static inline int compute_tensors(struct odva_backend *backend)
{
    uint8_t samples[3][16 * 16] = {{1}};
    const struct onedva_picture picture = {{samples[0], samples[1], samples[2]}, {16, 8, 8}};
    struct odva_structure_tensor tensors[16];
    struct odva_image *wrapped = backend->ops->image_wrap(backend, &picture, 16, 16, 8);
    struct odva_image *image = backend->ops->image_alloc(backend, NULL, 16, 16, 8);
    struct odva_image *half = backend->ops->image_alloc(backend, NULL, 8, 8, 8);
    struct odva_buffer *results = backend->ops->wrap(backend, tensors, sizeof(tensors));
    int status = wrapped && image && half && results ? ONEDVA_OK : ONEDVA_ERR_NOMEM;

    if (status >= 0)
        status = backend->ops->image_copy(backend, image, wrapped);
    if (status >= 0)
        status = backend->ops->structure_tensors(backend, results, image, wrapped);
    if (status >= 0)
        status = backend->ops->downscale2x(backend, half, image);
    if (status >= 0)
        status = backend->ops->image_copy(backend, wrapped, image);
    if (status >= 0)
        status = backend->ops->synchronize(backend);
    if (status >= 0)
        assert_true(tensors[0].xx == 8 && tensors[0].ee == 0 && tensors[15].xx == 0);
    if (results)
        backend->ops->free(backend, results);
    if (image)
        backend->ops->image_free(backend, image);
    if (half)
        backend->ops->image_free(backend, half);
    if (wrapped)
        backend->ops->image_free(backend, wrapped);
    return status;
}

/* Pictures from latents: all tables of a tile are of one number. */
static inline int compute_pictures(struct odva_backend *backend)
{
    static const int16_t vectors[ODVA_FRAME_SAMPLES] = {16384}, mean[ODVA_FRAME_SAMPLES] = {1024};
    const int32_t zero = 0;
    struct odva_device *device = backend->device;
    struct odva_basis *basis = device->ops->pack_basis(device, vectors, 1, mean);
    struct odva_buffer *number = device->ops->constant(device, &zero, sizeof(zero));
    struct odva_image *image = backend->ops->image_alloc(backend, NULL, 16, 16, 8);
    const struct odva_grid grid = {
        .frames = 1, .width = 16, .height = 16, .gt = 1, .gy = 1, .gx = 1, .patches = 1};
    const struct odva_bands bands = {{1, 0, 0, 0}, 1};
    const struct odva_dct_tile tile = {
        .nt = 1, .ny = 1, .nx = 1, .coefficients = 1, .rows = number, .order = number};
    int status = basis && number && image ? ONEDVA_OK : ONEDVA_ERR_NOMEM;

    if (status >= 0)
        status = backend->ops->reconstruct(backend, &image, &grid, number, basis, &bands, &tile, 1,
                                           NULL);
    if (status >= 0)
        status = backend->ops->deblock(backend, &image, &grid, 1, NULL);
    if (status >= 0)
        status = backend->ops->smooth(backend, &image, &grid, 1, NULL);
    if (status >= 0)
        status = backend->ops->synchronize(backend);
    if (basis)
        device->ops->free_basis(device, basis);
    if (number)
        device->ops->free_constant(device, number);
    if (image)
        backend->ops->image_free(backend, image);
    return status;
}

/* All of them. */
static inline int compute_all(struct odva_backend *backend)
{
    int status;

    if ((status = compute(backend)) >= 0 && (status = compute_chain(backend)) >= 0 &&
        (status = compute_tensors(backend)) >= 0)
        status = compute_pictures(backend);
    return status;
}

#endif
