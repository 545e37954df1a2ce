/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transform/quantiser.h"

#include <math.h>

#include "base/assert.h"
#include "base/integers.h"
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

int32_t odva_dequantise_exactly(int64_t point, int qidx)
{
    static const uint16_t eighths[8] = {32768, 35734, 38968, 42495, 46341, 50535, 55109, 60097};
    const int shift = 19 - (qidx >> 3);
    const int64_t y = (point * eighths[qidx & 7] * 255 + (INT64_C(1) << (shift - 1))) >> shift;

    ODVA_ASSERT(point > 0 && shift > 0);
    return y < ODVA_LATENT_MOST ? (int32_t)y : ODVA_LATENT_MOST;
}

/** Points of one refinement's coefficients, in 1/256. */
struct points {
    const struct odva_model_tables *tables;
    int qidx, nested;
};

static int32_t dequantise(const struct points *points, int b, int32_t level)
{
    const int scale_class = odva_scale_class(b, points->qidx);
    const int delta = points->tables->dequant_delta[scale_class][odva_min(level, 3) - 1];

    return odva_dequantise_exactly(256 * (int64_t)level - delta + 96 - (96 >> points->nested),
                                   points->qidx);
}

/* The first coefficients of a tile. @param points of those that the last refinement has coded, and
 * of those whose levels' step it has not halved */
static void dequantise_tile(const struct points points[2], const struct odva_latents *latents,
                            const struct odva_latent_tile *tile, int count, int32_t *y)
{
    const int32_t *q = latents->q + tile->offset;
    const uint8_t *seen = latents->seen + tile->offset;

    for (int i = 0; i < count; i++) {
        const int halvings = !(seen[i] & ODVA_CODED);
        const int32_t level = (q[i] < 0 ? -q[i] : q[i]) >> halvings;

        y[i] = level ? dequantise(&points[halvings], tile->scan->scale[i], level) : 0;
        if (q[i] < 0)
            y[i] = -y[i];
    }
}

size_t odva_latents_held(const struct odva_latents *latents)
{
    size_t held = 0;

    for (int i = 0; i < latents->grid.tile_count; i++)
        held += odva_coefficients_of(&latents->tiles[i], latents->tiles[i].tokens);
    return held;
}

void odva_dequantise_latents(const struct odva_latents *latents,
                             const struct odva_model_tables *tables, int32_t *y)
{
    const struct points points[2] = {
        {tables, latents->qidx, latents->nested},
        {tables, latents->qidx + ODVA_QIDX_OF_HALVING, latents->nested + 1}};

    ODVA_ASSERT(latents->grid.tile_count > 0);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const int count = odva_coefficients_of(tile, tile->tokens);

        dequantise_tile(points, latents, tile, count, y);
        y += count;
    }
}
