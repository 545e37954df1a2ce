/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "quantiser.h"

#include <math.h>
#include <string.h>

#include "symbol_context.h"

float odva_quantiser_step(int qidx)
{
    static const float eighths[8] = {1.0f,        1.09050773f, 1.18920712f, 1.29683955f,
                                     1.41421356f, 1.54221083f, 1.68179283f, 1.83400809f};

    return ldexpf(eighths[qidx & 7], qidx >> 3);
}

int32_t odva_quantise(float magnitude, float inverse_step, float dead_zone)
{
    const float level = magnitude * inverse_step + (0.5f - dead_zone);

    return level < (float)ODVA_MAX_LEVEL ? (int32_t)level : ODVA_MAX_LEVEL;
}

void odva_dequantiser_init(struct odva_dequantiser *dequantiser,
                           const struct odva_model_tables *tables, int qidx)
{
    dequantiser->step = odva_quantiser_step(qidx);
    for (int c = 0; c < ODVA_SYMBOL_CLASSES; c++) {
        dequantiser->delta[c][0] = 0;
        for (int l = 1; l < 4; l++)
            dequantiser->delta[c][l] = tables->dequant_delta[c][l - 1] / 256.0f;
    }
}

static void dequantise_tile(const struct odva_dequantiser *dequantiser,
                            const struct odva_latent_tile *tile, int qidx, const int32_t *q,
                            float *y)
{
    const int count = odva_coefficients_of(tile, tile->tokens);

    for (int i = 0; i < count; i++) {
        const int scale_class = odva_scale_class(tile->scan->scale[i], qidx);
        const float magnitude = odva_dequantise(dequantiser, scale_class, q[i] < 0 ? -q[i] : q[i]);
        y[i] = q[i] < 0 ? -magnitude : magnitude;
    }
    memset(y + count, 0, (tile->coefficients - count) * sizeof(*y));
}

void odva_dequantise_latents(const struct odva_latents *latents,
                             const struct odva_model_tables *tables, float *y)
{
    struct odva_dequantiser dequantiser;

    odva_dequantiser_init(&dequantiser, tables, latents->qidx);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        dequantise_tile(&dequantiser, tile, latents->qidx, latents->q + tile->offset,
                        y + tile->offset);
    }
}
