/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "network/latent_shares.h"

#include <string.h>

void odva_latent_shares(float *shares, const struct odva_latents *latents)
{
    const struct odva_grid *grid = &latents->grid;

    memset(shares, 0, grid->superblock_count * sizeof(*shares));
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];

        shares[grid->tiles[i].superblock] += (float)odva_coefficients_of(tile, tile->tokens);
    }
    for (int i = 0; i < grid->superblock_count; i++) {
        const struct odva_superblock *superblock = &grid->superblocks[i];

        shares[i] /= (float)grid->basis * (float)(grid->gt * superblock->ny * superblock->nx);
    }
}
