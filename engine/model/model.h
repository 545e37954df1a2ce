/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A model file, validated and ready to use (doc/bitstream.md, section 9; doc/architecture.md). */
#ifndef ODVA_MODEL_H
#define ODVA_MODEL_H

#include "base/layout.h"
#include "onedva/onedva.h"

#define ODVA_SYMBOL_CLASSES    32
#define ODVA_SYMBOL_ACTIVITIES 6
#define ODVA_SYMBOL_NEIGHBOURS 5
#define ODVA_SYMBOLS           16
#define ODVA_LENGTH_CLASSES    15
#define ODVA_CDF_TOTAL         32768

/* Prediction of symbols: what weights there are. */
#define ODVA_PREDICTOR_DECISIONS 3 /* whether a magnitude is above 0, 1, 2 */
#define ODVA_PREDICTOR_SCALES    64
#define ODVA_PREDICTOR_RATIOS    7
#define ODVA_PREDICTOR_LEVELS    24
#define ODVA_PREDICTOR_FEATURES  (1 + ODVA_PREDICTOR_RATIOS)
#define ODVA_PREDICTOR_WEIGHTS                                                                     \
    (ODVA_PREDICTOR_SCALES + ODVA_PREDICTOR_RATIOS * ODVA_SYMBOL_CLASSES * ODVA_PREDICTOR_LEVELS)
#define ODVA_PREDICTOR_RATE 10 /* log2 of the steps in which a weight learns an error */
#define ODVA_LARGE_CONTEXTS 32
#define ODVA_LARGE_SYMBOLS  13 /* magnitudes 3 .. 15 */

/** Integer tables of the bitstream. */
struct odva_model_tables {
    struct odva_bands bands[ODVA_DETAILS];
    /* of tiles of each size: [K of the last detail][4][side][side] */
    uint8_t *scan_key[ODVA_TILE_SIZES];  /* the scan goes from the largest to the least */
    int8_t *scan_scale[ODVA_TILE_SIZES]; /* 1/8 octaves */
    int8_t size_shift[20];               /* nt-1, 4 + ny-1, 12 + nx-1 */
    uint16_t length_cdf[ODVA_TILE_SIZES][ODVA_LENGTH_CLASSES][ODVA_LENGTH_CLASSES + 1];
    int16_t symbol_weight[ODVA_PREDICTOR_WEIGHTS][ODVA_PREDICTOR_DECISIONS]; /* 1/4096 */
    uint16_t large_cdf[ODVA_LARGE_CONTEXTS][ODVA_LARGE_SYMBOLS + 1];
    /* the encoder's estimate of what symbols cost */
    uint16_t symbol_cdf[ODVA_SYMBOL_CLASSES][ODVA_SYMBOL_ACTIVITIES][ODVA_SYMBOL_NEIGHBOURS]
                       [ODVA_SYMBOLS + 1];
    uint8_t dequant_delta[ODVA_SYMBOL_CLASSES][3];
};

/** Sizes of the networks. */
struct odva_model_config {
    int basis; /* K of the last detail: the most coefficients of a patch */
    int width, head_dim;
    int encoder_layers, decoder_layers;
    int queries;   /* latent tokens that the query encoder corrects */
    int registers; /* tokens that the decoder has beside each superblock's patches */
};

struct odva_model_weights; /* linear path and networks: model_weights.h */

/** What all codecs of a model have in common: a layer above begins a structure with this. */
struct odva_shared {
    void (*free)(struct odva_shared *shared);
};

/** Made on first use, NULL before. */
struct odva_model_shared {
    _Atomic(struct odva_shared *) scans; /* struct odva_scan_cache */
};

struct onedva_model {
    uint64_t id;
    char name[64];
    int64_t parameters;
    struct odva_model_config config;
    struct odva_model_tables tables;
    struct odva_model_weights *weights;
    struct odva_model_shared *shared;
};

#endif
