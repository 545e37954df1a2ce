/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What a coefficient's magnitude is predicted from: logistic regression on its scale, on decoded
 * magnitudes over their expectation, and on the tiles beside, which learns as it decodes
 * (doc/bitstream.md, section 6). Integer arithmetic only. */
#ifndef ODVA_SYMBOL_PREDICTOR_H
#define ODVA_SYMBOL_PREDICTOR_H

#include <stdint.h>

#include "latents.h"
#include "model.h"
#include "scan.h"
#include "symbol_context.h"

/** A tile's decoded magnitudes and the weights of the layer. */
struct odva_symbol_predictor {
    int16_t weight[ODVA_PREDICTOR_WEIGHTS][ODVA_PREDICTOR_DECISIONS]; /* 1/4096 */
    uint32_t mean[ODVA_SCAN_GROUPS]; /* running means of magnitudes, 1/4096 */
    uint16_t *around;                /* weighted sum of the magnitudes around, at scan->around */

    /* of the tile */
    const struct odva_scan *scan;
    int offset[ODVA_SCAN_OFFSETS]; /* where a magnitude counts as one around */
    int qidx;
    struct odva_latent_tile *beside[2]; /* tiles to the left and above, NULL where there is none */
    const uint8_t *smooth[2];           /* their smoothed magnitudes */
};

/** What one coefficient's decisions have in common. */
struct odva_symbol_features {
    uint16_t row[ODVA_PREDICTOR_FEATURES]; /* of weight */
};

/** @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_symbol_predictor_init(struct odva_symbol_predictor *predictor, int basis);
void odva_symbol_predictor_free(struct odva_symbol_predictor *predictor);

/** Start a layer with the model's weights. */
void odva_symbol_predictor_start_layer(struct odva_symbol_predictor *predictor,
                                       const struct odva_model_tables *tables);

/**
 * Continue a tile behind its first coefficients.
 * @param first number of coefficients decoded, q[0 .. first-1] of the tile
 */
void odva_symbol_predictor_start_tile(struct odva_symbol_predictor *predictor,
                                      const struct odva_latents *latents, int tile, int first);

/** End a tile of count decoded coefficients: let others see its magnitudes. */
void odva_symbol_predictor_end_tile(struct odva_latents *latents, int tile, int count);

/** Rows of weight for scan index i, the next one. */
void odva_symbol_features(const struct odva_symbol_predictor *predictor, int i,
                          struct odva_symbol_features *features);

/** Note the symbol min(|q|, 15) of scan index i. */
void odva_symbol_predictor_update(struct odva_symbol_predictor *predictor, int i, int symbol);

/** Logit of decision d: whether the magnitude is above d. */
static inline int odva_symbol_logit(const struct odva_symbol_predictor *predictor,
                                    const struct odva_symbol_features *features, int d)
{
    int logit = 0;

    for (int f = 0; f < ODVA_PREDICTOR_FEATURES; f++)
        logit += predictor->weight[features->row[f]][d];
    return logit;
}

/** Learn decision d. @param probability of 1, in 1/32768, that the bit was coded with */
static inline void odva_symbol_learn(struct odva_symbol_predictor *predictor,
                                     const struct odva_symbol_features *features, int d,
                                     int probability, int bit)
{
    const int change =
        ((bit << 15) - probability + (1 << (ODVA_PREDICTOR_RATE - 1))) >> ODVA_PREDICTOR_RATE;

    for (int f = 0; f < ODVA_PREDICTOR_FEATURES; f++) {
        int16_t *weight = &predictor->weight[features->row[f]][d];
        const int changed = *weight + change;
        *weight = (int16_t)(changed < -32767 ? -32767 : changed > 32767 ? 32767 : changed);
    }
}

/** Which CDF magnitudes above 2 have. @param logit of decision 2 */
static inline int odva_large_context(int logit)
{
    const int context = (logit >> 11) + 8;

    return context < 0 ? 0 : context > ODVA_LARGE_CONTEXTS - 1 ? ODVA_LARGE_CONTEXTS - 1 : context;
}

#endif
