/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "network/transformer.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/strict_math.h"

#define POSITIONS   ODVA_TILE_PATCHES
#define FREQUENCIES (ODVA_SCALAR_FEATURES / 2)

enum modulation { SHIFT1, SCALE1, GATE1, SHIFT2, SCALE2, GATE2, MODULATIONS };

/* ---- opening ----------------------------------------------------------------------------- */

static int load_block(struct odva_transformer *tr, const struct onedva_model *model,
                      struct odva_transformer_block *block,
                      const struct odva_block_tensors *tensors, const float *mod_bias)
{
    struct odva_backend *backend = tr->backend;
    float *table;
    int status;

    if ((status = odva_linear_layer_load(&block->qkv, backend, model, &tensors->qkv,
                                         tr->precision)) < 0 ||
        (status = odva_linear_layer_load(&block->proj, backend, model, &tensors->proj,
                                         tr->precision)) < 0 ||
        (status = odva_linear_layer_load(&block->fc1, backend, model, &tensors->fc1,
                                         tr->precision)) < 0 ||
        (status =
             odva_linear_layer_load(&block->fc2, backend, model, &tensors->fc2, tr->precision)) < 0)
        return status;
    table = odva_tensor_floats(tensors->table);
    if (!table)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < MODULATIONS * tr->width; i++)
        table[i] += mod_bias[i];
    block->mod_bias = odva_buffer_of_floats(backend, table, (int64_t)MODULATIONS * tr->width);
    free(table);
    return block->mod_bias ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

static int load_blocks(struct odva_transformer *tr, const struct onedva_model *model,
                       const struct odva_block_tensors *tensors, int count,
                       const struct odva_tensor *mod_bias)
{
    float *bias = odva_tensor_floats(mod_bias);
    int status = ONEDVA_OK;

    tr->blocks = calloc(count, sizeof(*tr->blocks));
    if (!bias || !tr->blocks)
        status = ONEDVA_ERR_NOMEM;
    for (int i = 0; i < count && status == ONEDVA_OK; i++) {
        tr->block_count++;
        status = load_block(tr, model, &tr->blocks[i], &tensors[i], bias);
    }
    free(bias);
    return status;
}

/* Angles of one position: a quarter of the pairs for t, the rest in two equal parts for y and x. */
static void rope_angles(float *cosines, float *sines, const int coordinate[3], int half)
{
    const int pairs[3] = {half / 4, (half - half / 4) / 2, (half - half / 4) / 2};

    for (int axis = 0; axis < 3; axis++) {
        for (int j = 0; j < pairs[axis]; j++) {
            const double frequency = odva_exp(-4.0 * j / pairs[axis] * 0.69314718055994531);

            *cosines++ = (float)odva_cos(coordinate[axis] * frequency);
            *sines++ = (float)odva_sin(coordinate[axis] * frequency);
        }
    }
}

int odva_rope_tables(struct odva_backend *backend, int head_dim, struct odva_buffer **cosines,
                     struct odva_buffer **sines)
{
    const int64_t half = head_dim / 2;
    float *c = malloc(POSITIONS * half * sizeof(*c)), *s = malloc(POSITIONS * half * sizeof(*s));

    ODVA_ASSERT(head_dim > 0 && head_dim % 16 == 0);
    *cosines = *sines = NULL;
    if (c && s) {
        for (int i = 0; i < POSITIONS; i++) {
            const int coordinate[3] = {i / 64, i / 8 % 8, i % 8};

            rope_angles(c + i * half, s + i * half, coordinate, (int)half);
        }
        *cosines = odva_buffer_of_floats(backend, c, POSITIONS * half);
        *sines = odva_buffer_of_floats(backend, s, POSITIONS * half);
    }
    free(c);
    free(s);
    return *cosines && *sines ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

int odva_transformer_open(struct odva_transformer *tr, struct odva_backend *backend,
                          const struct onedva_model *model,
                          const struct odva_conditioning_tensors *cond, int scalars,
                          const struct odva_block_tensors *blocks, int block_count,
                          enum odva_precision precision)
{
    int status;

    ODVA_ASSERT(scalars >= 1 && block_count >= 1);
    *tr = (struct odva_transformer){.backend = backend,
                                    .width = model->config.width,
                                    .head_dim = model->config.head_dim,
                                    .scalars = scalars,
                                    .precision = precision};
    if ((status = odva_linear_layer_load(&tr->cond1, backend, model, &cond->fc1,
                                         ODVA_PRECISION_EXACT)) < 0 ||
        (status = odva_linear_layer_load(&tr->cond2, backend, model, &cond->fc2,
                                         ODVA_PRECISION_EXACT)) < 0 ||
        (status = odva_linear_layer_load(&tr->mod, backend, model, &cond->mod,
                                         ODVA_PRECISION_EXACT)) < 0 ||
        (status = load_blocks(tr, model, blocks, block_count, cond->mod.bias)) < 0 ||
        (status = odva_rope_tables(backend, tr->head_dim, &tr->cosines, &tr->sines)) < 0) {
        odva_transformer_close(tr);
        return status;
    }
    return ONEDVA_OK;
}

void odva_transformer_close(struct odva_transformer *tr)
{
    struct odva_backend *backend = tr->backend;
    struct odva_device_array *arrays[] = {&tr->features_device, &tr->hidden_cond, &tr->cond,
                                          &tr->mods, &tr->qkv};

    if (!backend)
        return;
    for (int i = 0; i < tr->block_count; i++) {
        struct odva_transformer_block *block = &tr->blocks[i];

        odva_linear_layer_close(&block->qkv, backend);
        odva_linear_layer_close(&block->proj, backend);
        odva_linear_layer_close(&block->fc1, backend);
        odva_linear_layer_close(&block->fc2, backend);
        if (block->mod_bias)
            backend->ops->free(backend, block->mod_bias);
    }
    odva_linear_layer_close(&tr->cond1, backend);
    odva_linear_layer_close(&tr->cond2, backend);
    odva_linear_layer_close(&tr->mod, backend);
    if (tr->cosines)
        backend->ops->free(backend, tr->cosines);
    if (tr->sines)
        backend->ops->free(backend, tr->sines);
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
        tr->precision == ODVA_PRECISION_NETWORK ? backend->network_element : ODVA_FLOAT32;
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
