/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transform/linear_path.h"

#include <stdlib.h>

#include "model/model.h"
#include "model/model_weights.h"

#define PATCH ODVA_PATCH_SAMPLES

/* (shift - mu) U, in double because its terms are all of one sign in flat areas. */
static void project_mean(float *dst, const struct odva_model_weights *weights, int basis,
                         double shift)
{
    for (int k = 0; k < basis; k++) {
        double sum = 0.0;

        for (int i = 0; i < PATCH; i++)
            sum += (shift - weights->mu[i]) * weights->basis[(size_t)k * PATCH + i];
        dst[k] = (float)sum;
    }
}

/* @param scale,shift a number x of the model's domain is patchify's number times scale, plus shift
 */
static int open_forward(struct odva_linear_path *path, const struct odva_model_weights *weights,
                        double scale, double shift, enum odva_precision precision)
{
    const int basis = path->basis;
    float *scaled = malloc((size_t)basis * PATCH * sizeof(*scaled));
    float *mean = malloc(basis * sizeof(*mean));
    int status = ONEDVA_ERR_NOMEM;

    if (scaled && mean) {
        project_mean(mean, weights, basis, shift);
        for (int i = 0; i < basis * PATCH; i++)
            scaled[i] = (float)(weights->basis[i] * scale);
        status = odva_linear_layer_open(&path->forward, path->backend, scaled, mean, basis, PATCH,
                                        precision);
    }
    free(scaled);
    free(mean);
    return status;
}

static int open_inverse(struct odva_linear_path *path, const struct odva_model_weights *weights)
{
    const int basis = path->basis;
    float *transposed = malloc((size_t)PATCH * basis * sizeof(*transposed));
    int status;

    if (!transposed)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < PATCH; i++)
        for (int k = 0; k < basis; k++)
            transposed[(size_t)i * basis + k] = weights->basis[(size_t)k * PATCH + i];
    status = odva_linear_layer_open(&path->inverse, path->backend, transposed, weights->mu, PATCH,
                                    basis, ODVA_PRECISION_EXACT);
    free(transposed);
    return status;
}

/* Samples are whole numbers, which bfloat16 holds: only the basis is rounded. */
static int open_layers(struct odva_linear_path *path, const struct odva_model_weights *weights)
{
    const int status =
        path->backend->sample_element == ODVA_BFLOAT16
            ? open_forward(path, weights, 1.0 / 127.5, 128.0 / 127.5 - 1.0, ODVA_PRECISION_NETWORK)
            : open_forward(path, weights, 1.0, 0.0, ODVA_PRECISION_EXACT);

    return status < 0 ? status : open_inverse(path, weights);
}

int odva_linear_path_open(struct odva_linear_path *path, const struct onedva_model *model,
                          struct odva_backend *backend, struct odva_scan_cache *scans)
{
    int status;

    *path =
        (struct odva_linear_path){.backend = backend, .scans = scans, .basis = model->config.basis};
    status = open_layers(path, model->weights);
    if (status == ONEDVA_OK)
        status = odva_device_array_reserve(backend, &path->block, backend->block_rows * PATCH,
                                           sizeof(float));
    if (status < 0)
        odva_linear_path_close(path);
    return status;
}

static void free_shape(struct odva_linear_path *path, struct odva_tile_shape *shape)
{
    struct odva_backend *backend = path->backend;

    if (shape->order)
        backend->ops->free(backend, shape->order);
    if (shape->rows)
        backend->ops->free(backend, shape->rows);
    *shape = (struct odva_tile_shape){0};
}

void odva_linear_path_close(struct odva_linear_path *path)
{
    struct odva_backend *backend = path->backend;

    if (!backend)
        return;
    odva_linear_layer_close(&path->forward, backend);
    odva_linear_layer_close(&path->inverse, backend);
    for (int t = 0; t < 4; t++)
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 8; x++)
                free_shape(path, &path->shapes[t][y][x]);
    odva_device_array_free(backend, &path->position);
    odva_device_array_free(backend, &path->coefs);
    odva_device_array_free(backend, &path->latents);
    odva_device_array_free(backend, &path->block);
    free(path->tiles);
    *path = (struct odva_linear_path){0};
}

/* A new buffer of indices. @return NULL when memory ran out */
static struct odva_buffer *upload_indices(struct odva_backend *backend, const int32_t *data,
                                          int count)
{
    struct odva_buffer *buffer = backend->ops->alloc(backend, count * sizeof(*data));

    if (buffer && backend->ops->upload(backend, buffer, 0, data, count * sizeof(*data)) < 0) {
        backend->ops->free(backend, buffer);
        return NULL;
    }
    return buffer;
}

/* The scan of a tile's shape with k innermost, as the transform stores it, and its patches' places.
 */
static int make_shape(struct odva_linear_path *path, struct odva_tile_shape *shape, int nt, int ny,
                      int nx)
{
    const struct odva_scan *scan = odva_scan_get(path->scans, nt, ny, nx);
    const int patches = nt * ny * nx;
    int32_t *indices;

    if (!scan)
        return ONEDVA_ERR_NOMEM;
    indices = malloc(scan->count * sizeof(*indices));
    if (!indices)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < scan->count; i++)
        indices[i] = scan->position[i] % patches * path->basis + scan->position[i] / patches;
    shape->order = upload_indices(path->backend, indices, scan->count);
    odva_tile_rows(indices, nt, ny, nx);
    shape->rows = upload_indices(path->backend, indices, patches);
    free(indices);
    if (shape->order && shape->rows)
        return ONEDVA_OK;
    free_shape(path, shape);
    return ONEDVA_ERR_NOMEM;
}

