/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "network/diffusion_decoder.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/reserve.h"
#include "model/model.h"
#include "model/model_weights.h"

#define SCALARS 3
#define SIDE    ODVA_SUPERBLOCK_SIDE

/* ---- opening ----------------------------------------------------------------------------- */

static int load_layers(struct odva_diffusion_decoder *dec, struct odva_device_weights *weights,
                       const struct odva_decoder_tensors *t)
{
    const enum odva_precision precision = ODVA_PRECISION_NETWORK;
    int status;

    if ((status = odva_linear_layer_load(&dec->patch, weights, &t->patch, precision)) < 0 ||
        (status = odva_linear_layer_load(&dec->noise, weights, &t->noise, precision)) < 0 ||
        (status = odva_linear_layer_load(&dec->final, weights, &t->final, precision)) < 0 ||
        (status = odva_linear_layer_load(&dec->out, weights, &t->out, precision)) < 0)
        return status;
    dec->initial = odva_device_tensor(weights, t->registers);
    return dec->initial ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

int odva_diffusion_decoder_open(struct odva_diffusion_decoder *dec,
                                const struct onedva_model *model, struct odva_backend *backend)
{
    struct odva_device_weights *weights = odva_device_weights_of(model, backend->device);
    const struct odva_decoder_tensors *tensors = &model->weights->decoder;
    const struct odva_model_config *config = &model->config;
    const struct odva_transformer_tensors transformer = {.width = config->width,
                                                         .head_dim = &config->head_dim,
                                                         .scalars = SCALARS,
                                                         .cond = &tensors->cond,
                                                         .block_count = config->decoder_layers,
                                                         .blocks = tensors->blocks};
    int status;

    ODVA_ASSERT(config->decoder_layers > 0);
    *dec = (struct odva_diffusion_decoder){
        .backend = backend, .width = config->width, .registers = config->registers};
    status = weights ? load_layers(dec, weights, tensors) : ONEDVA_ERR_NOMEM;
    if (status == ONEDVA_OK)
        status = odva_transformer_open(&dec->transformer, backend, weights, &transformer,
                                       ODVA_PRECISION_NETWORK);
    if (status < 0)
        odva_diffusion_decoder_close(dec);
    return status;
}

static void free_window_set(struct odva_backend *backend, struct odva_window_set *set)
{
    odva_device_array_free(backend, &set->begin);
    odva_device_array_free(backend, &set->rows);
    odva_device_array_free(backend, &set->rope);
}

void odva_diffusion_decoder_close(struct odva_diffusion_decoder *dec)
{
    struct odva_backend *backend = dec->backend;

    if (!backend)
        return;
    odva_transformer_close(&dec->transformer);
    odva_device_array_free(backend, &dec->cond_row);
    free_window_set(backend, &dec->superblock_windows);
    free_window_set(backend, &dec->shifted_windows);
    odva_device_array_free(backend, &dec->h);
    odva_device_array_free(backend, &dec->modulation);
    odva_device_array_free(backend, &dec->registers_of_all);
    odva_device_array_free(backend, &dec->embedded);
    free(dec->scalars);
    *dec = (struct odva_diffusion_decoder){0};
}

/* ---- windows ----------------------------------------------------------------------------- */

/** Windows being listed on the host. */
struct window_list {
    int32_t *begin, *rows, *rope;
    int count, entries, max_length;
};

static int window_list_open(struct window_list *list, int64_t windows, int64_t entries)
{
    *list = (struct window_list){
        .begin = malloc((windows + 1) * sizeof(*list->begin)),
        .rows = malloc(entries * sizeof(*list->rows)),
        .rope = malloc(entries * sizeof(*list->rope)),
    };
    return list->begin && list->rows && list->rope ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

static void window_list_add(struct window_list *list, int64_t row, int32_t rope)
{
    list->rows[list->entries] = (int32_t)row;
    list->rope[list->entries++] = rope;
}

static void window_list_end(struct window_list *list)
{
    const int begin = list->count ? list->begin[list->count] : 0;

    list->begin[0] = 0;
    list->begin[++list->count] = list->entries;
    if (list->entries - begin > list->max_length)
        list->max_length = list->entries - begin;
}

/* Give the list to the device and free it. */
static int window_list_close(struct window_list *list, struct odva_backend *backend,
                             struct odva_window_set *set, int status)
{
    if (status == ONEDVA_OK)
        status = odva_device_array_set(backend, &set->begin, list->begin, list->count + 1,
                                       sizeof(int32_t));
    if (status == ONEDVA_OK)
        status =
            odva_device_array_set(backend, &set->rows, list->rows, list->entries, sizeof(int32_t));
    if (status == ONEDVA_OK)
        status =
            odva_device_array_set(backend, &set->rope, list->rope, list->entries, sizeof(int32_t));
    set->windows = (struct odva_windows){.count = list->count,
                                         .max_length = list->max_length,
                                         .begin = set->begin.buffer,
                                         .rows = set->rows.buffer,
                                         .rope = set->rope.buffer};
    free(list->begin);
    free(list->rows);
    free(list->rope);
    return status;
}

static void list_patches(struct window_list *list, const struct odva_grid *grid, int y0, int y1,
                         int x0, int x1, int shift)
{
    for (int t = 0; t < grid->gt; t++)
        for (int y = y0; y < y1; y++)
            for (int x = x0; x < x1; x++)
                window_list_add(list, grid->place[(size_t)y * grid->gx + x] + t,
                                odva_rope_row(t, (y + shift) % SIDE, (x + shift) % SIDE));
}

/* A superblock's registers, then its patches. */
static int list_superblock_windows(struct odva_diffusion_decoder *dec, const struct odva_grid *grid)
{
    struct window_list list;
    int status = window_list_open(&list, grid->superblock_count, dec->patches + dec->register_rows);

    for (int i = 0; i < grid->superblock_count && status == ONEDVA_OK; i++) {
        const struct odva_superblock *superblock = &grid->superblocks[i];

        for (int j = 0; j < dec->registers; j++)
            window_list_add(&list, dec->patches + (int64_t)i * dec->registers + j, -1);
        list_patches(&list, grid, superblock->y0, superblock->y0 + superblock->ny, superblock->x0,
                     superblock->x0 + superblock->nx, 0);
        window_list_end(&list);
    }
    return window_list_close(&list, dec->backend, &dec->superblock_windows, status);
}

/* End of the shifted window that begins at a coordinate: 4, 12, 20, ... or the grid's end. */
static int shifted_end(int begin, int n)
{
    const int end = begin ? begin + SIDE : SIDE / 2;

    return end < n ? end : n;
}

static int list_shifted_windows(struct odva_diffusion_decoder *dec, const struct odva_grid *grid)
{
    struct window_list list;
    const int64_t most = (int64_t)(grid->superblocks_y + 1) * (grid->superblocks_x + 1);
    int status = window_list_open(&list, most, dec->patches);

    for (int y = 0; y < grid->gy && status == ONEDVA_OK; y = shifted_end(y, grid->gy))
        for (int x = 0; x < grid->gx; x = shifted_end(x, grid->gx)) {
            list_patches(&list, grid, y, shifted_end(y, grid->gy), x, shifted_end(x, grid->gx),
                         SIDE / 2);
            window_list_end(&list);
        }
    return window_list_close(&list, dec->backend, &dec->shifted_windows, status);
}

/* ---- grid -------------------------------------------------------------------------------- */

static int map_rows(struct odva_diffusion_decoder *dec, const struct odva_grid *grid)
{
    int32_t *rows = malloc((dec->patches + dec->register_rows) * sizeof(*rows));
    int64_t n = 0;
    int status;

    if (!rows)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < grid->superblock_count; i++) {
        const int patches = grid->gt * grid->superblocks[i].ny * grid->superblocks[i].nx;

        for (int j = 0; j < patches; j++)
            rows[n++] = i;
    }
    for (int64_t i = 0; i < dec->register_rows; i++)
        rows[n++] = (int32_t)(i / dec->registers);
    status = odva_device_array_set(dec->backend, &dec->cond_row, rows, n, sizeof(*rows));
    free(rows);
    return status;
}

/* The registers of all superblocks, one after the other. */
static int repeat_registers(struct odva_diffusion_decoder *dec)
{
    struct odva_backend *backend = dec->backend;
    const struct odva_matrix initial = {dec->initial, 0, dec->width, ODVA_FLOAT32};
    int status = odva_device_array_reserve(backend, &dec->registers_of_all,
                                           dec->register_rows * dec->width, sizeof(float));

    for (int64_t row = 0; row < dec->register_rows && status == ONEDVA_OK; row += dec->registers)
        status = backend->ops->axpby(
            backend, odva_device_array_rows(&dec->registers_of_all, row, dec->width), 1.0f, initial,
            0.0f, initial, dec->registers, dec->width);
    return status;
}

/* Nothing is done where the grid is the same as before. */
static int set_grid(struct odva_diffusion_decoder *dec, const struct odva_grid *grid)
{
    struct odva_backend *backend = dec->backend;
    const int64_t superblocks = grid->superblock_count, d = dec->width;
    int status;

    if (odva_grid_fits(grid, dec->size))
        return ONEDVA_OK;
    dec->size = (struct odva_clip_size){0}; /* no grid is valid until the end */
    dec->patches = grid->patches;
    dec->register_rows = superblocks * dec->registers;
    dec->superblock_count = grid->superblock_count;
    if (dec->patches + dec->register_rows > INT32_MAX)
        return ONEDVA_ERR_LIMIT;
    dec->scalars = odva_reserve(dec->scalars, &dec->scalars_capacity, superblocks * SCALARS,
                                sizeof(*dec->scalars));
    if (!dec->scalars)
        return ONEDVA_ERR_NOMEM;
    if ((status = map_rows(dec, grid)) < 0 || (status = list_superblock_windows(dec, grid)) < 0 ||
        (status = list_shifted_windows(dec, grid)) < 0 || (status = repeat_registers(dec)) < 0 ||
        (status = odva_device_array_reserve(
             backend, &dec->h, (dec->patches + dec->register_rows) * d, sizeof(float))) < 0 ||
        (status = odva_device_array_reserve(backend, &dec->embedded, dec->patches * d,
                                            sizeof(float))) < 0 ||
        (status = odva_device_array_reserve(backend, &dec->modulation, superblocks * 2 * d,
                                            sizeof(float))) < 0)
        return status;
    dec->size = odva_grid_clip_size(grid);
    return ONEDVA_OK;
}

/* ---- clip -------------------------------------------------------------------------------- */

int odva_diffusion_decoder_set_clip(struct odva_diffusion_decoder *dec,
                                    const struct odva_grid *grid, const float *shares, int qidx)
{
    const int status = set_grid(dec, grid);

    if (status < 0)
        return status;
    ODVA_ASSERT(qidx >= ONEDVA_MIN_QIDX);
    for (int i = 0; i < grid->superblock_count; i++) {
        float *scalars = dec->scalars + (size_t)i * SCALARS;

        scalars[1] = (float)qidx / 64.0f;
        scalars[2] = shares[i];
    }
    return ONEDVA_OK;
}

int odva_diffusion_decoder_embed(struct odva_diffusion_decoder *dec, struct odva_matrix x,
                                 int64_t first, int64_t count)
{
    ODVA_ASSERT(dec->size.frames > 0);
    ODVA_ASSERT(first >= 0 && count >= 0 && first + count <= dec->patches);
    return odva_linear_layer_run(&dec->patch, dec->backend,
                                 odva_device_array_rows(&dec->embedded, first, dec->width), x,
                                 count, (struct odva_epilogue){0});
}

static int start_tokens(struct odva_diffusion_decoder *dec, float t, struct odva_matrix z)
{
    struct odva_backend *backend = dec->backend;
    const struct odva_matrix h = odva_device_array_rows(&dec->h, 0, dec->width);
    const struct odva_matrix embedded = odva_device_array_rows(&dec->embedded, 0, dec->width);
    const struct odva_matrix registers =
        odva_device_array_rows(&dec->registers_of_all, 0, dec->width);
    int status;

    if (t > 0.0f)
        status = odva_linear_layer_run(&dec->noise, backend, h, z, dec->patches,
                                       (struct odva_epilogue){.add = embedded});
    else
        status = backend->ops->axpby(backend, h, 1.0f, embedded, 0.0f, embedded, dec->patches,
                                     dec->width);
    if (status < 0)
        return status;
    return backend->ops->axpby(backend, odva_matrix_from(h, dec->patches), 1.0f, registers, 0.0f,
                               registers, dec->register_rows, dec->width);
}

int odva_diffusion_decoder_run(struct odva_diffusion_decoder *dec, float t, struct odva_matrix z)
{
    struct odva_transformer *tr = &dec->transformer;
    const struct odva_matrix h = odva_device_array_rows(&dec->h, 0, dec->width);
    const int64_t all = dec->patches + dec->register_rows;
    int status;

    ODVA_ASSERT(dec->size.frames > 0);
    ODVA_ASSERT(t >= 0 && t < 1);
    for (int i = 0; i < dec->superblock_count; i++)
        dec->scalars[(size_t)i * SCALARS] = t;
    if ((status = start_tokens(dec, t, z)) < 0 ||
        (status = odva_transformer_condition(tr, dec->scalars, dec->superblock_count)) < 0)
        return status;
    for (int i = 0; i < tr->block_count && status == ONEDVA_OK; i++) {
        if (i % 2 == 0)
            status = odva_transformer_run(tr, i, h, all, all, &dec->superblock_windows.windows,
                                          dec->cond_row.buffer);
        else
            status = odva_transformer_run(tr, i, h, dec->patches, dec->patches,
                                          &dec->shifted_windows.windows, dec->cond_row.buffer);
    }
    if (status < 0)
        return status;
    return odva_linear_layer_run(
        &dec->final, dec->backend,
        odva_device_array_rows(&dec->modulation, 0, 2 * (int64_t)dec->width),
        odva_device_array_rows(&tr->cond, 0, dec->width), dec->superblock_count,
        (struct odva_epilogue){0});
}

int odva_diffusion_decoder_correct(struct odva_diffusion_decoder *dec, struct odva_matrix x,
                                   int64_t first, int64_t count)
{
    const int64_t d = dec->width;
    const struct odva_modulation norm = {
        .shift = {dec->modulation.buffer, 0, 2 * d, ODVA_FLOAT32},
        .scale = {dec->modulation.buffer, d, 2 * d, ODVA_FLOAT32},
        .row = dec->cond_row.buffer,
        .first_row = first,
    };
    const struct odva_linear_step step = {.dst = x,
                                          .src = odva_device_array_rows(&dec->h, first, d),
                                          .norm = &norm,
                                          .weights = dec->out.weights,
                                          .epilogue = {.bias = dec->out.bias, .add = x}};

    ODVA_ASSERT(dec->size.frames > 0 && dec->modulation.buffer);
    ODVA_ASSERT(first >= 0 && count >= 0 && first + count <= dec->patches);
    return dec->backend->ops->linear_chain(dec->backend, &step, 1, count);
}
