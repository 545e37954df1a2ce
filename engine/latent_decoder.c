/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "adaptive_bit.h"
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

/* A magnitude above 2. */
static int32_t decode_large(struct odva_range_decoder *range,
                            const struct odva_model_tables *tables, int logit, int scale_class)
{
    const int32_t magnitude =
        ODVA_PREDICTOR_DECISIONS +
        odva_range_decode(range, tables->large_cdf[odva_large_context(logit)], ODVA_LARGE_SYMBOLS);

    return magnitude < ODVA_ESCAPE ? magnitude : magnitude + decode_escape(range, scale_class);
}

/* |q| */
static inline int32_t decode_magnitude(struct odva_range_decoder *range,
                                       const struct odva_model_tables *tables,
                                       struct odva_symbol_predictor *predictor, int i)
{
    struct odva_symbol_features features;
    struct odva_range_decoder copy; /* its address is taken, so range can stay in registers */
    uint64_t change = 0;
    int32_t magnitude;
    int logit = 0;

    odva_symbol_features(predictor, i, &features);
    ODVA_UNROLL
    for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
        int probability, bit;

        logit = odva_symbol_logit(&features, d);
        probability = odva_logistic(logit);
        bit = odva_range_decode_bit(range, (uint32_t)(32768 - probability));
        change += odva_symbol_change(d, probability, bit);
        if (!bit) {
            odva_symbol_learn(predictor, &features, change);
            return d;
        }
    }
    odva_symbol_learn(predictor, &features, change);
    copy = *range;
    magnitude = decode_large(&copy, tables, logit,
                             odva_scale_class(predictor->scan->scale[i], predictor->qidx));
    *range = copy;
    return magnitude;
}

static inline int32_t decode_coefficient(struct odva_range_decoder *range,
                                         const struct odva_model_tables *tables,
                                         struct odva_symbol_predictor *predictor, int i)
{
    const int32_t magnitude = decode_magnitude(range, tables, predictor, i);
    int32_t sign;

    if (magnitude == 0)
        return 0;
    odva_symbol_note(predictor, i, magnitude < ODVA_ESCAPE ? magnitude : ODVA_ESCAPE);
    sign = -(int32_t)odva_range_decode_even_bit(range);
    return (magnitude ^ sign) - sign;
}

/* One more bit of a coefficient. @param q what the passes before told, doubled */
static inline int32_t refine_coefficient(struct odva_range_decoder *range,
                                         struct odva_symbol_predictor *predictor,
                                         struct odva_adaptive_bit *refinement, int i, int32_t q)
{
    struct odva_symbol_features features;
    int32_t level = q < 0 ? -q : q;

    odva_symbol_features(predictor, i, &features);
    if (level > 0) {
        level += odva_adaptive_bit_decode(range, &refinement[odva_refinement_context(level >> 1)]);
        q = q < 0 ? -level : level;
    } else {
        const int probability = odva_logistic(odva_symbol_logit_up_to_1(&features));
        level = odva_range_decode_bit(range, (uint32_t)(32768 - probability));
        odva_symbol_learn(predictor, &features, odva_symbol_change(0, probability, level));
        if (level == 0)
            return 0;
        q = odva_range_decode_even_bit(range) ? -1 : 1;
    }
    odva_symbol_note(predictor, i, level < ODVA_ESCAPE ? level : ODVA_ESCAPE);
    return q;
}

static void decode_tokens(struct odva_latents *latents, const struct odva_model_tables *tables,
                          int index, struct odva_layer_range layer, int length,
                          struct odva_range_decoder *range_decoder,
                          struct odva_symbol_predictor *predictor,
                          struct odva_adaptive_bit *refinement)
{
    struct odva_latent_tile *tile = &latents->tiles[index];
    struct odva_range_decoder range = *range_decoder;
    const int start = odva_layer_start(tile, layer);
    const int known = odva_coefficients_of(tile, odva_tokens_known(tile, layer.first));
    const int first = odva_coefficients_of(tile, start);
    const int end = odva_coefficients_of(tile, start + length);
    int32_t *q = latents->q + tile->offset;
    int i = first;

    odva_symbol_predictor_start_tile(predictor, latents, index, first, end);
    for (; i < end && i < known; i++)
        q[i] = refine_coefficient(&range, predictor, refinement, i, q[i]);
    for (; i < end; i++)
        q[i] = decode_coefficient(&range, tables, predictor, i);
    odva_symbol_predictor_end_tile(predictor, latents, index, end);
    tile->length[layer.index] = start + length;
    if (tile->tokens < start + length)
        tile->tokens = start + length;
    *range_decoder = range;
}

/* Halve the step of what the passes before told. */
static void start_pass(struct odva_latents *latents)
{
    latents->qidx -= ODVA_QIDX_OF_HALVING;
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        int32_t *q = latents->q + tile->offset;
        const int count = odva_coefficients_of(tile, tile->tokens);

        tile->shown = 0;
        for (int c = 0; c < count; c++)
            q[c] *= 2;
    }
}

void odva_decode_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                       struct odva_layer_range layer, const uint8_t *payload, size_t size,
                       struct odva_symbol_predictor *predictor)
{
    struct odva_adaptive_bit refinement[ODVA_REFINEMENT_CONTEXTS];
    struct odva_range_decoder range;
    int previous_class = 0;

    for (int i = 0; i < ODVA_REFINEMENT_CONTEXTS; i++)
        refinement[i] = ODVA_ADAPTIVE_BIT_INIT;
    if (layer.index > 0 && layer.index == layer.first)
        start_pass(latents);
    latents->layers = layer.index + 1;
    odva_range_decoder_init(&range, payload, size);
    odva_symbol_predictor_start_layer(predictor, tables);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        const int room = odva_layer_room(tile, layer);
        int length;
        tile->length[layer.index] = odva_layer_start(tile, layer);
        if (room == 0)
            continue;
        length = decode_length(&range, tables, &previous_class);
        if (length > 0)
            decode_tokens(latents, tables, i, layer, length < room ? length : room, &range,
                          predictor, refinement);
    }
}
