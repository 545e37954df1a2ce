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
#include "network/latent_scale.h"

#define SCALARS 3
#define SIDE    ODVA_SUPERBLOCK_SIDE

/* ---- opening ----------------------------------------------------------------------------- */

static int load_layers(struct odva_diffusion_decoder *dec, const struct onedva_model *model)
{
    const struct odva_decoder_tensors *t = &model->weights->decoder;
    struct odva_backend *backend = dec->backend;
    float *embed;
    int status;

    if ((status = odva_linear_layer_load(&dec->coef, backend, model, &t->coef, NULL,
                                         ODVA_PRECISION_NETWORK)) < 0 ||
        (status = odva_linear_layer_load(&dec->noise, backend, model, &t->noise, NULL,
                                         ODVA_PRECISION_NETWORK)) < 0 ||
        (status = odva_linear_layer_load(&dec->context, backend, model, &t->context, NULL,
                                         ODVA_PRECISION_NETWORK)) < 0 ||
        (status = odva_linear_layer_load(&dec->final, backend, model, &t->final, NULL,
                                         ODVA_PRECISION_NETWORK)) < 0 ||
        (status = odva_linear_layer_load(&dec->out, backend, model, &t->out, NULL,
                                         ODVA_PRECISION_NETWORK)) < 0)
        return status;
    embed = odva_tensor_floats(t->embed);
    if (!embed)
        return ONEDVA_ERR_NOMEM;
    dec->embed = odva_buffer_of_floats(backend, embed, t->embed->count);
    free(embed);
    return dec->embed ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

int odva_diffusion_decoder_open(struct odva_diffusion_decoder *dec,
                                const struct onedva_model *model, struct odva_backend *backend,
                                struct odva_scan_cache *scans)
{
    const struct odva_decoder_tensors *tensors = &model->weights->decoder;
    const struct odva_model_config *config = &model->config;
    int status;

    ODVA_ASSERT(config->decoder_layers > 0);
    *dec = (struct odva_diffusion_decoder){.backend = backend,
                                           .scans = scans,
                                           .width = config->width,
                                           .basis = config->basis,
                                           .context_tokens = config->context_tokens};
    if ((status = load_layers(dec, model)) < 0 ||
        (status = odva_transformer_open(&dec->transformer, backend, model, &tensors->cond, SCALARS,
                                        tensors->blocks, config->decoder_layers,
                                        ODVA_PRECISION_NETWORK)) < 0)
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
    odva_linear_layer_close(&dec->coef, backend);
    odva_linear_layer_close(&dec->noise, backend);
    odva_linear_layer_close(&dec->context, backend);
    odva_linear_layer_close(&dec->final, backend);
    odva_linear_layer_close(&dec->out, backend);
    if (dec->embed)
        backend->ops->free(backend, dec->embed);
    odva_transformer_close(&dec->transformer);
    odva_device_array_free(backend, &dec->cond_row);
    odva_device_array_free(backend, &dec->embed_row);
    free_window_set(backend, &dec->superblock_windows);
    free_window_set(backend, &dec->shifted_windows);
    odva_device_array_free(backend, &dec->h);
    odva_device_array_free(backend, &dec->modulation);
    odva_device_array_free(backend, &dec->latents_device);
    free(dec->latents);
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

/* A superblock's context tokens, then its patches. */
static int list_superblock_windows(struct odva_diffusion_decoder *dec, const struct odva_grid *grid)
{
    struct window_list list;
    int status = window_list_open(&list, grid->superblock_count, dec->patches + dec->context_rows);

    for (int i = 0; i < grid->superblock_count && status == ONEDVA_OK; i++) {
        const struct odva_superblock *superblock = &grid->superblocks[i];

        for (int j = 0; j < dec->context_tokens; j++)
            window_list_add(&list, dec->patches + (int64_t)i * dec->context_tokens + j, -1);
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
    int32_t *rows = malloc((dec->patches + dec->context_rows) * sizeof(*rows));
    int64_t n = 0;
    int status;

    if (!rows)
        return ONEDVA_ERR_NOMEM;
    for (int64_t i = 0; i < dec->context_rows; i++)
        rows[i] = (int32_t)(i % dec->context_tokens);
    status = odva_device_array_set(dec->backend, &dec->embed_row, rows, dec->context_rows,
                                   sizeof(*rows));
    for (int i = 0; i < grid->superblock_count; i++) {
        const int patches = grid->gt * grid->superblocks[i].ny * grid->superblocks[i].nx;

        for (int j = 0; j < patches; j++)
            rows[n++] = i;
    }
    for (int64_t i = 0; i < dec->context_rows; i++)
        rows[n++] = (int32_t)(i / dec->context_tokens);
    if (status == ONEDVA_OK)
        status = odva_device_array_set(dec->backend, &dec->cond_row, rows, n, sizeof(*rows));
    free(rows);
    return status;
}

static int reserve_host(struct odva_diffusion_decoder *dec, int tiles)
{
    const size_t context = (size_t)tiles * dec->context_tokens * ODVA_LATENT_TOKEN;

    dec->latents =
        odva_reserve(dec->latents, &dec->latents_capacity, context, sizeof(*dec->latents));
    dec->scalars = odva_reserve(dec->scalars, &dec->scalars_capacity, (size_t)tiles * SCALARS,
                                sizeof(*dec->scalars));
    return dec->latents && dec->scalars ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
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
    dec->context_rows = superblocks * dec->context_tokens;
    dec->superblock_count = grid->superblock_count;
    if (dec->patches + dec->context_rows > INT32_MAX)
        return ONEDVA_ERR_LIMIT;
    if ((status = reserve_host(dec, grid->superblock_count)) < 0 ||
        (status = map_rows(dec, grid)) < 0 || (status = list_superblock_windows(dec, grid)) < 0 ||
        (status = list_shifted_windows(dec, grid)) < 0 ||
        (status = odva_device_array_reserve(
             backend, &dec->h, (dec->patches + dec->context_rows) * d, sizeof(float))) < 0 ||
        (status = odva_device_array_reserve(backend, &dec->modulation, superblocks * 2 * d,
                                            sizeof(float))) < 0)
        return status;
    dec->size = odva_grid_clip_size(grid);
    return ONEDVA_OK;
}

/* ---- clip -------------------------------------------------------------------------------- */

int odva_diffusion_decoder_set_clip(struct odva_diffusion_decoder *dec,
                                    const struct odva_grid *grid, const float *latents,
                                    const float *shares, int qidx)
{
    const int status = set_grid(dec, grid);

    if (status < 0)
        return status;
    ODVA_ASSERT(qidx >= ONEDVA_MIN_QIDX);
    for (int i = 0; i < grid->superblock_count; i++) {
        const struct odva_superblock *superblock = &grid->superblocks[i];
        const struct odva_scan *scan =
            odva_scan_get(dec->scans, grid->gt, superblock->ny, superblock->nx);
        float *scalars = dec->scalars + (size_t)i * SCALARS;

        if (!scan)
            return ONEDVA_ERR_NOMEM;
        odva_normalise_latents(dec->latents + (size_t)i * dec->context_tokens * ODVA_LATENT_TOKEN,
                               latents + dec->basis * superblock->first_patch, scan,
                               dec->context_tokens);
        scalars[1] = (float)qidx / 64.0f;
        scalars[2] = shares[i];
    }
    return odva_device_array_set(dec->backend, &dec->latents_device, dec->latents,
                                 dec->context_rows * ODVA_LATENT_TOKEN, sizeof(float));
}

static int embed_tokens(struct odva_diffusion_decoder *dec, struct odva_matrix coefs, float t,
                        struct odva_matrix z)
{
    struct odva_backend *backend = dec->backend;
    const struct odva_matrix h = odva_device_array_rows(&dec->h, 0, dec->width);
    const struct odva_epilogue embed = {.add = {dec->embed, 0, dec->width, ODVA_FLOAT32},
                                        .add_row = dec->embed_row.buffer};
    int status = odva_linear_layer_run(&dec->coef, backend, h, coefs, dec->patches,
                                       (struct odva_epilogue){0});

    if (status == ONEDVA_OK && t > 0.0f)
        status = odva_linear_layer_run(&dec->noise, backend, h, z, dec->patches,
                                       (struct odva_epilogue){.add = h});
    if (status < 0)
        return status;
    return odva_linear_layer_run(&dec->context, backend, odva_matrix_from(h, dec->patches),
                                 odva_device_array_rows(&dec->latents_device, 0, ODVA_LATENT_TOKEN),
                                 dec->context_rows, embed);
}

int odva_diffusion_decoder_run(struct odva_diffusion_decoder *dec, struct odva_matrix coefs,
                               float t, struct odva_matrix z)
{
    struct odva_transformer *tr = &dec->transformer;
    const struct odva_matrix h = odva_device_array_rows(&dec->h, 0, dec->width);
    const int64_t all = dec->patches + dec->context_rows;
    int status;

    ODVA_ASSERT(dec->size.frames > 0 && dec->latents_device.buffer);
    ODVA_ASSERT(t >= 0 && t < 1);
    for (int i = 0; i < dec->superblock_count; i++)
        dec->scalars[(size_t)i * SCALARS] = t;
    if ((status = embed_tokens(dec, coefs, t, z)) < 0 ||
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
