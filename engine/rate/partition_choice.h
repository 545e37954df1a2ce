/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The partition of a clip's superblocks that costs least, chosen from the smallest tiles up. */
#ifndef ODVA_PARTITION_CHOICE_H
#define ODVA_PARTITION_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#include "bitstream/latents.h"
#include "rate/rate_distortion.h"

/** A clip all in tiles of one size. */
struct odva_tile_level {
    struct odva_latents latents;
    float *y; /* K * grid.patches, each tile's in scan order */
    size_t y_capacity;
    struct odva_tile_cost *costs; /* of the tiles */
    size_t cost_capacity;
};

struct odva_partition_choice {
    struct odva_tile_level level[ODVA_TILE_SIZES]; /* the largest tiles first */
};

void odva_partition_choice_free(struct odva_partition_choice *choice);

/** Set the size of a clip. @return ONEDVA_OK or an error */
int odva_partition_choice_set_size(struct odva_partition_choice *choice,
                                   struct odva_scan_cache *scans, int detail,
                                   struct odva_clip_size size);

/**
 * Choose the partition of a clip whose levels have their y.
 * @param latents of the clip's size: partition, q, qidx and the tiles' tokens are the result
 * @param y       coefficients of the partition's tiles
 * @param bits    of the payload, in 1/1024
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_partition_choice_run(struct odva_partition_choice *choice, struct odva_rate_distortion *rd,
                              double index, struct odva_latents *latents, float *y, int64_t *bits);

#endif
