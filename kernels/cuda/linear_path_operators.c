/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators of the linear path: pictures to coefficients and latents, latents to pictures. */
#include <stdlib.h>

#include "base/integers.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/tile_group.h"

#define MAX_TILES    (1 << 15) /* that are at work together */
#define TILE_BLOCKS  16        /* for each tile; they go on in steps of all */
#define PATCH_BLOCKS 64        /* likewise, where each makes a patch */

/* What a sum of project is in: 1/8 of a sample's step times 1/16384, of 127.5 steps. */
#define SUM_UNIT (1.0f / (127.5f * 8 * 16384))

_Static_assert(ODVA_CUDA_ORDER_BITS == ODVA_ORDER_BITS, "kernels read the order of scans");

/* ---- projection -------------------------------------------------------------------------- */

int odva_cuda_project(struct odva_backend *backend, struct odva_matrix coefs,
                      const struct odva_grid *grid, struct odva_image *const *images,
                      const struct odva_buffer *position, int64_t first, int64_t count,
                      const struct odva_basis *basis, const struct odva_bands *bands)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_cuda_project arguments = {
        .grid = odva_cuda_grid_of(grid),
        .position = odva_cuda_indices(position, first),
        .mean = (const int16_t *)(uintptr_t)basis->numbers,
        .forward = (const struct odva_cuda_pair *)(uintptr_t)(basis->numbers + basis->forward),
        .vectors = basis->count,
        .unit = SUM_UNIT,
        .coefs = odva_cuda_rows_to_write(coefs),
        .stride = coefs.stride,
    };
    const int status =
        odva_cuda_use_images(stream, arguments.pictures.at, images, grid->frames, ODVA_CUDA_READ);

    for (int b = 0; b < ODVA_BANDS; b++)
        arguments.band_count[b] = bands->count[b];
    return status < 0 ? status
                      : odva_cuda_launch(stream, ODVA_CUDA_KERNEL_project, &arguments,
                                         (struct odva_cuda_blocks){count, 1, 1, ODVA_CUDA_THREADS});
}

/* ---- tiles ------------------------------------------------------------------------------- */

static void fill_table(struct odva_cuda_tile *table, const struct odva_dct_tile *tiles, int count,
                       const struct odva_tile_memory *memory, const struct odva_buffer *numbers)
{
    int64_t done = 0;

    for (int i = 0; i < count; i++) {
        const struct odva_dct_tile *tile = &tiles[i];

        table[i] = (struct odva_cuda_tile){
            .rows = odva_cuda_indices(tile->rows, 0),
            .order = odva_cuda_indices(tile->order, 0),
            .latents = odva_cuda_at(memory->latents, tile->offset * 4),
            .coefs = odva_cuda_at(memory->coefs, tile->coefs * 4),
            .numbers = odva_cuda_at(numbers, done * 4),
            .nt = tile->nt,
            .ny = tile->ny,
            .nx = tile->nx,
            .y0 = tile->y0,
            .x0 = tile->x0,
            .coefficients = tile->coefficients,
            .is_predicted = tile->is_predicted,
        };
        done += odva_tile_numbers(tile, memory->basis);
    }
}

static void free_group(struct odva_cuda_stream *stream, struct odva_tile_group *group)
{
    if (group->table)
        odva_cuda_free(stream, group->table);
    if (group->numbers)
        odva_cuda_free(stream, group->numbers);
}

static int fill_group(struct odva_cuda_stream *stream, struct odva_tile_group *group,
                      const struct odva_dct_tile *tiles, const struct odva_tile_memory *memory)
{
    struct odva_cuda_tile *table = malloc(group->count * sizeof(*table));
    int64_t numbers = 0;
    int status = ONEDVA_ERR_NOMEM;

    for (int i = 0; i < group->count; i++)
        numbers += odva_tile_numbers(&tiles[i], memory->basis);
    group->numbers = odva_cuda_alloc(stream, numbers * sizeof(int32_t));
    group->table = odva_cuda_alloc(stream, group->count * sizeof(*table));
    if (table && group->numbers && group->table) {
        fill_table(table, tiles, group->count, memory, group->numbers);
        status = odva_cuda_upload(stream, group->table, 0, table, group->count * sizeof(*table));
    }
    free(table);
    return stream->status < 0 ? stream->status : status;
}

static int scan(struct odva_cuda_stream *stream, const struct odva_tile_group *group,
                enum odva_cuda_kernel kernel)
{
    const struct odva_cuda_scan arguments = {odva_cuda_at(group->table, 0), group->basis};

    return odva_cuda_launch(
        stream, kernel, &arguments,
        (struct odva_cuda_blocks){TILE_BLOCKS, group->count, 1, ODVA_CUDA_THREADS});
}

