/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Tiles of the linear path that are at work together on a GPU. */
#ifndef ODVA_TILE_GROUP_H
#define ODVA_TILE_GROUP_H

#include <stdint.h>

#include "kernels/backend.h"

#define ODVA_TILE_GROUP_NUMBERS (1 << 24) /* of tiles of a group, or one tile's */

/** Tiles that are at work together. */
struct odva_tile_group {
    struct odva_buffer *table;   /* a structure of the backend's own for each */
    struct odva_buffer *numbers; /* of all */
    int count, basis;
};

/** Where tiles' latents and coefficients are. */
struct odva_tile_memory {
    const struct odva_buffer *latents, *coefs; /* coefs: NULL for reconstruction */
    int basis;
};

static inline int64_t odva_tile_numbers(const struct odva_dct_tile *tile, int basis)
{
    return (int64_t)tile->nt * tile->ny * tile->nx * basis;
}

/** As many tiles as may be at work together, max_tiles at most. */
static inline int odva_tile_group_count(const struct odva_dct_tile *tiles, int count, int basis,
                                        int max_tiles)
{
    int64_t numbers = 0;
    int i;

    for (i = 0; i < count && i < max_tiles; i++) {
        numbers += odva_tile_numbers(&tiles[i], basis);
        if (i > 0 && numbers > ODVA_TILE_GROUP_NUMBERS)
            break;
    }
    return i;
}

#endif
