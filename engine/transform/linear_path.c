/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transform/linear_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/reserve.h"
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

static void read_basis(float *matrix, const struct odva_matrix_source *source)
{
    const struct odva_model_weights *weights = source->data;

    memcpy(matrix, weights->basis, (size_t)source->n_out * source->n_in * sizeof(*matrix));
}

/* For rows of samples less 128. */
static void read_basis_of_samples(float *matrix, const struct odva_matrix_source *source)
{
    const struct odva_model_weights *weights = source->data;

    for (int i = 0; i < source->n_out * source->n_in; i++)
        matrix[i] = (float)(weights->basis[i] * (1.0 / 127.5));
}

static void read_transposed_basis(float *matrix, const struct odva_matrix_source *source)
{
    const struct odva_model_weights *weights = source->data;
    const int basis = source->n_in;

    for (int i = 0; i < PATCH; i++)
        for (int k = 0; k < basis; k++)
            matrix[(size_t)i * basis + k] = weights->basis[(size_t)k * PATCH + i];
}

/* Samples are whole numbers, which bfloat16 holds: only the basis is rounded. */
static int open_forward(struct odva_linear_path *path, const struct onedva_model *model)
{
    const int samples = path->backend->sample_element == ODVA_BFLOAT16;
    const struct odva_matrix_source matrix = {.data = model->weights,
                                              .read = samples ? read_basis_of_samples : read_basis,
                                              .n_out = path->basis,
                                              .n_in = PATCH,
                                              .precision = samples ? ODVA_PRECISION_NETWORK
                                                                   : ODVA_PRECISION_EXACT};
    float *mean = malloc(path->basis * sizeof(*mean));
    int status;

    if (!mean)
        return ONEDVA_ERR_NOMEM;
    project_mean(mean, model->weights, path->basis, samples ? 128.0 / 127.5 - 1.0 : 0.0);
    status = odva_linear_layer_open(&path->forward, path->backend, model, &matrix, mean);
    free(mean);
    return status;
}

static int open_inverse(struct odva_linear_path *path, const struct onedva_model *model)
{
    const struct odva_matrix_source matrix = {.data = model->weights,
                                              .read = read_transposed_basis,
                                              .n_out = PATCH,
                                              .n_in = path->basis,
                                              .precision = ODVA_PRECISION_EXACT};

    return odva_linear_layer_open(&path->inverse, path->backend, model, &matrix,
                                  model->weights->mu);
}

int odva_linear_path_open(struct odva_linear_path *path, const struct onedva_model *model,
                          struct odva_backend *backend, struct odva_scan_cache *scans)
{
    int status;

