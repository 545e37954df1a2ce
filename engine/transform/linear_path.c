/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transform/linear_path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "model/model.h"
#include "model/model_weights.h"
#include "transform/quantiser.h"

int odva_linear_path_open(struct odva_linear_path *path, const struct onedva_model *model,
                          struct odva_backend *backend)
{
    const struct odva_model_weights *weights = model->weights;

    *path = (struct odva_linear_path){.backend = backend,
                                      .model = model,
                                      .walk = {.backend = backend},
                                      .still_walk = {.backend = backend}};
    path->basis =
        backend->ops->pack_basis(backend, weights->basis, weights->vectors, weights->mean);
    return path->basis ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

static void free_shape(struct odva_linear_path *path, struct odva_tile_shape *shape)
{
    struct odva_backend *backend = path->backend;

    if (shape->order)
        backend->ops->free(backend, shape->order);
    if (shape->rows)
        backend->ops->free(backend, shape->rows);
    if (shape->still_order)
        backend->ops->free(backend, shape->still_order);
    if (shape->still_rows)
        backend->ops->free(backend, shape->still_rows);
    free(shape->still);
    *shape = (struct odva_tile_shape){0};
}

void odva_linear_path_close(struct odva_linear_path *path)
{
    struct odva_backend *backend = path->backend;
    struct odva_tile_shape *shapes = &path->shapes[0][0][0][0][0];

    if (!backend)
        return;
    if (path->basis)
        backend->ops->free_basis(path->basis);
    for (size_t i = 0; i < sizeof(path->shapes) / sizeof(*shapes); i++)
        free_shape(path, &shapes[i]);
    odva_patch_walk_close(&path->walk);
    odva_device_array_free(backend, &path->coefs);
    odva_device_array_free(backend, &path->latents);
    odva_grid_free(&path->still_grid);
    odva_patch_walk_close(&path->still_walk);
    odva_device_array_free(backend, &path->still_coefs);
    free(path->still_latents);
    free(path->tiles);
    free(path->dequantised);
    *path = (struct odva_linear_path){0};
}

/* ---- tiles ------------------------------------------------------------------------------- */

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

/* The scan of a tile's shape with k innermost, as the transform has it, and its patches' places. */
static int make_shape(struct odva_linear_path *path, struct odva_tile_shape *shape,
                      const struct odva_scan *scan)
{
    const int nt = scan->shape.nt, ny = scan->shape.ny, nx = scan->shape.nx;
    const int patches = nt * ny * nx;
    int32_t *indices = malloc(odva_max(scan->count, patches) * sizeof(*indices));

    if (!indices)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < scan->count; i++)
        indices[i] = scan->position[i] % patches << ODVA_ORDER_BITS | scan->position[i] / patches;
    shape->order = upload_indices(path->backend, indices, scan->count);
    odva_tile_rows(indices, nt, ny, nx);
    shape->rows = upload_indices(path->backend, indices, patches);
    free(indices);
    if (shape->order && shape->rows)
        return ONEDVA_OK;
    free_shape(path, shape);
    return ONEDVA_ERR_NOMEM;
}

static struct odva_tile_shape *shape_of(struct odva_linear_path *path,
                                        const struct odva_scan_shape *shape)
{
    return &path->shapes[shape->detail][shape->size][shape->nt - 1][shape->ny - 1][shape->nx - 1];
}

/* @param all whether all of the tiles' coefficients are meant, or those that their tokens hold
 * @param first_patch of the latents in path->coefs
 * @return how many tiles are placed, those that are not left out, or an error */
static int place_tiles(struct odva_linear_path *path, const struct odva_latents *latents, int all,
                       int64_t first_patch)
{
    const struct odva_grid *grid = &latents->grid;
    int64_t offset = 0;
    int count = 0;

    path->tiles =
        odva_reserve(path->tiles, &path->tile_capacity, grid->tile_count, sizeof(*path->tiles));
    if (!path->tiles)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *place = &grid->tiles[i];
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const int coefficients =
            all ? tile->coefficients : odva_coefficients_of(tile, tile->tokens);
        struct odva_tile_shape *shape = shape_of(path, &tile->scan->shape);
        const int status = shape->order ? ONEDVA_OK : make_shape(path, shape, tile->scan);

        if (status < 0)
            return status;
        offset += coefficients;
        if (tile->is_left_out)
            continue;
        path->tiles[count++] = (struct odva_dct_tile){
            .nt = place->nt,
            .ny = place->ny,
            .nx = place->nx,
            .y0 = place->y0,
            .x0 = place->x0,
            .coefficients = coefficients,
            .offset = offset - coefficients,
            .coefs = latents->basis * (first_patch + place->first_patch),
            .is_predicted = odva_tile_is_predicted(latents, i),
            .order = shape->order,
            .rows = shape->rows,
        };
    }
    return count;
}