/* @param axis 0: t, 1: y, 2: x */
static int transform(struct odva_backend *backend, const struct odva_tile_group *group,
                     enum odva_cuda_kernel kernel, int axis)
{
    const struct odva_cuda_dct arguments = {
        odva_cuda_at(group->table, 0),
        (const struct odva_cuda_tables *)(uintptr_t)odva_cuda_device_of(backend)->tables,
        group->basis, axis};

    return odva_cuda_launch(
        odva_cuda_stream_of(backend), kernel, &arguments,
        (struct odva_cuda_blocks){TILE_BLOCKS, group->count, 1, ODVA_CUDA_THREADS});
}

/* ---- forward ----------------------------------------------------------------------------- */

static int forward_group(struct odva_backend *backend, struct odva_tile_group *group,
                         const struct odva_dct_tile *tiles, const struct odva_tile_memory *memory)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    int status = fill_group(stream, group, tiles, memory);

    for (int axis = 0; axis < 3 && status >= 0; axis++)
        status = transform(backend, group, ODVA_CUDA_KERNEL_dct_forward, axis);
    return status < 0 ? status : scan(stream, group, ODVA_CUDA_KERNEL_scan_to_latents);
}

int odva_cuda_dct_forward(struct odva_backend *backend, struct odva_buffer *latents,
                          const struct odva_buffer *coefs, int basis,
                          const struct odva_dct_tile *tiles, int count)
{
    const struct odva_tile_memory memory = {latents, coefs, basis};
    int status = ONEDVA_OK;

    odva_cuda_written(latents);
    for (int first = 0, some; first < count && status >= 0; first += some) {
        struct odva_tile_group group = {.basis = basis};

        some = group.count = odva_tile_group_count(tiles + first, count - first, basis, MAX_TILES);
        status = forward_group(backend, &group, tiles + first, &memory);
        free_group(odva_cuda_stream_of(backend), &group);
    }
    return status;
}

/* ---- reconstruction ---------------------------------------------------------------------- */

static int reconstruct_group(struct odva_backend *backend, struct odva_tile_group *group,
                             const struct odva_dct_tile *tiles,
                             const struct odva_tile_memory *memory,
                             struct odva_cuda_reconstruct *arguments)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    int status = fill_group(stream, group, tiles, memory);

    if (status >= 0)
        status = odva_cuda_clear(stream, group->numbers);
    if (status >= 0)
        status = scan(stream, group, ODVA_CUDA_KERNEL_scan_to_numbers);
    for (int axis = 2; axis >= 0 && status >= 0; axis--)
        status = transform(backend, group, ODVA_CUDA_KERNEL_dct_inverse, axis);
    if (status < 0)
        return status;
    arguments->tiles = odva_cuda_at(group->table, 0);
    return odva_cuda_launch(
        stream, ODVA_CUDA_KERNEL_reconstruct, arguments,
        (struct odva_cuda_blocks){PATCH_BLOCKS, group->count, 1, ODVA_CUDA_FRAME_WORDS});
}

static int reconstruct_groups(struct odva_backend *backend, const struct odva_tile_memory *memory,
                              const struct odva_dct_tile *tiles, int count,
                              struct odva_cuda_reconstruct *arguments)
{
    int status = ONEDVA_OK;

    for (int first = 0, some; first < count && status >= 0; first += some) {
        struct odva_tile_group group = {.basis = memory->basis};

        some = group.count =
            odva_tile_group_count(tiles + first, count - first, memory->basis, MAX_TILES);
        status = reconstruct_group(backend, &group, tiles + first, memory, arguments);
        free_group(odva_cuda_stream_of(backend), &group);
    }
    return status;
}

int odva_cuda_reconstruct(struct odva_backend *backend, struct odva_image *const *images,
                          const struct odva_grid *grid, const struct odva_buffer *latents,
                          const struct odva_basis *basis, const struct odva_bands *bands,
                          const struct odva_dct_tile *tiles, int count,
                          struct odva_image *prediction)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    const struct odva_tile_memory memory = {latents, NULL, bands->basis};
    struct odva_cuda_reconstruct arguments = {
        .grid = odva_cuda_grid_of(grid),
        .mean = (const int16_t *)(uintptr_t)basis->numbers,
        .inverse = (const int16_t *)(uintptr_t)(basis->numbers + basis->inverse),
    };
    int status =
        odva_cuda_use_images(stream, arguments.pictures.at, images, grid->frames, ODVA_CUDA_WRITE);

    if (status >= 0 && prediction)
        status =
            odva_cuda_use_images(stream, &arguments.prediction, &prediction, 1, ODVA_CUDA_READ);
    for (int b = 0; b < ODVA_BANDS; b++)
        arguments.band_count[b] = bands->count[b];
    return status < 0 ? status : reconstruct_groups(backend, &memory, tiles, count, &arguments);
}
