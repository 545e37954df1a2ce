/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transform/quantiser.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "bitstream/symbol_context.h"

/* How much higher, in steps, the cells of levels lie that were rounded towards 0 from infinitely
 * fine ones: what odva_quantise adds before it rounds. */
#define NESTED_RISE 0.375f

float odva_quantiser_step(int qidx)
{
    static const float eighths[8] = {1.0f,        1.09050773f, 1.18920712f, 1.29683955f,
                                     1.41421356f, 1.54221083f, 1.68179283f, 1.83400809f};

    ODVA_ASSERT(qidx >= -128 && qidx <= 127);
    return ldexpf(eighths[qidx & 7], qidx >> 3);
}

int32_t odva_quantise(float magnitude, float inverse_step, float dead_zone)
{
    const float level = magnitude * inverse_step + (0.5f - dead_zone);

    ODVA_ASSERT(inverse_step > 0);
    return level < (float)ODVA_MAX_LEVEL ? (int32_t)level : ODVA_MAX_LEVEL;
}

void odva_dequantiser_init(struct odva_dequantiser *dequantiser,
                           const struct odva_model_tables *tables, int qidx, int nested)
{
    const float higher = NESTED_RISE * (1 - ldexpf(1, -nested));

    ODVA_ASSERT(nested >= 0 && nested <= ODVA_MAX_REFINEMENTS);
    dequantiser->step = odva_quantiser_step(qidx);
    for (int c = 0; c < ODVA_SYMBOL_CLASSES; c++) {
        dequantiser->delta[c][0] = 0;
        for (int l = 1; l < 4; l++)
            dequantiser->delta[c][l] = tables->dequant_delta[c][l - 1] / 256.0f - higher;
    }
}

/* The first coefficients of a tile. @param dequantiser of those that the last refinement has coded,
 * and of those whose levels' step it has not halved */
static void dequantise_tile(const struct odva_dequantiser dequantiser[2],
                            const struct odva_latents *latents, const struct odva_latent_tile *tile,
                            int count, float *y)
{
    const int32_t *q = latents->q + tile->offset;
    const uint8_t *seen = latents->seen + tile->offset;

    for (int i = 0; i < count; i++) {
        const int halvings = !(seen[i] & ODVA_CODED);
        const int qidx = latents->qidx + halvings * ODVA_QIDX_OF_HALVING;
        const int scale_class = odva_scale_class(tile->scan->scale[i], qidx);
        const float magnitude = odva_dequantise(&dequantiser[halvings], scale_class,
                                                (q[i] < 0 ? -q[i] : q[i]) >> halvings);
        y[i] = q[i] < 0 ? -magnitude : magnitude;
    }
}

void odva_dequantise_latents(const struct odva_latents *latents,
                             const struct odva_model_tables *tables, float *y)
{
    struct odva_dequantiser dequantiser[2];

    ODVA_ASSERT(latents->grid.tile_count > 0);
    odva_dequantiser_init(&dequantiser[0], tables, latents->qidx, latents->nested);
    odva_dequantiser_init(&dequantiser[1], tables, latents->qidx + ODVA_QIDX_OF_HALVING,
                          latents->nested + 1);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const int count = odva_coefficients_of(tile, tile->tokens);
        float *values = y + tile->offset;

        dequantise_tile(dequantiser, latents, tile, count, values);
        memset(values + count, 0, (tile->coefficients - count) * sizeof(*values));
    }
}