static int place_tiles(struct odva_linear_path *path, const struct odva_grid *grid)
{
    if (grid->tile_count > path->tile_capacity) {
        free(path->tiles);
        path->tile_capacity = 0;
        path->tiles = malloc(grid->tile_count * sizeof(*path->tiles));
        if (!path->tiles)
            return ONEDVA_ERR_NOMEM;
        path->tile_capacity = grid->tile_count;
    }
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *tile = &grid->tiles[i];
        struct odva_tile_shape *shape = &path->shapes[tile->nt - 1][tile->ny - 1][tile->nx - 1];
        const int status =
            shape->order ? ONEDVA_OK : make_shape(path, shape, tile->nt, tile->ny, tile->nx);

        if (status < 0)
            return status;
        path->tiles[i] = (struct odva_dct_tile){.nt = tile->nt,
                                                .ny = tile->ny,
                                                .nx = tile->nx,
                                                .offset = path->basis * tile->first_patch,
                                                .order = shape->order,
                                                .rows = shape->rows};
    }
    return ONEDVA_OK;
}

static int place_patches(struct odva_linear_path *path, const struct odva_grid *grid)
{
    int32_t *position = malloc(grid->patches * sizeof(*position));
    int status;

    if (!position)
        return ONEDVA_ERR_NOMEM;
    for (int y = 0; y < grid->gy; y++)
        for (int x = 0; x < grid->gx; x++)
            for (int t = 0; t < grid->gt; t++)
                position[grid->place[(size_t)y * grid->gx + x] + t] =
                    (t * grid->gy + y) * grid->gx + x;
    status = odva_device_array_set(path->backend, &path->position, position, grid->patches,
                                   sizeof(*position));
    free(position);
    return status;
}

int odva_linear_path_set_grid(struct odva_linear_path *path, const struct odva_grid *grid)
{
    const int64_t count = grid->patches * path->basis;
    int status;

    if (path->frames == grid->frames && path->width == grid->width && path->height == grid->height)
        return ONEDVA_OK;
    path->frames = 0; /* no grid is valid until the end */
    if ((status = place_patches(path, grid)) < 0 ||
        (status = odva_device_array_reserve(path->backend, &path->coefs, count, sizeof(float))) <
            0 ||
        (status = odva_device_array_reserve(path->backend, &path->latents, count, sizeof(float))) <
            0)
        return status;
    path->frames = grid->frames;
    path->width = grid->width;
    path->height = grid->height;
    return ONEDVA_OK;
}

static int64_t block_count(const struct odva_linear_path *path, int64_t left)
{
    return left < path->backend->block_rows ? left : path->backend->block_rows;
}

int odva_linear_path_project(struct odva_linear_path *path, const struct odva_grid *grid,
                             const struct onedva_const_picture *pictures)
{
    struct odva_backend *backend = path->backend;
    struct odva_matrix block = odva_device_array_rows(&path->block, 0, PATCH);
    int64_t count;
    int status;

    block.element = backend->sample_element;
    for (int64_t first = 0; first < grid->patches; first += count) {
        count = block_count(path, grid->patches - first);
        status = backend->ops->patchify(backend, block, grid, pictures, path->position.buffer,
                                        first, count);
        if (status == ONEDVA_OK)
            status = odva_linear_layer_run(&path->forward, backend,
                                           odva_device_array_rows(&path->coefs, first, path->basis),
                                           block, count, (struct odva_epilogue){0});
        if (status < 0)
            return status;
    }
    return ONEDVA_OK;
}

int odva_linear_path_transform(struct odva_linear_path *path, const struct odva_grid *grid,
                               float *latents)
{
    struct odva_backend *backend = path->backend;
    int status = place_tiles(path, grid);

    if (status < 0)
        return status;
    status = backend->ops->dct_forward(backend, path->latents.buffer, path->coefs.buffer,
                                       path->basis, path->tiles, grid->tile_count);
    if (status < 0)
        return status;
    return backend->ops->download(backend, path->latents.buffer, 0, latents,
                                  grid->patches * path->basis * sizeof(*latents));
}

int odva_linear_path_invert(struct odva_linear_path *path, const struct odva_grid *grid,
                            const float *latents)
{
    struct odva_backend *backend = path->backend;
    int status = place_tiles(path, grid);

    if (status == ONEDVA_OK)
        status = backend->ops->upload(backend, path->latents.buffer, 0, latents,
                                      grid->patches * path->basis * sizeof(*latents));

    if (status < 0)
        return status;
    return backend->ops->dct_inverse(backend, path->coefs.buffer, path->latents.buffer, path->basis,
                                     path->tiles, grid->tile_count);
}

int odva_linear_path_patches(struct odva_linear_path *path, struct odva_matrix dst, int64_t first,
                             int64_t count)
{
    return odva_linear_layer_run(&path->inverse, path->backend, dst,
                                 odva_device_array_rows(&path->coefs, first, path->basis), count,
                                 (struct odva_epilogue){0});
}
