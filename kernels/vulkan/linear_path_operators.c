/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators of the linear path: pictures to coefficients and latents, latents to pictures. */
#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "kernels/tile_group.h"
#include "kernels/vulkan/vulkan_backend.h"

#define TILE_GROUPS  16 /* for each tile; they go on in steps of all */
#define PATCH_GROUPS 64 /* likewise, where each makes a patch */

/* What a sum of project is in: 1/8 of a sample's step times 1/16384, of 127.5 steps. */
#define SUM_UNIT (1.0f / (127.5f * 8 * 16384))

/* ---- projection -------------------------------------------------------------------------- */

/** As project.comp has them. */
struct project_arguments {
    struct odva_vulkan_patch_arguments patches;
    VkDeviceAddress mean, forward;
    uint32_t vectors;
    float unit;
    uint32_t band_count[ODVA_BANDS];
};

int odva_vulkan_project(struct odva_backend *backend, struct odva_matrix coefs,
                        const struct odva_grid *grid, struct odva_image *const *images,
                        const struct odva_buffer *position, int64_t first, int64_t count,
                        const struct odva_basis *basis, const struct odva_bands *bands)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_PROJECT_SHADER, {0}};
    const struct odva_vulkan_patches patches = {coefs, grid, images, position, first, count};
    struct project_arguments arguments = {
        .mean = odva_vulkan_address(basis->words),
        .forward = odva_vulkan_address(basis->words) + basis->forward,
        .vectors = (uint32_t)basis->count,
        .unit = SUM_UNIT,
    };

    for (int b = 0; b < ODVA_BANDS; b++)
        arguments.band_count[b] = (uint32_t)bands->count[b];
    odva_vulkan_written(coefs.buffer);
    return odva_vulkan_run_patches(backend, &kernel, &patches, ODVA_VULKAN_READ, &arguments.patches,
                                   sizeof(arguments));
}

/* ---- tiles ------------------------------------------------------------------------------- */

/** As Tile of tiles.glsl. */
struct tile {
    VkDeviceAddress rows, order, latents, coefs, numbers;
    uint32_t nt, ny, nx, y0, x0, coefficients, is_predicted;
};

static void fill_table(struct tile *table, const struct odva_dct_tile *tiles, int count,
                       const struct odva_tile_memory *memory, VkDeviceAddress numbers)
{
    for (int i = 0; i < count; i++) {
        const struct odva_dct_tile *tile = &tiles[i];

        table[i] = (struct tile){
            .rows = odva_vulkan_indices(tile->rows, 0),
            .order = odva_vulkan_indices(tile->order, 0),
            .latents = odva_vulkan_indices(memory->latents, tile->offset),
            .coefs = odva_vulkan_indices(memory->coefs, tile->coefs),
            .numbers = numbers,
            .nt = (uint32_t)tile->nt,
            .ny = (uint32_t)tile->ny,
            .nx = (uint32_t)tile->nx,
            .y0 = (uint32_t)tile->y0,
            .x0 = (uint32_t)tile->x0,
            .coefficients = (uint32_t)tile->coefficients,
            .is_predicted = tile->is_predicted != 0,
        };
        numbers += odva_tile_numbers(tile, memory->basis) * sizeof(int32_t);
    }
}

static void free_group(struct odva_vulkan_stream *stream, struct odva_tile_group *group)
{
    if (group->table)
        odva_vulkan_free(stream, group->table);
    if (group->numbers)
        odva_vulkan_free(stream, group->numbers);
}

static int fill_group(struct odva_vulkan_stream *stream, struct odva_tile_group *group,
                      const struct odva_dct_tile *tiles, const struct odva_tile_memory *memory)
{
    struct tile *table = malloc(group->count * sizeof(*table));
    int64_t numbers = 0;
    int status = ONEDVA_ERR_NOMEM;

    for (int i = 0; i < group->count; i++)
        numbers += odva_tile_numbers(&tiles[i], memory->basis);
    group->numbers = odva_vulkan_alloc(stream, numbers * sizeof(int32_t));
    group->table = odva_vulkan_alloc(stream, group->count * sizeof(*table));
    if (table && group->numbers && group->table) {
        fill_table(table, tiles, group->count, memory, odva_vulkan_address(group->numbers));
        status = odva_vulkan_upload(stream, group->table, 0, table, group->count * sizeof(*table));
    }
    free(table);
    return status;
}

/** As scan.comp has them. */
struct scan_arguments {
    VkDeviceAddress tiles;
    uint32_t basis;
};

static int scan(struct odva_vulkan_stream *stream, const struct odva_tile_group *group,
                int to_latents)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_SCAN_SHADER, {(uint32_t)to_latents}};
    const struct scan_arguments arguments = {odva_vulkan_address(group->table),
                                             (uint32_t)group->basis};

    return odva_vulkan_dispatch(stream, &kernel, &arguments, sizeof(arguments), TILE_GROUPS,
                                (uint32_t)group->count, 1);
}

/** As dct_forward.comp and dct_inverse.comp have them. */
struct dct_arguments {
    VkDeviceAddress tiles, tables;
    uint32_t basis;
};

