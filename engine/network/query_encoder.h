/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The network that corrects linear latents (doc/architecture.md, query encoder). */
#ifndef ODVA_QUERY_ENCODER_H
#define ODVA_QUERY_ENCODER_H

#include "base/layout.h"
#include "bitstream/scan.h"
#include "kernels/device_array.h"
#include "model/linear_layer.h"
#include "network/transformer.h"

/** Tiles that are computed together; token rows are all their queries, then all their patches. */
struct odva_tile_group {
    int first_tile, tiles;
    int64_t first_patch, patches;
    int64_t first_query, queries; /* first_query counts the queries of all groups before */
};

struct odva_query_encoder {
    struct odva_backend *backend;
    struct odva_scan_cache *scans;
    int width, basis, queries;
    struct odva_linear_layer patch; /* bias less mu W^T */
    struct odva_linear_layer query, out;
    struct odva_buffer *embed; /* [queries][d] */
    struct odva_transformer transformer;
    /* of the current grid */
    int frames, picture_width, picture_height;
    struct odva_tile_group *groups;
    int group_count;
    int64_t *tile_query; /* queries of all tiles before */
    int64_t query_count;
    int tile_capacity;
    struct odva_windows windows; /* of all tiles; rows count inside their group */
    struct odva_device_array begin, rows, rope;
    struct odva_device_array embed_row; /* int32: row of embed of each query */
    struct odva_device_array cond_row;  /* int32: 0 for each row of the largest group */
    struct odva_device_array embedded;  /* of all patches, [patches][d] */
    struct odva_device_array h;         /* of one group, [rows][d] */
    struct odva_device_array norm;      /* [queries of one group][d] */
    float *tokens;                      /* host, [queries][32]: inputs, then corrections */
    int64_t tokens_capacity;
    struct odva_device_array tokens_device;
};

int odva_query_encoder_open(struct odva_query_encoder *encoder, const struct onedva_model *model,
                            struct odva_backend *backend, struct odva_scan_cache *scans);
void odva_query_encoder_close(struct odva_query_encoder *encoder);

/** Prepare for clips of a grid; nothing is done when it is the same as before. */
int odva_query_encoder_set_grid(struct odva_query_encoder *encoder, const struct odva_grid *grid);

/** Embed a clip's patches. @param x [count][1536], patches first .. first+count-1 */
int odva_query_encoder_embed(struct odva_query_encoder *encoder, struct odva_matrix x,
                             int64_t first, int64_t count);

/** Correct the latents of the clip embedded last; parameters as in odva_analysis_refine. */
int odva_query_encoder_refine(struct odva_query_encoder *encoder, const struct odva_grid *grid,
                              int qidx, const float *linear, float *latents);

#endif
