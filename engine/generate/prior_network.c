/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "generate/prior_network.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define TOKEN   ODVA_LATENT_TOKEN
#define SCALARS 2

/* ---- opening ----------------------------------------------------------------------------- */

static int load_layers(struct odva_prior_network *net, struct odva_device_weights *weights)
{
    const struct odva_prior_tensors *tensors = &net->prior->tensors;
    const struct odva_prior_config *config = &net->prior->config;
    const struct odva_transformer_tensors transformer = {.width = config->width,
                                                         .head_dim = &config->head_dim,
                                                         .scalars = SCALARS,
                                                         .cond = &tensors->cond,
                                                         .block_count = config->layers,
                                                         .blocks = tensors->blocks};
    const enum odva_precision exact = ODVA_PRECISION_EXACT;
    int status;

    if ((status = odva_linear_layer_load(&net->token, weights, &tensors->token, exact)) < 0 ||
        (status = odva_linear_layer_load(&net->final, weights, &tensors->final, exact)) < 0 ||
        (status = odva_linear_layer_load(&net->out, weights, &tensors->out, exact)) < 0)
        return status;
    net->embed = odva_device_tensor(weights, tensors->embed);
    if (!net->embed)
        return ONEDVA_ERR_NOMEM;
    return odva_transformer_open(&net->transformer, net->backend, weights, &transformer, exact);
}

int odva_prior_network_open(struct odva_prior_network *net, const struct onedva_prior *prior,
                            struct odva_backend *backend)
{
    struct odva_model_devices *devices = (struct odva_model_devices *)&prior->devices;
    struct odva_device_weights *weights = odva_device_weights_in(devices, backend->device);
    int status;

    *net = (struct odva_prior_network){.prior = prior, .backend = backend};
    status = weights ? load_layers(net, weights) : ONEDVA_ERR_NOMEM;
    if (status < 0)
        odva_prior_network_close(net);
    return status;
}

void odva_prior_network_close(struct odva_prior_network *net)
{
    struct odva_device_array *arrays[] = {&net->begin,         &net->entries,  &net->rope,
                                          &net->embed_row,     &net->cond_row, &net->h,
                                          &net->tokens_device, &net->x,        &net->modulation};

    if (!net->backend)
        return;
    odva_transformer_close(&net->transformer);
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        odva_device_array_free(net->backend, arrays[i]);
    free(net->tokens);
    *net = (struct odva_prior_network){0};
}

/* ---- sequence ---------------------------------------------------------------------------- */

/** Index tables being made on the host: of a set, then of all rows. */
struct tables {
    int32_t *begin, *entries, *rope, *embed_row, *cond_row;
};

/* Rows of embed: classes and none, the clip's tokens tile by tile, those of the clip before. */
static void fill_embed_rows(const struct odva_prior_network *net, struct tables *tables,
                            int class_index)
{
    const struct odva_prior_config *config = &net->prior->config;
    const int places = config->tiles * config->length, first = config->classes + 1;
    const int64_t class_row = net->sets * net->noisy, before_row = class_row + net->sets;

    for (int set = 0; set < net->sets; set++) {
        tables->embed_row[class_row + set] =
            set == 0 && class_index >= 0 ? class_index : config->classes;
        for (int64_t i = 0; i < net->noisy; i++) {
            const int place = (int)(i / net->length * config->length + i % net->length);

            tables->embed_row[set * net->noisy + i] = first + place;
            if (net->has_before)
                tables->embed_row[before_row + set * net->noisy + i] = first + places + place;
        }
    }
}

/* All rows of a set see each other. */
static void fill_windows(const struct odva_prior_network *net, struct tables *tables)
{
    const int64_t class_row = net->sets * net->noisy, before_row = class_row + net->sets;
    int32_t entry = 0;

    for (int set = 0; set < net->sets; set++) {
        tables->begin[set] = entry;
        for (int64_t i = 0; i < net->noisy; i++)
            tables->entries[entry++] = (int32_t)(set * net->noisy + i);
        tables->entries[entry++] = (int32_t)(class_row + set);
        for (int64_t i = 0; i < net->noisy && net->has_before; i++)
            tables->entries[entry++] = (int32_t)(before_row + set * net->noisy + i);
    }
    tables->begin[net->sets] = entry;
    for (int32_t i = 0; i < entry; i++)
        tables->rope[i] = -1;
}

static int upload_tables(struct odva_prior_network *net, const struct tables *tables)
{
    struct odva_backend *backend = net->backend;
    const size_t size = sizeof(int32_t);
    int status;

    if ((status = odva_device_array_set(backend, &net->begin, tables->begin, net->sets + 1, size)) <
            0 ||
        (status = odva_device_array_set(backend, &net->entries, tables->entries, net->rows, size)) <
            0 ||
        (status = odva_device_array_set(backend, &net->rope, tables->rope, net->rows, size)) < 0 ||
        (status = odva_device_array_set(backend, &net->embed_row, tables->embed_row, net->rows,
                                        size)) < 0)
        return status;
    return odva_device_array_set(backend, &net->cond_row, tables->cond_row, net->rows, size);
}