/* @param axis 0: t, 1: y, 2: x */
static int transform(struct odva_backend *backend, const struct odva_tile_group *group,
                     enum odva_vulkan_shader shader, int axis)
{
    const struct odva_vulkan_kernel kernel = {shader, {(uint32_t)axis}};
    const struct dct_arguments arguments = {
        odva_vulkan_address(group->table),
        odva_vulkan_address(odva_vulkan_device_of(backend)->tables), (uint32_t)group->basis};

    return odva_vulkan_dispatch(odva_vulkan_stream_of(backend), &kernel, &arguments,
                                sizeof(arguments), TILE_GROUPS, (uint32_t)group->count, 1);
}

/* ---- forward ----------------------------------------------------------------------------- */

static int forward_group(struct odva_backend *backend, struct odva_tile_group *group,
                         const struct odva_dct_tile *tiles, const struct odva_tile_memory *memory)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    int status = fill_group(stream, group, tiles, memory);

    for (int axis = 0; axis < 3 && status >= 0; axis++)
        status = transform(backend, group, ODVA_VULKAN_DCT_FORWARD_SHADER, axis);
    return status < 0 ? status : scan(stream, group, 1);
}

int odva_vulkan_dct_forward(struct odva_backend *backend, struct odva_buffer *latents,
                            const struct odva_buffer *coefs, int basis,
                            const struct odva_dct_tile *tiles, int count)
{
    const struct odva_tile_memory memory = {latents, coefs, basis};
    int status = ONEDVA_OK;

    odva_vulkan_written(latents);
    for (int first = 0, some; first < count && status >= 0; first += some) {
        struct odva_tile_group group = {.basis = basis};

        some = group.count =
            odva_tile_group_count(tiles + first, count - first, basis, ODVA_VULKAN_GROUPS);
        status = forward_group(backend, &group, tiles + first, &memory);
        free_group(odva_vulkan_stream_of(backend), &group);
    }
    return status;
}

/* ---- reconstruction ---------------------------------------------------------------------- */

/** As reconstruct.comp has them. */
struct reconstruct_arguments {
    struct odva_vulkan_images_argument pictures, prediction;
    VkDeviceAddress tiles, mean, inverse;
    struct odva_vulkan_grid_argument grid;
    uint32_t band_count[ODVA_BANDS];
};

static int reconstruct_group(struct odva_backend *backend, struct odva_tile_group *group,
                             const struct odva_dct_tile *tiles,
                             const struct odva_tile_memory *memory,
                             struct reconstruct_arguments *arguments)
{
    const struct odva_vulkan_kernel kernel = {ODVA_VULKAN_RECONSTRUCT_SHADER, {0}};
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    int status = fill_group(stream, group, tiles, memory);

    if (status >= 0)
        status = odva_vulkan_clear(stream, group->numbers);
    if (status >= 0)
        status = scan(stream, group, 0);
    for (int axis = 2; axis >= 0 && status >= 0; axis--)
        status = transform(backend, group, ODVA_VULKAN_DCT_INVERSE_SHADER, axis);
    if (status < 0)
        return status;
    arguments->tiles = odva_vulkan_address(group->table);
    return odva_vulkan_dispatch(stream, &kernel, arguments, sizeof(*arguments), PATCH_GROUPS,
                                (uint32_t)group->count, 1);
}

static int reconstruct_groups(struct odva_backend *backend, const struct odva_tile_memory *memory,
                              const struct odva_dct_tile *tiles, int count,
                              struct reconstruct_arguments *arguments)
{
    int status = ONEDVA_OK;

    for (int first = 0, some; first < count && status >= 0; first += some) {
        struct odva_tile_group group = {.basis = memory->basis};

        some = group.count =
            odva_tile_group_count(tiles + first, count - first, memory->basis, ODVA_VULKAN_GROUPS);
        status = reconstruct_group(backend, &group, tiles + first, memory, arguments);
        free_group(odva_vulkan_stream_of(backend), &group);
    }
    return status;
}

int odva_vulkan_reconstruct(struct odva_backend *backend, struct odva_image *const *images,
                            const struct odva_grid *grid, const struct odva_buffer *latents,
                            const struct odva_basis *basis, const struct odva_bands *bands,
                            const struct odva_dct_tile *tiles, int count,
                            struct odva_image *prediction)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    const struct odva_tile_memory memory = {latents, NULL, bands->basis};
    struct reconstruct_arguments arguments = {
        .mean = odva_vulkan_address(basis->words),
        .inverse = odva_vulkan_address(basis->words) + basis->inverse,
        .grid = odva_vulkan_grid_of(grid),
    };
    struct odva_vulkan_images list, predicted = {0};
    int status = odva_vulkan_images_begin(stream, &list, images, grid->frames, ODVA_VULKAN_WRITE);

    if (status >= 0 && prediction)
        status = odva_vulkan_images_begin(stream, &predicted, &prediction, 1, ODVA_VULKAN_READ);
    arguments.pictures = list.argument;
    arguments.prediction = predicted.argument;
    for (int b = 0; b < ODVA_BANDS; b++)
        arguments.band_count[b] = (uint32_t)bands->count[b];
    if (status >= 0)
        status = reconstruct_groups(backend, &memory, tiles, count, &arguments);
    odva_vulkan_images_end(stream, &list);
    odva_vulkan_images_end(stream, &predicted);
    return status;
}
