/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The order of a tile's coefficients (doc/bitstream.md, section 4). */
#ifndef ODVA_SCAN_H
#define ODVA_SCAN_H

#include <stdint.h>

#include "base/layout.h"
#include "model/model.h"

/* Running means of magnitudes that a coefficient takes part in: of all, of its band and frequency
 * in time, of its vector, of its zone of frequencies. */
#define ODVA_SCAN_MEANS       4
#define ODVA_SCAN_GROUPS      (1 + 16 + ODVA_FRAME_SAMPLES + 16)
#define ODVA_SCAN_OFFSETS     17  /* places around a coefficient */
#define ODVA_SCAN_NEAREST     4   /* the first of them, which count twice */
#define ODVA_NOTHING_EXPECTED 512 /* above every logarithm of what is expected */

/** What is known of a coefficient before decoding. Expectations are logarithms in 1/8 octaves of
 * what the scales let expect, less qidx, in the units of what they are compared with. */
struct odva_scan_entry {
    uint16_t group[ODVA_SCAN_MEANS];   /* of the running means; the first is always 0 */
    int16_t expected[ODVA_SCAN_MEANS]; /* of the running means */
    int16_t around_expected;           /* of the sum around it */
    int16_t beside;                    /* of a smoothed magnitude of another tile */
    int8_t scale;                      /* as in scan->scale */
    int32_t around;                    /* its place in a padded array of magnitudes */
};

/** What a scan is of: a tile of a size, which the picture's end may have cut. */
struct odva_scan_shape {
    int detail, size;
    int nt, ny, nx;
};

/** Scan of one tile shape; all arrays have count = K*nt*ny*nx entries. */
struct odva_scan {
    struct odva_scan_shape shape;
    int count;
    int32_t *position; /* ((k*nt + ft)*ny + fy)*nx + fx of scan index i */
    int32_t *index;    /* the scan index of a position */
    int padded_count;  /* (K+2)(nt+1)(ny+1)(nx+1) */
    int32_t *padded;   /* place in an array with one more entry before each dimension's first */
    int32_t *at;       /* the scan index at such a place; count where there is none */
    int8_t *scale;     /* b of scan index i, 1/8 octaves */
    struct odva_scan_entry *entry;
    int around_count;                /* (K+3)(nt+1)(ny+2)(nx+2) */
    int16_t prior[ODVA_SCAN_GROUPS]; /* log of what running means begin with, as expected */
};

/** @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_scan_init(struct odva_scan *scan, const struct onedva_model *model,
                   const struct odva_scan_shape *shape);
void odva_scan_free(struct odva_scan *scan);

/**
 * The scan index that a coefficient has in another tile of the same clip, or else that of the next
 * lower frequencies there are.
 */
struct odva_scan_mapping {
    const struct odva_scan *from, *to;
    int8_t y[ODVA_SUPERBLOCK_SIDE],
        x[ODVA_SUPERBLOCK_SIDE]; /* frequencies of to by those of from */
};

void odva_scan_map(struct odva_scan_mapping *mapping, const struct odva_scan *from,
                   const struct odva_scan *to);

static inline int odva_scan_mapped(const struct odva_scan_mapping *mapping, int i)
{
    const struct odva_scan_shape *from = &mapping->from->shape, *to = &mapping->to->shape;
    const int position = mapping->from->position[i];
    const int rest = position / from->nx;

    return mapping->to->index[(rest / from->ny * to->ny + mapping->y[rest % from->ny]) * to->nx +
                              mapping->x[position % from->nx]];
}

/** Entries that around_count has at most. */
int odva_scan_around_size(int basis);

/** Where in the padded array a magnitude is one of the places around a coefficient. */
void odva_scan_offsets(const struct odva_scan *scan, int offset[ODVA_SCAN_OFFSETS]);

/** 8 log2(v), rounded down in each octave's eight equal parts; 0 for 0. */
static inline int odva_log2_eighths(uint64_t v)
{
    const int octave = v ? 63 - __builtin_clzll(v) : 0;

    return 8 * octave + (int)((octave > 3 ? v >> (octave - 3) : v << (3 - octave)) & 7);
}

/** 2^(b/8), times 2^27. */
uint64_t odva_expected_magnitude(int b);

/** Scans by shape, built on first use and kept. */
struct odva_scan_cache {
    struct odva_shared shared; /* of the model's */
    const struct onedva_model *model;
    _Atomic(struct odva_scan *) scans[ODVA_DETAILS][ODVA_TILE_SIZES][ODVA_TILE_FRAMES]
                                     [ODVA_SUPERBLOCK_SIDE][ODVA_SUPERBLOCK_SIDE];
};

/** @return NULL when memory ran out */
const struct odva_scan *odva_scan_get(struct odva_scan_cache *cache,
                                      const struct odva_scan_shape *shape);
void odva_scan_cache_free(struct odva_scan_cache *cache);

/** The cache that a model's codecs share, in whatever threads they run; the model frees it.
 * @return NULL when memory ran out */
struct odva_scan_cache *odva_scan_cache_of(const struct onedva_model *model);

#endif