static int make_tables(struct odva_prior_network *net, int class_index)
{
    struct tables tables = {
        .begin = malloc((net->sets + 1) * sizeof(int32_t)),
        .entries = malloc(net->rows * sizeof(int32_t)),
        .rope = malloc(net->rows * sizeof(int32_t)),
        .embed_row = malloc(net->rows * sizeof(int32_t)),
        .cond_row = calloc(net->rows, sizeof(int32_t)),
    };
    int status = ONEDVA_ERR_NOMEM;

    if (tables.begin && tables.entries && tables.rope && tables.embed_row && tables.cond_row) {
        fill_embed_rows(net, &tables, class_index);
        fill_windows(net, &tables);
        status = upload_tables(net, &tables);
    }
    free(tables.begin);
    free(tables.entries);
    free(tables.rope);
    free(tables.embed_row);
    free(tables.cond_row);
    net->windows = (struct odva_windows){.count = net->sets,
                                         .max_length = (int)(net->rows / net->sets),
                                         .begin = net->begin.buffer,
                                         .rows = net->entries.buffer,
                                         .rope = net->rope.buffer};
    return status;
}

static int reserve_work(struct odva_prior_network *net)
{
    struct odva_backend *backend = net->backend;
    const int64_t d = net->prior->config.width;
    const size_t size = sizeof(float);
    int status;

    free(net->tokens);
    net->tokens = calloc(net->rows * TOKEN, size);
    if (!net->tokens)
        return ONEDVA_ERR_NOMEM;
    if ((status = odva_device_array_reserve(backend, &net->h, net->rows * d, size)) < 0 ||
        (status = odva_device_array_reserve(backend, &net->modulation, 2 * d, size)) < 0)
        return status;
    return odva_device_array_reserve(backend, &net->x, net->sets * net->noisy * TOKEN, size);
}

int odva_prior_network_set(struct odva_prior_network *net,
                           const struct odva_prior_sequence *sequence)
{
    int status;

    ODVA_ASSERT(sequence->length >= 1 && sequence->length <= net->prior->config.length);
    ODVA_ASSERT(sequence->class_index >= -1 && sequence->class_index < net->prior->config.classes);
    net->length = sequence->length;
    net->sets = sequence->is_guided ? 2 : 1;
    net->has_before = sequence->before != NULL;
    net->noisy = (int64_t)net->prior->config.tiles * sequence->length;
    net->rows = net->sets * (net->noisy * (1 + net->has_before) + 1);
    if ((status = reserve_work(net)) < 0)
        return status;
    for (int set = 0; set < net->sets && net->has_before; set++)
        memcpy(net->tokens + (net->sets * (net->noisy + 1) + set * net->noisy) * TOKEN,
               sequence->before, net->noisy * TOKEN * sizeof(*net->tokens));
    return make_tables(net, sequence->class_index);
}

/* ---- running ----------------------------------------------------------------------------- */

/* All tokens with z among them, embedded. */
static int embed(struct odva_prior_network *net, const float *z)
{
    const int d = net->prior->config.width;
    const struct odva_epilogue place = {
        .add = {(struct odva_buffer *)net->embed, 0, d, ODVA_FLOAT32},
        .add_row = net->embed_row.buffer};
    int status;

    for (int set = 0; set < net->sets; set++)
        memcpy(net->tokens + set * net->noisy * TOKEN, z,
               net->noisy * TOKEN * sizeof(*net->tokens));
    status = odva_device_array_set(net->backend, &net->tokens_device, net->tokens,
                                   net->rows * TOKEN, sizeof(*net->tokens));
    if (status < 0)
        return status;
    return odva_linear_layer_run(&net->token, net->backend, odva_device_array_rows(&net->h, 0, d),
                                 odva_device_array_rows(&net->tokens_device, 0, TOKEN), net->rows,
                                 place);
}

static int run_blocks(struct odva_prior_network *net)
{
    const struct odva_matrix h = odva_device_array_rows(&net->h, 0, net->prior->config.width);
    const int last = net->transformer.block_count - 1;
    int status = ONEDVA_OK;

    for (int i = 0; i <= last && status == ONEDVA_OK; i++)
        status = odva_transformer_run(&net->transformer, i, h, net->rows,
                                      i < last ? net->rows : net->sets * net->noisy, &net->windows,
                                      net->cond_row.buffer);
    return status;
}

static int finish(struct odva_prior_network *net, float *x)
{
    const int64_t d = net->prior->config.width, count = net->sets * net->noisy;
    struct odva_backend *backend = net->backend;
    const struct odva_modulation norm = {
        .shift = {net->modulation.buffer, 0, 2 * d, ODVA_FLOAT32},
        .scale = {net->modulation.buffer, d, 2 * d, ODVA_FLOAT32},
        .row = net->cond_row.buffer,
    };
    const struct odva_linear_step step = {.dst = odva_device_array_rows(&net->x, 0, TOKEN),
                                          .src = odva_device_array_rows(&net->h, 0, d),
                                          .norm = &norm,
                                          .weights = net->out.weights,
                                          .epilogue = {.bias = net->out.bias}};
    int status = odva_linear_layer_run(
        &net->final, backend, odva_device_array_rows(&net->modulation, 0, 2 * d),
        odva_device_array_rows(&net->transformer.cond, 0, d), 1, (struct odva_epilogue){0});

    if (status < 0 || (status = backend->ops->linear_chain(backend, &step, 1, count)) < 0)
        return status;
    return backend->ops->download(backend, net->x.buffer, 0, x, count * TOKEN * sizeof(*x));
}

int odva_prior_network_run(struct odva_prior_network *net, float t, const float *z, float *x)
{
    const float scalars[SCALARS] = {t, (float)net->length / (float)net->prior->config.length};
    int status;

    ODVA_ASSERT(net->rows > 0);
    if ((status = odva_transformer_condition(&net->transformer, scalars, 1)) < 0 ||
        (status = embed(net, z)) < 0 || (status = run_blocks(net)) < 0)
        return status;
    return finish(net, x);
}
