/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Transformer blocks and their conditioning (doc/architecture.md). */
#ifndef ODVA_TRANSFORMER_H
#define ODVA_TRANSFORMER_H

#include "kernels/device_array.h"
#include "model/linear_layer.h"
#include "model/model.h"

#define ODVA_SCALAR_FEATURES 16 /* of each conditioning scalar */

struct odva_transformer_block {
    struct odva_linear_layer qkv, proj, fc1, fc2;
    const struct odva_buffer *mod_bias; /* cond.mod's bias + the block's table, [6 d] */
};

struct odva_transformer {
    struct odva_backend *backend;
    int width, head_dim;
    int scalars;
    enum odva_precision precision; /* of the blocks; conditioning is always exact */
    int block_count;
    struct odva_transformer_block *blocks;
    struct odva_linear_layer cond1, cond2, mod;
    const struct odva_buffer *cosines, *sines; /* [256][head_dim/2], row (t*8 + y)*8 + x */
    float *features;                           /* host, [rows][16 scalars] */
    int64_t features_capacity;
    struct odva_device_array features_device, hidden_cond;
    struct odva_device_array cond; /* c, [rows][d] */
    struct odva_device_array mods; /* of the block that runs, [rows][6 d] */
    struct odva_device_array qkv;  /* [tokens][3 d] */
    int64_t cond_rows;
};

/** What a transformer is made of; all that is pointed to lives as long as the weights. */
struct odva_transformer_tensors {
    int width;
    const int *head_dim;
    int scalars; /* of the conditioning */
    const struct odva_conditioning_tensors *cond;
    int block_count;
    const struct odva_block_tensors *blocks;
};

/** @param weights what the backend's device holds of the tensors' file @return ONEDVA_OK or
 * ONEDVA_ERR_NOMEM */
int odva_transformer_open(struct odva_transformer *transformer, struct odva_backend *backend,
                          struct odva_device_weights *weights,
                          const struct odva_transformer_tensors *tensors,
                          enum odva_precision precision);
void odva_transformer_close(struct odva_transformer *transformer);

/** Conditioning of rows sets of scalars. @param scalars [rows][transformer->scalars] */
int odva_transformer_condition(struct odva_transformer *transformer, const float *scalars,
                               int64_t rows);

/**
 * One block, in place.
 * @param h        [rows][d]
 * @param rows     tokens that attend and are attended to
 * @param kept     the first of them, those that are updated; the rest become undefined
 * @param cond_row int32 for each token: its row of the conditioning
 */
int odva_transformer_run(struct odva_transformer *transformer, int block, struct odva_matrix h,
                         int64_t rows, int64_t kept, const struct odva_windows *windows,
                         const struct odva_buffer *cond_row);

#define ODVA_ROPE_ROWS ODVA_TILE_PATCHES

/** A rotation table [ODVA_ROPE_ROWS][head_dim/2]. @param fn odva_cos or odva_sin */
void odva_rope_table(float *table, int head_dim, double (*fn)(double angle));

/** Row of the rotation tables for a coordinate in a tile. */
static inline int32_t odva_rope_row(int t, int y, int x)
{
    return (t * 8 + y) * 8 + x;
}

#endif