    *path =
        (struct odva_linear_path){.backend = backend, .scans = scans, .basis = model->config.basis};
    status = open_forward(path, model);
    if (status == ONEDVA_OK)
        status = open_inverse(path, model);
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
    path->tiles =
        odva_reserve(path->tiles, &path->tile_capacity, grid->tile_count, sizeof(*path->tiles));
    if (!path->tiles)
        return ONEDVA_ERR_NOMEM;
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

/* Nothing is done where the grid is of the same size as before. */
static int set_grid(struct odva_linear_path *path, const struct odva_grid *grid)
{
    const int64_t count = grid->patches * path->basis;
    int status;

    if (odva_grid_fits(grid, path->size))
        return ONEDVA_OK;
    path->size = (struct odva_clip_size){0}; /* no grid is valid until the end */
    if ((status = place_patches(path, grid)) < 0 ||
        (status = odva_device_array_reserve(path->backend, &path->coefs, count, sizeof(float))) <
            0 ||
        (status = odva_device_array_reserve(path->backend, &path->latents, count, sizeof(float))) <
            0)
        return status;
    path->size = odva_grid_clip_size(grid);
    return ONEDVA_OK;
}

/* ---- blocks of patches ------------------------------------------------------------------- */

/* Over the patches of a clip. */
struct walk {
    struct odva_linear_path *path;
    const struct odva_grid *grid;
    const struct onedva_const_picture *sources; /* of x, or NULL: path->coefs */
    const struct onedva_picture *pictures;      /* that write_block writes */
};

static int make_block(const struct walk *walk, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_linear_path *path = walk->path;
    struct odva_backend *backend = path->backend;

    if (walk->sources)
        return backend->ops->patchify(backend, x, walk->grid, walk->sources, path->position.buffer,
                                      first, count);
    return odva_linear_layer_run(&path->inverse, backend, x,
                                 odva_device_array_rows(&path->coefs, first, path->basis), count,
                                 (struct odva_epilogue){0});
}

static int for_blocks(const struct walk *walk, enum odva_element element, odva_patches_fn fn,
                      void *opaque)
{
    const int64_t patches = walk->grid->patches, step = walk->path->backend->block_rows;
    struct odva_matrix x = odva_device_array_rows(&walk->path->block, 0, PATCH);
    int status = set_grid(walk->path, walk->grid);

    ODVA_ASSERT(step > 0);
    x.element = element;
    for (int64_t first = 0; first < patches && status == ONEDVA_OK; first += step) {
        const int64_t count = patches - first < step ? patches - first : step;

        status = make_block(walk, x, first, count);
        if (status == ONEDVA_OK)
            status = fn(opaque, x, first, count);
    }
    return status;
}

int odva_linear_path_for_pictures(struct odva_linear_path *path, const struct odva_grid *grid,
                                  const struct onedva_const_picture *pictures, odva_patches_fn fn,
                                  void *opaque)
{
    const struct walk walk = {.path = path, .grid = grid, .sources = pictures};

    return for_blocks(&walk, ODVA_FLOAT32, fn, opaque);
}

int odva_linear_path_for_coefs(struct odva_linear_path *path, const struct odva_grid *grid,
                               odva_patches_fn fn, void *opaque)
{
    const struct walk walk = {.path = path, .grid = grid};

    return for_blocks(&walk, ODVA_FLOAT32, fn, opaque);
}

int odva_linear_path_write(struct odva_linear_path *path, const struct odva_grid *grid,
                           struct odva_matrix x, int64_t first, int64_t count,
                           const struct onedva_picture *pictures)
{
    return path->backend->ops->unpatchify(path->backend, pictures, grid, x, path->position.buffer,
                                          first, count);
}

/* ---- clips ------------------------------------------------------------------------------- */

static int project_block(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_linear_path *path = opaque;

    return odva_linear_layer_run(&path->forward, path->backend,
                                 odva_device_array_rows(&path->coefs, first, path->basis), x, count,
                                 (struct odva_epilogue){0});
}

int odva_linear_path_project(struct odva_linear_path *path, const struct odva_grid *grid,
                             const struct onedva_const_picture *pictures)
{
    const struct walk walk = {.path = path, .grid = grid, .sources = pictures};

    return for_blocks(&walk, path->backend->sample_element, project_block, path);
}

int odva_linear_path_transform(struct odva_linear_path *path, const struct odva_grid *grid,
                               float *latents)
{
    struct odva_backend *backend = path->backend;
    int status;

    ODVA_ASSERT(odva_grid_fits(grid, path->size));
    status = place_tiles(path, grid);
    if (status == ONEDVA_OK)
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
    int status = set_grid(path, grid);

    if (status == ONEDVA_OK)
        status = place_tiles(path, grid);
    if (status == ONEDVA_OK)
        status = backend->ops->upload(backend, path->latents.buffer, 0, latents,
                                      grid->patches * path->basis * sizeof(*latents));
    if (status < 0)
        return status;
    return backend->ops->dct_inverse(backend, path->coefs.buffer, path->latents.buffer, path->basis,
                                     path->tiles, grid->tile_count);
}

static int write_block(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    const struct walk *walk = opaque;

    return odva_linear_path_write(walk->path, walk->grid, x, first, count, walk->pictures);
}

int odva_linear_path_reconstruct(struct odva_linear_path *path, const struct odva_grid *grid,
                                 const float *latents, const struct onedva_picture *pictures)
{
    struct walk walk = {.path = path, .grid = grid, .pictures = pictures};
    const int status = odva_linear_path_invert(path, grid, latents);

    return status < 0 ? status : for_blocks(&walk, ODVA_FLOAT32, write_block, &walk);
}
