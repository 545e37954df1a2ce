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
#include "kernels/images.h"
#include "model/model.h"
#include "model/model_weights.h"
#include "transform/quantiser.h"
#include "transform/tile_tables.h"

int odva_linear_path_open(struct odva_linear_path *path, const struct onedva_model *model,
                          struct odva_backend *backend)
{
    struct odva_device_weights *weights = odva_device_weights_of(model, backend->device);

    *path = (struct odva_linear_path){.backend = backend,
                                      .model = model,
                                      .walk = {.backend = backend},
                                      .still_walk = {.backend = backend}};
    if (!weights)
        return ONEDVA_ERR_NOMEM;
    path->basis = odva_device_basis(weights);
    path->tables = odva_tile_tables_of(model, backend->device);
    return path->basis && path->tables ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

void odva_linear_path_close(struct odva_linear_path *path)
{
    struct odva_backend *backend = path->backend;

    if (!backend)
        return;
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
        const struct odva_tile_table *table;
        const int coefficients =
            all ? tile->coefficients : odva_coefficients_of(tile, tile->tokens);

        offset += coefficients;
        if (tile->is_left_out)
            continue;
        table = odva_tile_table(path->tables, tile->scan);
        if (!table)
            return ONEDVA_ERR_NOMEM;
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
            .order = table->order,
            .rows = table->rows,
        };
    }
    return count;
}

/* ---- clips ------------------------------------------------------------------------------- */

static const struct odva_bands *bands_of(const struct odva_linear_path *path, int detail)
{
    return &path->model->tables.bands[detail];
}

int odva_project_pictures(const struct odva_linear_path *path, struct odva_matrix coefs,
                          const struct odva_grid *grid, const struct onedva_const_picture *pictures,
                          const struct odva_buffer *position, int64_t count,
                          const struct odva_bands *bands)
{
    struct odva_backend *backend = path->backend;
    struct odva_images images = {0};
    int status = odva_images_wrap_const(&images, backend, pictures, grid->frames, grid->width,
                                        grid->height, backend->depth);

    if (status == ONEDVA_OK)
        status = backend->ops->project(backend, coefs, grid, images.image, position, 0, count,
                                       path->basis, bands);
    odva_images_free(&images, backend);
    return status;
}

int odva_linear_path_project(struct odva_linear_path *path, const struct odva_grid *grid,
                             int detail, const struct onedva_const_picture *pictures)
{
    const struct odva_bands *bands = bands_of(path, detail);
    int status = odva_patch_walk_set_grid(&path->walk, grid);

    if (status == ONEDVA_OK)
        status = odva_device_array_reserve(path->backend, &path->coefs,
                                           grid->patches * bands->basis, sizeof(float));
    return status < 0
               ? status
               : odva_project_pictures(path, odva_device_array_rows(&path->coefs, 0, bands->basis),
                                       grid, pictures, path->walk.position.buffer, grid->patches,
                                       bands);
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
    return status < 0 ? status
                      : odva_project_pictures(
                            path, odva_device_array_rows(&path->still_coefs, 0, bands.basis),
                            &path->still_grid, prediction, path->still_walk.position.buffer,
                            path->still_grid.patches, &bands);
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
        const struct odva_tile_table *table;

        if (latents->tiles[i].is_left_out)
            continue;
        table = odva_tile_table(path->tables, latents->tiles[i].scan);
        if (!table)
            return ONEDVA_ERR_NOMEM;
        tile->nt = 1;
        tile->coefficients = table->still_count;
        tile->offset = offset;
        tile->coefs = vectors * ((first_patch + grid->tiles[i].first_patch) / grid->gt);
        tile->order = table->still_order;
        tile->rows = table->still_rows;
        offset += table->still_count;
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
        const struct odva_tile_table *table;
        float *d = difference + tile->offset;

        energy[i] = 0;
        if (tile->is_left_out)
            continue;
        table = odva_tile_table(path->tables, tile->scan);
        memcpy(d, y + tile->offset, tile->coefficients * sizeof(*y));
        for (int n = 0; n < table->still_count; n++) {
            const float before = d[table->still[n]], p = scale * *prediction++;

            d[table->still[n]] = before - p;
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
                            const int32_t *y, struct odva_image *prediction,
                            struct odva_image *const *images)
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
               : backend->ops->reconstruct(backend, images, &latents->grid, path->latents.buffer,
                                           path->basis, bands_of(path, latents->detail),
                                           path->tiles, latents->grid.tile_count, prediction);
}

int odva_linear_path_reconstruct(struct odva_linear_path *path, const struct odva_latents *latents,
                                 struct odva_image *prediction, struct odva_image *const *images)
{
    const size_t held = odva_latents_held(latents);

    path->dequantised = odva_reserve(path->dequantised, &path->dequantised_capacity, held + 1,
                                     sizeof(*path->dequantised));
    if (!path->dequantised)
        return ONEDVA_ERR_NOMEM;
    odva_dequantise_latents(latents, &path->model->tables, path->dequantised);
    return odva_linear_path_invert(path, latents, path->dequantised, prediction, images);
}
