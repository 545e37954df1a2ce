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

#include "base/unroll.h"
#include "bitstream/latents.h"
#include "bitstream/logistic.h"
#include "bitstream/scan.h"
#include "bitstream/symbol_context.h"
#include "model/model.h"
#include "onedva/onedva.h"

/* A row's weights of the three decisions are fields of one number, so that one addition adds all of
 * them: field d begins at bit 42 - 21 d. An offset keeps each weight and the sum of eight above 0,
 * so that no field borrows from the next; bit 15 is set where a weight is not in -16384..16383. */
#define ODVA_WEIGHT_BITS     21
#define ODVA_WEIGHT_MASK     ((UINT64_C(1) << ODVA_WEIGHT_BITS) - 1)
#define ODVA_WEIGHT_OFFSET   (65536 + 16384)
#define ODVA_WEIGHT_SHIFT(d) (ODVA_WEIGHT_BITS * (ODVA_PREDICTOR_DECISIONS - 1 - (d)))
#define ODVA_LARGE_WEIGHT                                                                          \
    (UINT64_C(0x8000) << ODVA_WEIGHT_SHIFT(0) | UINT64_C(0x8000) << ODVA_WEIGHT_SHIFT(1) |         \
     UINT64_C(0x8000) << ODVA_WEIGHT_SHIFT(2))

#define ODVA_MEAN_SHIFT     4     /* running means forget 1/16 with each magnitude */
#define ODVA_MEAN_MAX       61455 /* no running mean of magnitudes up to 15 is above */
#define ODVA_AROUND_MAX     (21 * ODVA_ESCAPE)
#define ODVA_NOTHING_BESIDE (-ODVA_NOTHING_EXPECTED) /* a ratio */
#define ODVA_LEAST_RATIO    (ODVA_NOTHING_BESIDE - 256 + ONEDVA_MIN_QIDX)
#define ODVA_MOST_RATIO     320
#define ODVA_CARRY_MOST     127
#define ODVA_SMOOTH_REACH   3 /* a magnitude is smoothed with that many before and behind it */

/** A tile's decoded magnitudes and the weights of the layer. */
struct odva_symbol_predictor {
    uint64_t weight[ODVA_PREDICTOR_WEIGHTS]; /* 1/4096; those of the scales less their anchors */
    uint64_t anchor[ODVA_PREDICTOR_SCALES];  /* without offsets, so that few weights are large */
    uint32_t mean[ODVA_SCAN_GROUPS];         /* running means of magnitudes, 1/4096 */
    uint16_t *around;   /* weighted sum of the magnitudes around, at scan->around */
    uint8_t *magnitude; /* min(|q|, 15) of scan index i at i + ODVA_SMOOTH_REACH */

    /* tables of logarithms in 1/8 octaves and of levels by the logarithm of a ratio */
    uint8_t log_mean[ODVA_MEAN_MAX / 2 + 1]; /* of mean + 16, by mean / 2 */
    uint8_t log_around[ODVA_AROUND_MAX + 1]; /* of 16 sum + 1 */
    uint8_t ratio_level[ODVA_MOST_RATIO - ODVA_LEAST_RATIO];

    uint32_t expected[256];              /* 2^(b/8), times 2^16, by b + 128 */
    uint16_t power[ODVA_CARRY_MOST + 1]; /* 2^(i/8) */

    const struct odva_model_tables *tables; /* of the layer */
    /* logs of the last tile's magnitudes over their expectation, apart where it was predicted */
    int16_t carry[2][ODVA_SCAN_GROUPS];

    /* of the clip: rows of weight by scale + 128, levels by a ratio that qidx is not yet in */
    int qidx;
    uint16_t scale_row[256], class_row[256];
    const uint8_t *level;

    /* of the tile */
    int is_predicted;
    const struct odva_scan *scan;
    const struct odva_scan_entry *entry; /* scan->entry */
    int offset[ODVA_SCAN_OFFSETS];       /* where a magnitude counts as one around */
    const int16_t *beside[2]; /* ratios of the tiles to the left and above, in this scan */
    int16_t *reordered[2];    /* memory for it */
};

