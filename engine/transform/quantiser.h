/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The scalar quantiser: D = 2^(qidx/8), a dead zone, reconstruction points from the model. */
#ifndef ODVA_QUANTISER_H
#define ODVA_QUANTISER_H

#include <stdint.h>

#include "bitstream/latents.h"
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
int32_t odva_quantise(float magnitude, float inverse_step, float dead_zone);

/**
 * Reconstruction points: y = sign(q) (|q| - delta) D (doc/bitstream.md, section 7).
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

/** All coefficients of a clip, 0 behind each tile's tokens. @param y K * grid.patches */
void odva_dequantise_latents(const struct odva_latents *latents,
                             const struct odva_model_tables *tables, float *y);

#endif
