/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "network/transformer.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/strict_math.h"

#define FREQUENCIES (ODVA_SCALAR_FEATURES / 2)

enum modulation { SHIFT1, SCALE1, GATE1, SHIFT2, SCALE2, GATE2, MODULATIONS };

/* ---- opening ----------------------------------------------------------------------------- */

/* A block's own modulation, to which cond.mod's bias is added here. */
static void read_mod_bias(float *numbers, const struct odva_weight_source *source)
{
    const struct odva_tensor *table = source->data, *bias = source->other;

    for (int64_t i = 0; i < table->count; i++) {
        float addend;

        odva_tensor_read_floats(table, i, 1, &numbers[i]);
        odva_tensor_read_floats(bias, i, 1, &addend);
        numbers[i] += addend;
    }
}

static int load_block(struct odva_transformer_block *block, struct odva_device_weights *weights,
                      const struct odva_block_tensors *tensors, const struct odva_tensor *mod_bias,
                      enum odva_precision precision)
{
    const struct odva_weight_source source = {
        .data = tensors->table, .other = mod_bias, .read = read_mod_bias};
    int status;

    if ((status = odva_linear_layer_load(&block->qkv, weights, &tensors->qkv, precision)) < 0 ||
        (status = odva_linear_layer_load(&block->proj, weights, &tensors->proj, precision)) < 0 ||
        (status = odva_linear_layer_load(&block->fc1, weights, &tensors->fc1, precision)) < 0 ||
        (status = odva_linear_layer_load(&block->fc2, weights, &tensors->fc2, precision)) < 0)
        return status;
    block->mod_bias = odva_device_vector(weights, &source, tensors->table->count);
    return block->mod_bias ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* One position's row: a quarter of the pairs for t, the rest in two equal parts for y and x. */
static void rope_row(float *row, const int coordinate[3], int half, double (*fn)(double angle))
{
    const int pairs[3] = {half / 4, (half - half / 4) / 2, (half - half / 4) / 2};

    for (int axis = 0; axis < 3; axis++) {
        for (int j = 0; j < pairs[axis]; j++) {
            const double frequency = odva_exp(-4.0 * j / pairs[axis] * 0.69314718055994531);

            *row++ = (float)fn(coordinate[axis] * frequency);
        }
    }
}

void odva_rope_table(float *table, int head_dim, double (*fn)(double angle))
{
    const int half = head_dim / 2;

    ODVA_ASSERT(head_dim > 0 && head_dim % 16 == 0);
    for (int i = 0; i < ODVA_ROPE_ROWS; i++) {
        const int coordinate[3] = {i / 64, i / 8 % 8, i % 8};

        rope_row(table + (int64_t)i * half, coordinate, half, fn);
    }
}

static void read_cosines(float *numbers, const struct odva_weight_source *source)
{
    odva_rope_table(numbers, *(const int *)source->data, odva_cos);
}

static void read_sines(float *numbers, const struct odva_weight_source *source)
{
    odva_rope_table(numbers, *(const int *)source->data, odva_sin);
}

static int load_rope(struct odva_transformer *tr, struct odva_device_weights *weights,
                     const int *head_dim)
{
    const struct odva_weight_source cosines = {.data = head_dim, .read = read_cosines};
    const struct odva_weight_source sines = {.data = head_dim, .read = read_sines};
    const int64_t count = (int64_t)ODVA_ROPE_ROWS * *head_dim / 2;

    tr->cosines = odva_device_vector(weights, &cosines, count);
    tr->sines = odva_device_vector(weights, &sines, count);
    return tr->cosines && tr->sines ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

static int load_layers(struct odva_transformer *tr, struct odva_device_weights *weights,
                       const struct odva_transformer_tensors *tensors)
{
    const struct odva_conditioning_tensors *cond = tensors->cond;
    const enum odva_precision exact = ODVA_PRECISION_EXACT;
    int status;

    if ((status = odva_linear_layer_load(&tr->cond1, weights, &cond->fc1, exact)) < 0 ||
        (status = odva_linear_layer_load(&tr->cond2, weights, &cond->fc2, exact)) < 0 ||
        (status = odva_linear_layer_load(&tr->mod, weights, &cond->mod, exact)) < 0)
        return status;
    for (int i = 0; i < tr->block_count && status == ONEDVA_OK; i++)
        status =
            load_block(&tr->blocks[i], weights, &tensors->blocks[i], cond->mod.bias, tr->precision);
    return status;
}

int odva_transformer_open(struct odva_transformer *tr, struct odva_backend *backend,
                          struct odva_device_weights *weights,
                          const struct odva_transformer_tensors *tensors,
                          enum odva_precision precision)
{
    int status;

    ODVA_ASSERT(tensors->scalars >= 1 && tensors->block_count >= 1);
    *tr = (struct odva_transformer){.backend = backend,
                                    .width = tensors->width,
                                    .head_dim = *tensors->head_dim,
                                    .scalars = tensors->scalars,
                                    .precision = precision,
                                    .block_count = tensors->block_count,
                                    .blocks = calloc(tensors->block_count, sizeof(*tr->blocks))};
    status = weights && tr->blocks ? load_layers(tr, weights, tensors) : ONEDVA_ERR_NOMEM;
    if (status == ONEDVA_OK)
        status = load_rope(tr, weights, tensors->head_dim);
    if (status < 0)
        odva_transformer_close(tr);
    return status;
}

void odva_transformer_close(struct odva_transformer *tr)
{
    struct odva_backend *backend = tr->backend;
    struct odva_device_array *arrays[] = {&tr->features_device, &tr->hidden_cond, &tr->cond,
                                          &tr->mods, &tr->qkv};

    if (!backend)
        return;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        odva_device_array_free(backend, arrays[i]);
    free(tr->blocks);
    free(tr->features);
    *tr = (struct odva_transformer){0};
}

/* ---- conditioning ------------------------------------------------------------------------ */

/* sin, then cos of pi 2^j s; the angle is rounded to float as in training. */
static void scalar_features(float *dst, float s)
{
    for (int j = 0; j < FREQUENCIES; j++) {
        const float angle = s * (float)(ODVA_PI * (1 << j));

        dst[j] = (float)odva_sin(angle);
        dst[FREQUENCIES + j] = (float)odva_cos(angle);
    }
}

static int reserve_features(struct odva_transformer *tr, int64_t rows)
{
    if (rows <= tr->features_capacity)
        return ONEDVA_OK;
    free(tr->features);
    tr->features_capacity = 0;
    tr->features = malloc(rows * tr->scalars * ODVA_SCALAR_FEATURES * sizeof(*tr->features));
    if (!tr->features)
        return ONEDVA_ERR_NOMEM;
    tr->features_capacity = rows;
    return ONEDVA_OK;
}

int odva_transformer_condition(struct odva_transformer *tr, const float *scalars, int64_t rows)
{
    const int n_features = tr->scalars * ODVA_SCALAR_FEATURES, d = tr->width;
    struct odva_backend *backend = tr->backend;
    const struct odva_epilogue silu = {.activation = ODVA_ACTIVATION_SILU};
    int status;

    ODVA_ASSERT(rows >= 1);
    if ((status = reserve_features(tr, rows)) < 0 ||
        (status = odva_device_array_reserve(backend, &tr->hidden_cond, rows * d, sizeof(float))) <
            0 ||
        (status = odva_device_array_reserve(backend, &tr->cond, rows * d, sizeof(float))) < 0 ||
        (status = odva_device_array_reserve(backend, &tr->mods, rows * d * MODULATIONS,
                                            sizeof(float))) < 0)
        return status;
    for (int64_t i = 0; i < rows * tr->scalars; i++)
        scalar_features(tr->features + i * ODVA_SCALAR_FEATURES, scalars[i]);
    tr->cond_rows = rows;
    if ((status = odva_device_array_set(backend, &tr->features_device, tr->features,
                                        rows * n_features, sizeof(float))) < 0 ||
        (status = odva_linear_layer_run(
             &tr->cond1, backend, odva_device_array_rows(&tr->hidden_cond, 0, d),
             odva_device_array_rows(&tr->features_device, 0, n_features), rows, silu)) < 0)
        return status;
    return odva_linear_layer_run(&tr->cond2, backend, odva_device_array_rows(&tr->cond, 0, d),
                                 odva_device_array_rows(&tr->hidden_cond, 0, d), rows, silu);
}

/* ---- running ----------------------------------------------------------------------------- */

/** One block at work. */
struct run {
    struct odva_transformer *tr;
    const struct odva_transformer_block *block;
    struct odva_matrix h;
    const struct odva_buffer *cond_row;
};

static struct odva_matrix modulation(const struct run *run, enum modulation part)
{
    struct odva_matrix mods =
        odva_device_array_rows(&run->tr->mods, 0, (int64_t)MODULATIONS * run->tr->width);

    mods.offset += (int64_t)part * run->tr->width;
    return mods;
}

static struct odva_modulation normalised(const struct run *run, enum modulation shift,
                                         enum modulation scale)
{
    return (struct odva_modulation){
        .shift = modulation(run, shift), .scale = modulation(run, scale), .row = run->cond_row};
}

static struct odva_epilogue
gated_residual(const struct run *run, const struct odva_linear_layer *layer, enum modulation gate)
{
    return (struct odva_epilogue){.bias = layer->bias,
                                  .gate = modulation(run, gate),
                                  .gate_row = run->cond_row,
                                  .add = run->h};
}

/* qkv of normalised tokens. */
static int project(const struct run *run, struct odva_matrix qkv, int64_t rows)
{
    const struct odva_modulation norm = normalised(run, SHIFT1, SCALE1);
    const struct odva_linear_step step = {.dst = qkv,
                                          .src = run->h,
                                          .norm = &norm,
                                          .weights = run->block->qkv.weights,
                                          .epilogue = {.bias = run->block->qkv.bias}};

    return run->tr->backend->ops->linear_chain(run->tr->backend, &step, 1, rows);
}

/* What follows attention, whose output lies in the q columns. */
static int finish(const struct run *run, struct odva_matrix qkv, int64_t rows)
{
    const struct odva_transformer_block *block = run->block;
    const struct odva_modulation norm = normalised(run, SHIFT2, SCALE2);
    const struct odva_linear_step steps[] = {
        {.dst = run->h,
         .src = qkv,
         .weights = block->proj.weights,
         .epilogue = gated_residual(run, &block->proj, GATE1)},
        {.src = run->h,
         .norm = &norm,
         .weights = block->fc1.weights,
         .epilogue = {.bias = block->fc1.bias, .activation = ODVA_ACTIVATION_GELU}},
        {.dst = run->h,
         .weights = block->fc2.weights,
         .epilogue = gated_residual(run, &block->fc2, GATE2)},
    };

    return run->tr->backend->ops->linear_chain(run->tr->backend, steps,
                                               sizeof(steps) / sizeof(steps[0]), rows);
}

int odva_transformer_run(struct odva_transformer *tr, int index, struct odva_matrix h, int64_t rows,
                         int64_t kept, const struct odva_windows *windows,
                         const struct odva_buffer *cond_row)
{
    struct odva_backend *backend = tr->backend;
    const int64_t d = tr->width;
    const struct run run = {tr, &tr->blocks[index], h, cond_row};
    const struct odva_attention attention = {.heads = tr->width / tr->head_dim,
                                             .head_dim = tr->head_dim,
                                             .precision = tr->precision,
                                             .cosines = tr->cosines,
                                             .sines = tr->sines};
    const enum odva_element element =
        tr->precision == ODVA_PRECISION_NETWORK ? backend->device->network_element : ODVA_FLOAT32;
    const struct odva_epilogue mod_bias = {.bias = run.block->mod_bias};
    struct odva_matrix qkv;
    int status;

    ODVA_ASSERT(index >= 0 && index < tr->block_count);
    ODVA_ASSERT(kept >= 0 && kept <= rows);
    ODVA_ASSERT(tr->cond_rows > 0);
    if ((status = odva_device_array_reserve(backend, &tr->qkv, rows * 3 * d,
                                            odva_element_size(element))) < 0)
        return status;
    qkv = odva_device_array_rows(&tr->qkv, 0, 3 * d);
    qkv.element = element;
    if ((status =
             backend->ops->linear(backend, odva_device_array_rows(&tr->mods, 0, MODULATIONS * d),
                                  odva_device_array_rows(&tr->cond, 0, d), tr->cond_rows,
                                  tr->mod.weights, &mod_bias)) < 0 ||
        (status = project(&run, qkv, rows)) < 0 ||
        (status = backend->ops->attention(backend, qkv, qkv, &attention, windows)) < 0)
        return status;
    return finish(&run, qkv, kept);
}
