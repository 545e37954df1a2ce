/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The network that corrects linear latents (doc/architecture.md, query encoder). */
#ifndef ODVA_QUERY_ENCODER_H
#define ODVA_QUERY_ENCODER_H

#include "base/layout.h"
#include "bitstream/latents.h"
#include "kernels/device_array.h"
#include "model/linear_layer.h"
#include "network/transformer.h"
#include "transform/patch_walk.h"

/** Tiles that are computed together; token rows are all their queries, then all their patches. */
struct odva_tile_group {
    int first_tile, tiles;
    int64_t first_patch, patches;
    int64_t first_query, queries; /* first_query counts the queries of all groups before */
};

struct odva_query_encoder {
    struct odva_backend *backend; /* borrowed, as the next */
    struct odva_thread_pool *pool;
    int width, queries;
    struct odva_linear_layer patch, query, out;
    struct odva_buffer *embed; /* [queries][d] */
    struct odva_transformer transformer;
    /* of the current grid */
    struct odva_clip_size size;
    struct odva_tile_group *groups;
    int group_count;
    int64_t *tile_query; /* queries of all tiles before */
    int64_t query_count;
    size_t group_capacity, tile_capacity;
    struct odva_windows windows; /* of all tiles; rows count inside their group */
    struct odva_device_array begin, rows, rope;
    struct odva_device_array embed_row; /* int32: row of embed of each query */
    struct odva_device_array cond_row;  /* int32: 0 for each row of the largest group */
    struct odva_device_array embedded;  /* of all patches, [patches][d] */
    struct odva_device_array h;         /* of one group, [rows][d] */
    struct odva_device_array norm;      /* [queries of one group][d] */
    float *tokens;                      /* host, [queries][32]: inputs, then corrections */
    size_t tokens_capacity;
    struct odva_device_array tokens_device;
};

int odva_query_encoder_open(struct odva_query_encoder *encoder, const struct onedva_model *model,
                            struct odva_backend *backend, struct odva_thread_pool *pool);
void odva_query_encoder_close(struct odva_query_encoder *encoder);

/** Give the clip, of which the encoder keeps what it needs. */
int odva_query_encoder_set_clip(struct odva_query_encoder *encoder, struct odva_patch_walk *walk,
                                const struct odva_grid *grid,
                                const struct onedva_const_picture *pictures);

/**
 * Correct the clip's linear latents for a quantiser index. May be called for several of them.
 * @param latents of which partition and scans are read
 * @param linear  what odva_linear_path_transform gave
 * @param y       same layout; may not alias linear
 */
int odva_query_encoder_correct(struct odva_query_encoder *encoder,
                               const struct odva_latents *latents, int qidx, const float *linear,
                               float *y);

#endif
