/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The partition of a clip's superblocks, and which of its tiles are predicted, that costs least,
 * chosen from the smallest tiles up. One row of superblocks, a strip, is at work at a time, so that
 * no clip is ever needed in tiles of all sizes. */
#ifndef ODVA_PARTITION_CHOICE_H
#define ODVA_PARTITION_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#include "bitstream/latents.h"
#include "rate/rate_distortion.h"

/** Where a clip's coefficients come from. */
struct odva_tile_source {
    void *opaque;
    /**
     * Give a strip in tiles of one size, but for those left out.
     * @param strip       its size and partition
     * @param first_patch of the clip's patches
     * @param y           odva_latents_count(strip) coefficients, each tile's in scan order
     */
    int (*transform)(void *opaque, const struct odva_latents *strip, int64_t first_patch, float *y);
    /**
     * The same without what the prediction has of it; NULL: there is no prediction.
     * @param y      what transform gave
     * @param energy what this adds to the sum of squares of each tile that is not left out
     */
    int (*subtract)(void *opaque, const struct odva_latents *strip, int64_t first_patch,
                    const float *y, float *difference, double *energy);
};

/** A strip all in tiles of one size, as it is or less its prediction. */
struct odva_strip_trial {
    struct odva_latents latents;
    float *y;
    struct odva_tile_cost *costs;
    size_t y_capacity, cost_capacity;
};

struct odva_partition_choice {
    double masking;                   /* strength of odva_activity_weights; 0: none */
    int prunes;                       /* leave out what smaller tiles speak against */
    int tile_size;                    /* of all tiles, in samples; 0: what costs least */
    struct odva_strip_trial trial[2]; /* as it is; predicted */
    struct odva_tile_cost *best;      /* of the nodes so far, at their first tokens [8][gx] */
    double *energy;                   /* of the tiles of a strip */
    double *weight;                   /* of each superblock's bits, with masking */
    int *tokens;                      /* of the tiles chosen, at their first tokens [gy][gx] */
    size_t best_capacity, energy_capacity, weight_capacity, token_capacity;
};

/** By how much a bit had to pay more in each superblock of the clip chosen last; NULL: by nothing.
 */
static inline const double *
odva_partition_choice_weights(const struct odva_partition_choice *choice)
{
    return choice->masking > 0 ? choice->weight : NULL;
}

void odva_partition_choice_free(struct odva_partition_choice *choice);

/**
 * Choose the partition of a clip and quantise it.
 * @param latents whose size and detail are set: partition, predicted tiles, q, qidx and the tiles'
 *                tokens are the result
 * @param y       coefficients of the partition's tiles, less the prediction where they are
 * predicted
 * @param bits    of the payload, in 1/1024
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM or what the source gives
 */
int odva_partition_choice_run(struct odva_partition_choice *choice, struct odva_rate_distortion *rd,
                              struct odva_scan_cache *scans, const struct odva_tile_source *source,
                              double index, struct odva_latents *latents, float *y, int64_t *bits);

#endif
