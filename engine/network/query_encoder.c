/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "network/query_encoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "base/thread_pool.h"
#include "kernels/images.h"
#include "model/model.h"
#include "model/model_weights.h"
#include "network/latent_scale.h"

#define PATCH      ODVA_PATCH_SAMPLES
#define TOKEN      ODVA_LATENT_TOKEN
#define SCALARS    1
#define GROUP_ROWS 8 /* backend->block_rows in a group of tiles, one tile at least */

/* ---- opening ----------------------------------------------------------------------------- */

static int load_layers(struct odva_query_encoder *enc, struct odva_device_weights *weights,
                       const struct odva_encoder_tensors *t)
{
    const enum odva_precision precision = ODVA_PRECISION_EXACT;
    int status;

    if ((status = odva_linear_layer_load(&enc->patch, weights, &t->patch, precision)) < 0 ||
        (status = odva_linear_layer_load(&enc->query, weights, &t->query, precision)) < 0 ||
        (status = odva_linear_layer_load(&enc->out, weights, &t->out, precision)) < 0)
        return status;
    enc->embed = odva_device_tensor(weights, t->embed);
    return enc->embed ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

int odva_query_encoder_open(struct odva_query_encoder *enc, const struct onedva_model *model,
                            struct odva_backend *backend, struct odva_thread_pool *pool)
{
    struct odva_device_weights *weights = odva_device_weights_of(model, backend->device);
    const struct odva_encoder_tensors *tensors = &model->weights->encoder;
    const struct odva_model_config *config = &model->config;
    const struct odva_transformer_tensors transformer = {.width = config->width,
                                                         .head_dim = &config->head_dim,
                                                         .scalars = SCALARS,
                                                         .cond = &tensors->cond,
                                                         .block_count = config->encoder_layers,
                                                         .blocks = tensors->blocks};
    int status;

    ODVA_ASSERT(config->encoder_layers > 0);
    *enc = (struct odva_query_encoder){
        .backend = backend, .pool = pool, .width = config->width, .queries = config->queries};
    status = weights ? load_layers(enc, weights, tensors) : ONEDVA_ERR_NOMEM;
    if (status == ONEDVA_OK)
        status = odva_transformer_open(&enc->transformer, backend, weights, &transformer,
                                       ODVA_PRECISION_EXACT);
    if (status < 0)
        odva_query_encoder_close(enc);
    return status;
}

void odva_query_encoder_close(struct odva_query_encoder *enc)
{
    struct odva_backend *backend = enc->backend;
    struct odva_device_array *arrays[] = {&enc->begin,     &enc->rows,     &enc->rope,
                                          &enc->embed_row, &enc->cond_row, &enc->h,
                                          &enc->norm,      &enc->embedded, &enc->tokens_device};

    if (!backend)
        return;
    odva_transformer_close(&enc->transformer);
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        odva_device_array_free(backend, arrays[i]);
    free(enc->groups);
    free(enc->tile_query);
    free(enc->tokens);
    *enc = (struct odva_query_encoder){0};
}

/* ---- grid -------------------------------------------------------------------------------- */

static int tile_queries(const struct odva_query_encoder *enc, const struct odva_tile *tile)
{
    const int most = odva_max(1, enc->queries >> 2 * (ODVA_TILE_SIZES - 1 - tile->size));

    return odva_min(tile->tokens, most);
}

static int reserve_tiles(struct odva_query_encoder *enc, int tiles)
{
    enc->groups = odva_reserve(enc->groups, &enc->group_capacity, tiles, sizeof(*enc->groups));
    enc->tile_query =
        odva_reserve(enc->tile_query, &enc->tile_capacity, tiles, sizeof(*enc->tile_query));
    return enc->groups && enc->tile_query ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

static void make_groups(struct odva_query_encoder *enc, const struct odva_grid *grid)
{
    const int64_t most = GROUP_ROWS * enc->backend->block_rows;
    struct odva_tile_group *group = NULL;
    int64_t patches = 0, queries = 0;

    enc->group_count = 0;
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *tile = &grid->tiles[i];
        const int n = tile_queries(enc, tile);

        if (!group || group->patches + group->queries + tile->patches + n > most) {
            group = &enc->groups[enc->group_count++];
            *group = (struct odva_tile_group){
                .first_tile = i, .first_patch = patches, .first_query = queries};
        }
        enc->tile_query[i] = queries;
        group->tiles++;
        group->patches += tile->patches;
        group->queries += n;
        patches += tile->patches;
        queries += n;
    }
    enc->query_count = queries;
}

/** Index tables being made on the host. */
struct tables {
    int32_t *begin, *rows, *rope, *embed_row, *cond_row;
};

static void fill_tile(const struct odva_query_encoder *enc, const struct odva_grid *grid,
                      struct tables *tables, const struct odva_tile_group *group, int index)
{
    const struct odva_tile *tile = &grid->tiles[index];
    const int64_t query = enc->tile_query[index];
    const int n = tile_queries(enc, tile);
    int64_t entry = tile->first_patch + query;
    const int64_t first = group->queries - group->first_patch;

    tables->begin[index] = (int32_t)entry;
    tables->begin[index + 1] = (int32_t)(entry + n + tile->patches);
    for (int i = 0; i < n; i++, entry++) {
        tables->rows[entry] = (int32_t)(query - group->first_query + i);
        tables->rope[entry] = -1;
        tables->embed_row[query + i] = i;
    }
    for (int t = 0; t < tile->nt; t++) {
        for (int y = 0; y < tile->ny; y++) {
            for (int x = 0; x < tile->nx; x++, entry++) {
                tables->rows[entry] =
                    (int32_t)(first +
                              grid->place[(size_t)(tile->y0 + y) * grid->gx + tile->x0 + x] + t);
                tables->rope[entry] = odva_rope_row(t, y, x);
            }
        }
    }
}

static int upload_tables(struct odva_query_encoder *enc, const struct tables *tables, int tiles,
                         int64_t entries)
{
    struct odva_backend *backend = enc->backend;
    int status;

    if ((status = odva_device_array_set(backend, &enc->begin, tables->begin, tiles + 1, 4)) < 0 ||
        (status = odva_device_array_set(backend, &enc->rows, tables->rows, entries, 4)) < 0 ||
        (status = odva_device_array_set(backend, &enc->rope, tables->rope, entries, 4)) < 0 ||
        (status = odva_device_array_set(backend, &enc->embed_row, tables->embed_row,
                                        enc->query_count, 4)) < 0)
        return status;
    return odva_device_array_set(backend, &enc->cond_row, tables->cond_row, entries, 4);
}

static int make_tables(struct odva_query_encoder *enc, const struct odva_grid *grid)
{
    const int64_t entries = grid->patches + enc->query_count;
    struct tables tables = {
        .begin = malloc((grid->tile_count + 1) * sizeof(int32_t)),
        .rows = malloc(entries * sizeof(int32_t)),
        .rope = malloc(entries * sizeof(int32_t)),
        .embed_row = malloc(enc->query_count * sizeof(int32_t)),
        .cond_row = calloc(entries, sizeof(int32_t)),
    };
    int status = ONEDVA_ERR_NOMEM;

    if (tables.begin && tables.rows && tables.rope && tables.embed_row && tables.cond_row) {
        for (int g = 0; g < enc->group_count; g++) {
            const struct odva_tile_group *group = &enc->groups[g];

            for (int i = group->first_tile; i < group->first_tile + group->tiles; i++)
                fill_tile(enc, grid, &tables, group, i);
        }
        status = upload_tables(enc, &tables, grid->tile_count, entries);
    }
    free(tables.begin);
    free(tables.rows);
    free(tables.rope);
    free(tables.embed_row);
    free(tables.cond_row);
    enc->windows = (struct odva_windows){.max_length = ODVA_TILE_PATCHES + enc->queries,
                                         .begin = enc->begin.buffer,
                                         .rows = enc->rows.buffer,
                                         .rope = enc->rope.buffer};
    return status;
}

static int reserve_work(struct odva_query_encoder *enc)
{
    struct odva_backend *backend = enc->backend;
    const int64_t d = enc->width;
    int64_t rows = 0, queries = 0;
    int status;

    for (int g = 0; g < enc->group_count; g++) {
        const struct odva_tile_group *group = &enc->groups[g];

        if (group->queries + group->patches > rows)
            rows = group->queries + group->patches;
        if (group->queries > queries)
            queries = group->queries;
    }
    if ((status = odva_device_array_reserve(backend, &enc->h, rows * d, sizeof(float))) < 0 ||
        (status = odva_device_array_reserve(backend, &enc->norm, queries * d, sizeof(float))) < 0)
        return status;
    enc->tokens = odva_reserve(enc->tokens, &enc->tokens_capacity, enc->query_count * TOKEN,
                               sizeof(*enc->tokens));
    if (!enc->tokens)
        return ONEDVA_ERR_NOMEM;
    return ONEDVA_OK;
}

static int set_partition(struct odva_query_encoder *enc, const struct odva_grid *grid)
{
    int status;

    if ((status = reserve_tiles(enc, grid->tile_count)) < 0)
        return status;
    make_groups(enc, grid);
    if (grid->patches + enc->query_count > INT32_MAX)
        return ONEDVA_ERR_LIMIT;
    status = make_tables(enc, grid);
    return status < 0 ? status : reserve_work(enc);
}

/* ---- clip -------------------------------------------------------------------------------- */

static int embed_block(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    struct odva_query_encoder *enc = opaque;

    ODVA_ASSERT(first >= 0 && count >= 0);
    return odva_linear_layer_run(&enc->patch, enc->backend,
                                 odva_device_array_rows(&enc->embedded, first, enc->width), x,
                                 count, (struct odva_epilogue){0});
}

int odva_query_encoder_set_clip(struct odva_query_encoder *enc, struct odva_patch_walk *walk,
                                const struct odva_grid *grid,
                                const struct onedva_const_picture *pictures)
{
    struct odva_images images = {0};
    int status = odva_device_array_reserve(enc->backend, &enc->embedded, grid->patches * enc->width,
                                           sizeof(float));

    enc->size = odva_grid_clip_size(grid);
    if (status == ONEDVA_OK)
        status = odva_images_wrap_const(&images, enc->backend, pictures, grid->frames, grid->width,
                                        grid->height, enc->backend->depth);
    if (status == ONEDVA_OK)
        status = odva_patch_walk_run(walk, grid, images.image, embed_block, enc);
    odva_images_free(&images, enc->backend);
    return status;
}

static int run_group(struct odva_query_encoder *enc, const struct odva_tile_group *group)
{
    struct odva_backend *backend = enc->backend;
    struct odva_transformer *tr = &enc->transformer;
    const int64_t rows = group->queries + group->patches;
    const struct odva_matrix h = odva_device_array_rows(&enc->h, 0, enc->width);
    const struct odva_matrix norm = odva_device_array_rows(&enc->norm, 0, enc->width);
    const struct odva_matrix embedded =
        odva_device_array_rows(&enc->embedded, group->first_patch, enc->width);
    const struct odva_matrix tokens =
        odva_device_array_rows(&enc->tokens_device, group->first_query, TOKEN);
    const struct odva_epilogue embed = {.add = {enc->embed, 0, enc->width, ODVA_FLOAT32},
                                        .add_row = enc->embed_row.buffer,
                                        .first_row = group->first_query};
    struct odva_windows windows = enc->windows;
    int status = odva_linear_layer_run(&enc->query, backend, h, tokens, group->queries, embed);

    if (status == ONEDVA_OK)
        status = backend->ops->axpby(backend, odva_matrix_from(h, group->queries), 1.0f, embedded,
                                     0.0f, embedded, group->patches, enc->width);
    windows.first = group->first_tile;
    windows.count = group->tiles;
    for (int i = 0; i < tr->block_count && status == ONEDVA_OK; i++)
        status =
            odva_transformer_run(tr, i, h, rows, i + 1 < tr->block_count ? rows : group->queries,
                                 &windows, enc->cond_row.buffer);
    if (status == ONEDVA_OK)
        status = backend->ops->norm_modulate(backend, norm, h, group->queries, enc->width,
                                             &(struct odva_modulation){0});
    return status < 0 ? status
                      : odva_linear_layer_run(&enc->out, backend, tokens, norm, group->queries,
                                              (struct odva_epilogue){0});
}

/** Tiles on the host's threads. */
struct tile_job {
    const struct odva_query_encoder *enc;
    const struct odva_latents *latents;
    const float *linear;
    float *y;
};

static void normalise_task(void *opaque, int64_t index, int worker)
{
    const struct tile_job *job = opaque;
    const struct odva_latent_tile *tile = &job->latents->tiles[index];

    (void)worker;
    odva_normalise_latents(job->enc->tokens + job->enc->tile_query[index] * TOKEN,
                           job->linear + tile->offset, tile->scan,
                           tile_queries(job->enc, &job->latents->grid.tiles[index]));
}

static void correct_task(void *opaque, int64_t index, int worker)
{
    const struct tile_job *job = opaque;
    const struct odva_latent_tile *tile = &job->latents->tiles[index];
    const float *delta = job->enc->tokens + job->enc->tile_query[index] * TOKEN;
    const float *linear = job->linear + tile->offset;
    const int n = tile_queries(job->enc, &job->latents->grid.tiles[index]) * TOKEN;
    const int corrected = odva_min(n, tile->coefficients);
    float *y = job->y + tile->offset;

    (void)worker;
    for (int i = 0; i < corrected; i++)
        y[i] = linear[i] + odva_exp2_eighths(tile->scan->scale[i]) * delta[i];
    memcpy(y + corrected, linear + corrected, (tile->coefficients - corrected) * sizeof(*y));
}

int odva_query_encoder_correct(struct odva_query_encoder *enc, const struct odva_latents *latents,
                               int qidx, const float *linear, float *y)
{
    struct tile_job job = {enc, latents, linear, y};
    const struct odva_grid *grid = &latents->grid;
    struct odva_backend *backend = enc->backend;
    const float scalar = (float)qidx / 64.0f;
    int status;

    ODVA_ASSERT(odva_grid_fits(grid, enc->size) && linear != y);
    ODVA_ASSERT(qidx >= ONEDVA_MIN_QIDX && qidx <= ONEDVA_MAX_QIDX);
    if ((status = set_partition(enc, grid)) < 0)
        return status;
    odva_thread_pool_run(enc->pool, grid->tile_count, normalise_task, &job);
    if ((status = odva_device_array_set(backend, &enc->tokens_device, enc->tokens,
                                        enc->query_count * TOKEN, sizeof(float))) < 0 ||
        (status = odva_transformer_condition(&enc->transformer, &scalar, 1)) < 0)
        return status;
    for (int g = 0; g < enc->group_count && status == ONEDVA_OK; g++)
        status = run_group(enc, &enc->groups[g]);
    if (status == ONEDVA_OK)
        status = backend->ops->download(backend, enc->tokens_device.buffer, 0, enc->tokens,
                                        enc->query_count * TOKEN * sizeof(float));
    if (status < 0)
        return status;
    odva_thread_pool_run(enc->pool, grid->tile_count, correct_task, &job);
    return ONEDVA_OK;
}