/* ---- clips ------------------------------------------------------------------------------- */

static const struct odva_bands *bands_of(const struct odva_linear_path *path, int detail)
{
    return &path->model->tables.bands[detail];
}

int odva_linear_path_project(struct odva_linear_path *path, const struct odva_grid *grid,
                             int detail, const struct onedva_const_picture *pictures)
{
    const struct odva_bands *bands = bands_of(path, detail);
    int status = odva_patch_walk_set_grid(&path->walk, grid);

    if (status == ONEDVA_OK)
        status = odva_device_array_reserve(path->backend, &path->coefs,
                                           grid->patches * bands->basis, sizeof(float));
    if (status < 0)
        return status;
    return path->backend->ops->project(
        path->backend, odva_device_array_rows(&path->coefs, 0, bands->basis), grid, pictures,
        path->walk.position.buffer, 0, grid->patches, path->basis, bands);
}

int odva_linear_path_transform(struct odva_linear_path *path, const struct odva_latents *latents,
                               int64_t first_patch, float *y)
{
    struct odva_backend *backend = path->backend;
    const size_t count = odva_latents_count(latents);
    const int tiles = place_tiles(path, latents, 1, first_patch);
    int status = odva_device_array_reserve(backend, &path->latents, count, sizeof(*y));

    ODVA_ASSERT(path->coefs.buffer);
    if (tiles <= 0)
        return tiles;
    if (status == ONEDVA_OK)
        status = backend->ops->dct_forward(backend, path->latents.buffer, path->coefs.buffer,
                                           latents->basis, path->tiles, tiles);
    if (status < 0)
        return status;
    return backend->ops->download(backend, path->latents.buffer, 0, y, count * sizeof(*y));
}

/* ---- predictions ------------------------------------------------------------------------- */

/* Bands of a picture at rest. */
static struct odva_bands still_bands(const struct odva_linear_path *path, int detail)
{
    const int count = bands_of(path, detail)->count[0];

    return (struct odva_bands){.count = {count}, .basis = count};
}

int odva_linear_path_project_prediction(struct odva_linear_path *path, const struct odva_grid *grid,
                                        int detail, const struct onedva_const_picture *prediction)
{
    const struct odva_bands bands = still_bands(path, detail);
    const struct odva_clip_size size = {1, grid->width, grid->height};
    int status = ONEDVA_OK;

    if (!path->still_grid.tiles || !odva_grid_fits(&path->still_grid, size)) {
        odva_grid_free(&path->still_grid);
        status = odva_grid_init(&path->still_grid, 1, size.width, size.height, bands.basis);
    }
    if (status == ONEDVA_OK)
        status = odva_patch_walk_set_grid(&path->still_walk, &path->still_grid);
    if (status == ONEDVA_OK)
        status = odva_device_array_reserve(path->backend, &path->still_coefs,
                                           path->still_grid.patches * bands.basis, sizeof(float));
    if (status < 0)
        return status;
    return path->backend->ops->project(
        path->backend, odva_device_array_rows(&path->still_coefs, 0, bands.basis),
        &path->still_grid, prediction, path->still_walk.position.buffer, 0,
        path->still_grid.patches, path->basis, &bands);
}

/* What of a shape's scan pictures at rest have: band 0 at frequency 0 of time. */
static int make_still_shape(struct odva_linear_path *path, struct odva_tile_shape *shape,
                            const struct odva_scan *scan, int vectors)
{
    const int ny = scan->shape.ny, nx = scan->shape.nx, patches = scan->shape.nt * ny * nx;
    int32_t *order = malloc((size_t)odva_max(vectors, 1) * ny * nx * sizeof(*order));
    int32_t *still = malloc((size_t)odva_max(vectors, 1) * ny * nx * sizeof(*still));
    int count = 0;

    for (int i = 0; order && still && i < scan->count; i++) {
        const int k = scan->position[i] / patches, place = scan->position[i] % patches;

        if (k >= vectors || place >= ny * nx)
            continue;
        order[count] = place << ODVA_ORDER_BITS | k;
        still[count++] = i;
    }
    if (order && still) {
        shape->still_order = upload_indices(path->backend, order, count);
        odva_tile_rows(order, 1, ny, nx);
        shape->still_rows = upload_indices(path->backend, order, ny * nx);
    }
    free(order);
    shape->still = still;
    shape->still_count = count;
    if (shape->still_order && shape->still_rows)
        return ONEDVA_OK;
    free_shape(path, shape);
    return ONEDVA_ERR_NOMEM;
}