/** What one coefficient's decisions have in common. */
struct odva_symbol_features {
    uint64_t logits; /* sums of the rows */
    uint64_t *row[ODVA_PREDICTOR_FEATURES];
};

/** @return ONEDVA_OK or ONEDVA_ERR_NOMEM */
int odva_symbol_predictor_init(struct odva_symbol_predictor *predictor, int basis);
void odva_symbol_predictor_free(struct odva_symbol_predictor *predictor);

/** Start a layer with the model's weights. */
void odva_symbol_predictor_start_layer(struct odva_symbol_predictor *predictor,
                                       const struct odva_model_tables *tables);

/**
 * Continue a tile behind its first coefficients, up to end.
 * @param first number of coefficients gone through; what is seen of the tile's first
 * tile->seen_count coefficients is read
 */
void odva_symbol_predictor_start_tile(struct odva_symbol_predictor *predictor,
                                      struct odva_latents *latents, int tile, int first, int end);

/** End a tile behind its first coefficients: let others see its magnitudes. */
void odva_symbol_predictor_end_tile(struct odva_symbol_predictor *predictor,
                                    struct odva_latents *latents, int tile, int end);

/** Clip the weights of a coefficient that learning has left up to one step too large. */
void odva_symbol_clip_weights(struct odva_symbol_predictor *predictor,
                              const struct odva_symbol_features *features);

/* The rest is here because it runs for each symbol. */

/* Let the running means of a coefficient forget some of what was before it. */
static inline void odva_symbol_forget(struct odva_symbol_predictor *predictor,
                                      const struct odva_scan_entry *entry)
{
    ODVA_UNROLL
    for (int g = 0; g < ODVA_SCAN_MEANS; g++)
        predictor->mean[entry->group[g]] -= predictor->mean[entry->group[g]] >> ODVA_MEAN_SHIFT;
}

/* Level of a value over what is expected of it. */
static inline ptrdiff_t odva_symbol_level(const uint8_t *level, ptrdiff_t log_value,
                                          ptrdiff_t log_expected)
{
    return level[log_value - log_expected];
}

/* In pairs, because each addition waits for what the coefficient before has taught. */
static inline uint64_t odva_sum_rows(uint64_t anchor, uint64_t *const row[ODVA_PREDICTOR_FEATURES])
{
    return ((anchor + *row[0]) + (*row[1] + *row[2])) +
           (((*row[3] + *row[4]) + (*row[5] + *row[6])) + *row[7]);
}

/** The features of scan index i, the next one, to be followed by odva_symbol_note. */
static inline void odva_symbol_features(struct odva_symbol_predictor *predictor, int i,
                                        struct odva_symbol_features *features)
{
    const struct odva_scan_entry *entry = &predictor->entry[i];
    const ptrdiff_t scale_row = predictor->scale_row[entry->scale + 128];
    const uint8_t *level = predictor->level;
    uint64_t *row = predictor->weight + predictor->class_row[entry->scale + 128];

    features->row[0] = predictor->weight + scale_row;
    ODVA_UNROLL
    for (int g = 0; g < ODVA_SCAN_MEANS; g++) {
        uint32_t *mean = &predictor->mean[entry->group[g]];
        const uint32_t before = *mean;
        *mean = before - (before >> ODVA_MEAN_SHIFT);
        features->row[1 + g] =
            row + odva_symbol_level(level, predictor->log_mean[before >> 1], entry->expected[g]);
        row += ODVA_SYMBOL_CLASSES * ODVA_PREDICTOR_LEVELS;
    }
    features->row[1 + ODVA_SCAN_MEANS] =
        row + odva_symbol_level(level, predictor->log_around[predictor->around[entry->around]],
                                entry->around_expected);
    ODVA_UNROLL
    for (int side = 0; side < 2; side++) {
        row += ODVA_SYMBOL_CLASSES * ODVA_PREDICTOR_LEVELS;
        features->row[2 + ODVA_SCAN_MEANS + side] = row + level[predictor->beside[side][i]];
    }
    features->logits = odva_sum_rows(predictor->anchor[scale_row], features->row);
}

