/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "latent_coder.h"
#include "logistic.h"
#include "range_decoder.h"

static int decode_length(struct odva_range_decoder *range, const struct odva_model_tables *tables,
                         int *previous_class)
{
    const uint16_t *cdf = tables->length_cdf[*previous_class];
    const int c = odva_range_decode(range, cdf, ODVA_LENGTH_CLASSES);

    *previous_class = c;
    return c == 0 ? 0 : (1 << (c - 1)) + (int)odva_range_decode_bits(range, c - 1);
}

/* What is added to symbol 15. */
static int32_t decode_escape(struct odva_range_decoder *range, int scale_class)
{
    const int e = odva_escape_order(scale_class);
    int n = 0;

    while (n < ODVA_ESCAPE_PREFIX - e && odva_range_decode_bits(range, 1) == 1)
        n++;
    return (int32_t)(((1u << n) - 1) << e) + (int32_t)odva_range_decode_bits(range, n + e);
}

/* min(|q|, 15) */
static int decode_symbol(struct odva_range_decoder *range, const struct odva_model_tables *tables,
                         struct odva_symbol_predictor *predictor, int i)
{
    struct odva_symbol_features features;
    int logit = 0;

    odva_symbol_features(predictor, i, &features);
    for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
        int probability, bit;

        logit = odva_symbol_logit(predictor, &features, d);
        probability = odva_logistic(logit);
        bit = odva_range_decode(range,
                                (const uint16_t[]){0, (uint16_t)(32768 - probability), 32768}, 2);
        odva_symbol_learn(predictor, &features, d, probability, bit);
        if (!bit)
            return d;
    }
    return ODVA_PREDICTOR_DECISIONS +
           odva_range_decode(range, tables->large_cdf[odva_large_context(logit)],
                             ODVA_LARGE_SYMBOLS);
}

static int32_t decode_coefficient(struct odva_range_decoder *range,
                                  const struct odva_model_tables *tables,
                                  struct odva_symbol_predictor *predictor, int i)
{
    const int symbol = decode_symbol(range, tables, predictor, i);
    int32_t q = symbol;

    odva_symbol_predictor_update(predictor, i, symbol);
    if (symbol == ODVA_ESCAPE)
        q += decode_escape(range, odva_scale_class(predictor->scan->scale[i], predictor->qidx));
    return q > 0 && odva_range_decode_bits(range, 1) ? -q : q;
}

static void decode_tokens(struct odva_latents *latents, const struct odva_model_tables *tables,
                          int index, int length, struct odva_range_decoder *range,
                          struct odva_symbol_predictor *predictor)
{
    struct odva_latent_tile *tile = &latents->tiles[index];
    const int first = odva_coefficients_of(tile, tile->tokens);
    const int end = odva_coefficients_of(tile, tile->tokens + length);
    int32_t *q = latents->q + tile->offset;

    odva_symbol_predictor_start_tile(predictor, latents, index, first);
    for (int i = first; i < end; i++)
        q[i] = decode_coefficient(range, tables, predictor, i);
    odva_symbol_predictor_end_tile(latents, index, end);
    tile->tokens += length;
}

void odva_decode_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                       struct odva_layer_range layer, const uint8_t *payload, size_t size,
                       struct odva_symbol_predictor *predictor)
{
    struct odva_range_decoder range;
    int previous_class = 0;

    odva_range_decoder_init(&range, payload, size);
    odva_symbol_predictor_start_layer(predictor, tables);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        int length, room;
        if (!odva_layer_codes_tile(tile, layer, tile->tokens))
            continue;
        length = decode_length(&range, tables, &previous_class);
        room = odva_layer_room(tile, layer);
        if (length > 0)
            decode_tokens(latents, tables, i, length < room ? length : room, &range, predictor);
    }
}