/* Place what the prediction has of tiles. @return how many coefficients that are, or an error */
static int64_t place_still_tiles(struct odva_linear_path *path, const struct odva_latents *latents,
                                 int64_t first_patch)
{
    const int vectors = bands_of(path, latents->detail)->count[0];
    const struct odva_grid *grid = &latents->grid;
    struct odva_dct_tile *tile = path->tiles;
    int64_t offset = 0;

    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_scan *scan = latents->tiles[i].scan;
        struct odva_tile_shape *shape = shape_of(path, &scan->shape);

        if (latents->tiles[i].is_left_out)
            continue;
        if (!shape->still && make_still_shape(path, shape, scan, vectors) < 0)
            return ONEDVA_ERR_NOMEM;
        tile->nt = 1;
        tile->coefficients = shape->still_count;
        tile->offset = offset;
        tile->coefs = vectors * ((first_patch + grid->tiles[i].first_patch) / grid->gt);
        tile->order = shape->still_order;
        tile->rows = shape->still_rows;
        offset += shape->still_count;
        tile++;
    }
    return offset;
}

/* @param latents of the prediction, still_count of each tile */
static void subtract_tiles(struct odva_linear_path *path, const struct odva_latents *latents,
                           const float *y, float *difference, double *energy)
{
    const float scale = sqrtf((float)latents->grid.gt);
    const float *prediction = path->still_latents;

    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const struct odva_tile_shape *shape = shape_of(path, &tile->scan->shape);
        float *d = difference + tile->offset;

        energy[i] = 0;
        if (tile->is_left_out)
            continue;
        memcpy(d, y + tile->offset, tile->coefficients * sizeof(*y));
        for (int n = 0; n < shape->still_count; n++) {
            const float before = d[shape->still[n]], p = scale * *prediction++;

            d[shape->still[n]] = before - p;
            /* doubles: QEMU 7.2 mistakes s390x's product of two floats as a double */
            energy[i] += (double)p * ((double)p - 2.0 * before);
        }
    }
}

int odva_linear_path_subtract(struct odva_linear_path *path, const struct odva_latents *latents,
                              int64_t first_patch, const float *y, float *difference,
                              double *energy)
{
    struct odva_backend *backend = path->backend;
    const int tiles = place_tiles(path, latents, 1, first_patch);
    int64_t count;
    int status;

    ODVA_ASSERT(path->still_coefs.buffer);
    if (tiles <= 0)
        return tiles;
    count = place_still_tiles(path, latents, first_patch);
    if (count < 0)
        return (int)count;
    path->still_latents = odva_reserve(path->still_latents, &path->still_capacity, count,
                                       sizeof(*path->still_latents));
    if (!path->still_latents)
        return ONEDVA_ERR_NOMEM;
    status = odva_device_array_reserve(backend, &path->latents, count, sizeof(float));
    if (status == ONEDVA_OK)
        status = backend->ops->dct_forward(backend, path->latents.buffer, path->still_coefs.buffer,
                                           bands_of(path, latents->detail)->count[0], path->tiles,
                                           tiles);
    if (status == ONEDVA_OK)
        status = backend->ops->download(backend, path->latents.buffer, 0, path->still_latents,
                                        count * sizeof(float));
    if (status == ONEDVA_OK)
        subtract_tiles(path, latents, y, difference, energy);
    return status;
}

/* ---- reconstruction ---------------------------------------------------------------------- */

int odva_linear_path_invert(struct odva_linear_path *path, const struct odva_latents *latents,
                            const int32_t *y, const struct onedva_const_picture *prediction,
                            const struct onedva_picture *pictures)
{
    struct odva_backend *backend = path->backend;
    const int32_t nothing = 0; /* so that an empty clip has something to upload */
    const size_t held = odva_latents_held(latents);
    int status = place_tiles(path, latents, 0, 0);

    if (status >= 0)
        status = odva_device_array_set(backend, &path->latents, held ? y : &nothing,
                                       held ? held : 1, sizeof(*y));
    return status < 0
               ? status
               : backend->ops->reconstruct(backend, pictures, &latents->grid, path->latents.buffer,
                                           path->basis, bands_of(path, latents->detail),
                                           path->tiles, latents->grid.tile_count, prediction);
}

int odva_linear_path_reconstruct(struct odva_linear_path *path, const struct odva_latents *latents,
                                 const struct onedva_const_picture *prediction,
                                 const struct onedva_picture *pictures)
{
    const size_t held = odva_latents_held(latents);

    path->dequantised = odva_reserve(path->dequantised, &path->dequantised_capacity, held + 1,
                                     sizeof(*path->dequantised));
    if (!path->dequantised)
        return ONEDVA_ERR_NOMEM;
    odva_dequantise_latents(latents, &path->model->tables, path->dequantised);
    return odva_linear_path_invert(path, latents, path->dequantised, prediction, pictures);
}
