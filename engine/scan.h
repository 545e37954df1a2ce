/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The order of a tile's coefficients (doc/bitstream.md, section 4). */
#ifndef ODVA_SCAN_H
#define ODVA_SCAN_H

#include <stdint.h>

struct onedva_model;

/** Scan of one tile shape; all arrays have count = K*nt*ny*nx entries. */
struct odva_scan {
    int nt, ny, nx;
    int count;
    int32_t *position; /* ((k*nt + ft)*ny + fy)*nx + fx of scan index i */
    int padded_count;  /* (K+1)(nt+1)(ny+1)(nx+1) */
    int32_t *padded;   /* the same in an array with one more entry before each dimension's first */
    int8_t *scale;     /* b of scan index i, 1/8 octaves */
};

/** @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_scan_init(struct odva_scan *scan, const struct onedva_model *model, int nt, int ny,
                   int nx);
void odva_scan_free(struct odva_scan *scan);

/** Scans by shape, built on first use and kept; not safe for concurrent first use of a shape. */
struct odva_scan_cache {
    const struct onedva_model *model;
    struct odva_scan *scans[4][8][8]; /* [nt-1][ny-1][nx-1] */
};

/** @return NULL when memory ran out */
const struct odva_scan *odva_scan_get(struct odva_scan_cache *cache, int nt, int ny, int nx);
void odva_scan_cache_free(struct odva_scan_cache *cache);

#endif
