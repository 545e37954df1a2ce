/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The scalar quantiser: D = 2^(qidx/8), a dead zone, reconstruction points from the model. In
 * floats for encoders, and in integers, which is how latents are decoded (doc/bitstream.md, section
 * 7). */
#ifndef ODVA_QUANTISER_H
#define ODVA_QUANTISER_H

#include <stddef.h>
#include <stdint.h>

#include "bitstream/latents.h"
#include "bitstream/symbol_context.h"
#include "model/model.h"

/* How much of a cell, in steps, goes to the value nearer to zero beyond plain rounding; the smaller
 * one where a search decides between a level and the next towards zero. Rate at equal PSNR of eight
 * clips at 640x360, against 0.18 without the search: 0.10: -0.1 %, 0.14: -0.5 %, 0.25: +2.4 %; with
 * it, 0.18: -0.7 %, 0.10: -2.2 %, 0.05: -2.4 %. */
#define ODVA_DEAD_ZONE          0.14f
#define ODVA_THOROUGH_DEAD_ZONE 0.05f

/** Step D = 2^(qidx/8), the same float on every machine. @param qidx -64..63 */
float odva_quantiser_step(int qidx);

/** |q| of a coefficient: floor(|y|/D + 0.5 - dead_zone), at most ODVA_MAX_LEVEL. */
static inline int32_t odva_quantise(float magnitude, float inverse_step, float dead_zone)
{
    const float level = magnitude * inverse_step + (0.5f - dead_zone);

    return (int32_t)(level < (float)ODVA_MAX_LEVEL ? level : (float)ODVA_MAX_LEVEL);
}

/* Dequantised latents are in units of 1/32 of a sample's step, of which the model's domain, which
 * is from -1 to 1, has 127.5. */
#define ODVA_LATENT_UNITS 4080
#define ODVA_LATENT_MOST  ((1 << 23) - 1)

/**
 * Reconstruction points: y = sign(q) (|q| - delta) D.
 * Element l of a row is what a level of l subtracts, the last one for all larger levels.
 */
struct odva_dequantiser {
    float step;
    float delta[ODVA_SYMBOL_CLASSES][4];
};

/** @param nested how many finer refinements levels were rounded towards 0 from */
void odva_dequantiser_init(struct odva_dequantiser *dequantiser,
                           const struct odva_model_tables *tables, int qidx, int nested);

/** |y| of |q| = level. */
static inline float odva_dequantise(const struct odva_dequantiser *dequantiser, int scale_class,
                                    int32_t level)
{
    return ((float)level - dequantiser->delta[scale_class][level < 3 ? level : 3]) *
           dequantiser->step;
}

/** |y| of |q|, in latent units. @param qidx -64..71 @param point |q| - delta in 1/256, above 0 */
int32_t odva_dequantise_exactly(int64_t point, int qidx);

/** Coefficients that a clip's tokens hold. */
size_t odva_latents_held(const struct odva_latents *latents);

/** Those of all tiles, one tile's behind the other's, in latent units. @param y
 * odva_latents_held() */
void odva_dequantise_latents(const struct odva_latents *latents,
                             const struct odva_model_tables *tables, int32_t *y);

#endif