/** Logit of decision d: whether the magnitude is above d. */
static inline int odva_symbol_logit(const struct odva_symbol_features *features, int d)
{
    return (int)(features->logits >> ODVA_WEIGHT_SHIFT(d) & ODVA_WEIGHT_MASK) -
           ODVA_PREDICTOR_FEATURES * ODVA_WEIGHT_OFFSET;
}

/**
 * Logit of the magnitude being 1 where it is 0 or 1: with p0 and p1 those of decisions 0 and 1,
 * log(p0 (1 - p1) / (1 - p0)).
 */
static inline int odva_symbol_logit_up_to_1(const struct odva_symbol_features *features)
{
    return odva_symbol_logit(features, 0) - odva_softplus(odva_symbol_logit(features, 1));
}

/** What weights learn from decision d. @param probability of 1, in 1/32768, that the bit had */
static inline uint64_t odva_symbol_change(int d, int probability, int bit)
{
    const int error = (bit << 15) - probability;

    return (uint64_t)((error + (1 << (ODVA_PREDICTOR_RATE - 1))) >> ODVA_PREDICTOR_RATE)
           << ODVA_WEIGHT_SHIFT(d);
}

/** Learn a coefficient's decisions. @param change sum of their odva_symbol_change */
static inline void odva_symbol_learn(struct odva_symbol_predictor *predictor,
                                     const struct odva_symbol_features *features, uint64_t change)
{
    uint64_t large = 0;

    ODVA_UNROLL
    for (int f = 0; f < ODVA_PREDICTOR_FEATURES; f++)
        large |= *features->row[f] += change;
    if (large & ODVA_LARGE_WEIGHT) {
        const struct odva_symbol_features copy = *features; /* so that it can be in registers */
        odva_symbol_clip_weights(predictor, &copy);
    }
}

/** Let the coefficients around scan index i see its symbol min(|q|, 15). */
static inline void odva_symbol_show(struct odva_symbol_predictor *predictor, int i, int symbol)
{
    const struct odva_scan_entry *entry = &predictor->entry[i];
    const int more = symbol - predictor->magnitude[i + ODVA_SMOOTH_REACH];

    predictor->magnitude[i + ODVA_SMOOTH_REACH] = (uint8_t)symbol;
    ODVA_UNROLL
    for (int n = 0; n < ODVA_SCAN_OFFSETS; n++)
        predictor->around[entry->around + predictor->offset[n]] +=
            (uint16_t)(n < ODVA_SCAN_NEAREST ? 2 * more : more);
}

/* Let the running means of a coefficient have its symbol. */
static inline void odva_symbol_add(struct odva_symbol_predictor *predictor,
                                   const struct odva_scan_entry *entry, int symbol)
{
    ODVA_UNROLL
    for (int g = 0; g < ODVA_SCAN_MEANS; g++)
        predictor->mean[entry->group[g]] += (uint32_t)symbol << 8;
}

/** Note the symbol of scan index i; nothing need be noted of 0. */
static inline void odva_symbol_note(struct odva_symbol_predictor *predictor, int i, int symbol)
{
    odva_symbol_show(predictor, i, symbol);
    odva_symbol_add(predictor, &predictor->entry[i], symbol);
}

/** Go on behind scan index i, the next one, of which the symbol is shown. */
static inline void odva_symbol_skip(struct odva_symbol_predictor *predictor, int i)
{
    const struct odva_scan_entry *entry = &predictor->entry[i];

    odva_symbol_forget(predictor, entry);
    odva_symbol_add(predictor, entry, predictor->magnitude[i + ODVA_SMOOTH_REACH]);
}

/** Which CDF magnitudes above 2 have. @param logit of decision 2 */
static inline int odva_large_context(int logit)
{
    const int context = (logit >> 11) + 8;

    return context < 0 ? 0 : context > ODVA_LARGE_CONTEXTS - 1 ? ODVA_LARGE_CONTEXTS - 1 : context;
}

#endif
