/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Quantisation and the choice of each tile's length by rate and distortion. */
#ifndef ODVA_RATE_DISTORTION_H
#define ODVA_RATE_DISTORTION_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "bitstream/latents.h"
#include "bitstream/layer_plan.h"
#include "model/model.h"
#include "rate/bit_cost.h"

/* Squared error in units of D^2 that one bit is worth. */
#define ODVA_LAMBDA 0.13

struct odva_thread_pool;

/** The quantiser of an index with a fraction: the next coarser one. */
static inline int odva_qidx_of(double index)
{
    return (int)ceil(index);
}

/** What a tile costs at its best length. */
struct odva_tile_cost {
    double cost;  /* squared error, less that of length 0, and what its bits are worth */
    int64_t bits; /* 1/1024 bits */
};

/** What a tile of one length costs, without the bits of the length itself. */
struct odva_length_candidate {
    double distortion; /* squared error, less that of length 0 */
    int64_t bits;      /* 1/1024 bits */
};

struct odva_rate_distortion {
    const struct onedva_model *model;
    struct odva_thread_pool *pool; /* borrowed: its threads share the tiles */
    int max_tokens;                /* of the largest tiles (odva_token_limit) */
    int thorough;                  /* also try the next level towards zero for each coefficient */
    struct odva_bit_cost bit_cost;
    uint8_t *near; /* a symbol context for each worker */
    struct odva_length_candidate *candidates;
    int *longest; /* candidate of each tile */
    size_t candidate_capacity, longest_capacity;
};

/**
 * @param max_tokens upper bound of the largest tiles' lengths (odva_token_limit), 0: none
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_rate_distortion_init(struct odva_rate_distortion *rd, const struct onedva_model *model,
                              struct odva_thread_pool *pool, int max_tokens, int thorough);
void odva_rate_distortion_free(struct odva_rate_distortion *rd);

/**
 * Quantise a clip and choose the tiles' lengths: the minimum of squared error + ODVA_LAMBDA D^2
 * bits, tile by tile in coding order. With a fraction of an index lambda is that of the index, and
 * the next coarser quantiser gets a smaller dead zone, so that rates between those of two indices
 * can be had.
 * @param latents size set; q, qidx and the tiles' tokens, of one refinement, are the result
 * @param y       K * grid.patches coefficients, each tile's in scan order
 * @param weight  by how much a bit must pay more in each superblock, or NULL: by nothing
 * @param bits    of the payload, in 1/1024
 * @param costs   of each tile, INFINITY where it is left out, or NULL: none is
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_rate_distortion_run(struct odva_rate_distortion *rd, struct odva_latents *latents,
                             const float *y, double index, const double *weight, int64_t *bits,
                             struct odva_tile_cost *costs);

/** Squared error that 1/1024 bit is worth at an index. */
double odva_rate_distortion_lambda(double index);

/**
 * Choose the tiles' lengths for layers. Those of a coarser refinement as odva_rate_distortion_run
 * does at its step, but of what the levels of the last refinement leave when they are rounded
 * towards 0; a layer in the midst of a sweep ends a tile where another bit takes away less squared
 * error than it is worth at a coarser step.
 * @param latents what odva_rate_distortion_run made of y; the tiles' lengths are the result
 * @param weight  as there
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_rate_distortion_divide(struct odva_rate_distortion *rd, struct odva_latents *latents,
                                const float *y, const double *weight,
                                const struct odva_layer_plan *layer_plan);

#endif
