/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The quantised latents of a clip. */
#ifndef ODVA_LATENTS_H
#define ODVA_LATENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/layout.h"
#include "bitstream/scan.h"
#include "onedva/onedva.h"

/* Of the layers of a packet: each halves the quantiser's step (doc/bitstream.md, section 6). */
#define ODVA_MAX_REFINEMENTS 4
#define ODVA_QIDX_OF_HALVING 8

/* How strongly a clip's pictures are smoothed (doc/bitstream.md, section 8). */
#define ODVA_SMOOTHINGS      8
#define ODVA_USUAL_SMOOTHING 3 /* what suits most clips at most qualities */

/* In what is seen of a coefficient: the refinement at hand has coded it. */
#define ODVA_CODED 0x80

/* The rest of it: min(|q|, 15). */
#define ODVA_SEEN_MAGNITUDE 0x0F

/** What is kept for each tile. */
struct odva_latent_tile {
    const struct odva_scan *scan;
    size_t offset;                 /* its first coefficient in q: K * first_patch */
    int coefficients;              /* K * patches */
    int token_length;              /* coefficients per latent token */
    int max_tokens;                /* ceil(coefficients / token_length) */
    int tokens;                    /* latent tokens held: the longest of the refinements */
    int length[ONEDVA_MAX_LAYERS]; /* tokens of its refinement that are coded with each layer's end
                                    */
    int shown;                     /* coefficients of which other tiles see the magnitudes */
    int seen_count;                /* coefficients behind which nothing of the refinement is seen */
    int is_left_out;               /* of an encoder's trials */
};

/**
 * Quantised coefficients, tile after tile, each tile's in scan order. Those behind a tile's last
 * token are 0 after decoding.
 */
struct odva_latents {
    struct odva_grid grid;
    int detail;
    int basis; /* K */
    int qidx;
    int smoothing; /* 0..ODVA_SMOOTHINGS - 1 */
    int layers;   /* that the tiles' lengths are of */
    int is_inter; /* tiles may be predicted from the clip before */
    int nested; /* how many finer refinements the values lack: q is rounded towards 0 from theirs */
    int shift;  /* how many low bits of q the refinement being encoded leaves out; 0 when decoded */
    int32_t *q; /* K * grid.patches */
    uint8_t *seen;    /* of each, in the refinement at hand: magnitude and ODVA_CODED */
    int16_t *ratio;   /* see odva_symbol_predictor_end_tile */
    uint32_t *splits; /* of each superblock: its partition (odva_split_bit) */
    /* of each superblock where is_inter: the tokens of predicted tiles (odva_token_bit) */
    uint64_t *predicted;
    struct odva_latent_tile *tiles;                       /* grid.tile_count */
    const struct odva_scan *scans[ODVA_TILE_SIZES][2][2]; /* of sizes; cut in y, in x */
    size_t q_capacity, seen_capacity, ratio_capacity, split_capacity, predicted_capacity,
        tile_capacity;
};

/**
 * Set the size and detail of a clip, whose superblocks are not split. Memory is kept from clip to
 * clip and grows only where a clip is larger than all before; q is not initialised.
 * @return ONEDVA_OK, ONEDVA_ERR_ARGUMENT or ONEDVA_ERR_NOMEM
 */
int odva_latents_set_size(struct odva_latents *latents, struct odva_scan_cache *scans, int detail,
                          struct odva_clip_size size);
/** The same without what coding needs: seen and ratio. */
int odva_latents_set_shape(struct odva_latents *latents, struct odva_scan_cache *scans, int detail,
                           struct odva_clip_size size);
/** Set the partition to latents->splits: tiles anew, without lengths. */
void odva_latents_set_partition(struct odva_latents *latents);
void odva_latents_free(struct odva_latents *latents);

/** Bit of the token at (y, x) of the grid among those of its superblock. */
static inline uint64_t odva_token_bit(int y, int x)
{
    return UINT64_C(1) << (y % ODVA_SUPERBLOCK_SIDE * ODVA_SUPERBLOCK_SIDE +
                           x % ODVA_SUPERBLOCK_SIDE);
}

/** Whether a tile is predicted from the clip before. */
static inline int odva_tile_is_predicted(const struct odva_latents *latents, int tile)
{
    const struct odva_tile *place = &latents->grid.tiles[tile];

    return latents->is_inter &&
           (latents->predicted[place->superblock] & odva_token_bit(place->y0, place->x0)) != 0;
}

/** Number of coefficients of a clip. */
static inline size_t odva_latents_count(const struct odva_latents *latents)
{
    return (size_t)latents->grid.patches * latents->basis;
}

/** Tokens of a tile that the first layers hold. */
static inline int odva_tokens_known(const struct odva_latent_tile *tile, int layers)
{
    int known = 0;

    for (int i = 0; i < layers; i++)
        known = tile->length[i] > known ? tile->length[i] : known;
    return known;
}

/** Coefficients in the first tokens of a tile. */
static inline int odva_coefficients_of(const struct odva_latent_tile *tile, int tokens)
{
    return tokens < tile->max_tokens ? tokens * tile->token_length : tile->coefficients;
}

#endif
