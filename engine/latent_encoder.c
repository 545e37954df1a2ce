/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "adaptive_bit.h"
#include "latent_coder.h"
#include "logistic.h"
#include "range_encoder.h"

static void encode_length(struct odva_range_encoder *range, const struct odva_model_tables *tables,
                          int *previous_class, int length)
{
    const int c = odva_length_class(length);

    odva_range_encode(range, tables->length_cdf[*previous_class], ODVA_LENGTH_CLASSES, c);
    *previous_class = c;
    if (c > 0)
        odva_range_encode_bits(range, length - (1 << (c - 1)), c - 1);
}

/* @param excess |q| - 15 */
static void encode_escape(struct odva_range_encoder *range, int scale_class, int32_t excess)
{
    const int e = odva_escape_order(scale_class);
    const int n = odva_escape_prefix(e, excess);

    for (int i = 0; i < n; i++)
        odva_range_encode_bits(range, 1, 1);
    if (n < ODVA_ESCAPE_PREFIX - e)
        odva_range_encode_bits(range, 0, 1);
    odva_range_encode_bits(range, excess - (((1u << n) - 1) << e), n + e);
}

/* @param symbol min(|q|, 15) */
static void encode_symbol(struct odva_range_encoder *range, const struct odva_model_tables *tables,
                          struct odva_symbol_predictor *predictor, int i, int symbol)
{
    struct odva_symbol_features features;
    uint64_t change = 0;
    int logit = 0;

    odva_symbol_features(predictor, i, &features);
    ODVA_UNROLL
    for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
        const int bit = symbol > d;
        int probability;

        logit = odva_symbol_logit(&features, d);
        probability = odva_logistic(logit);
        odva_range_encode_bit(range, (uint32_t)(32768 - probability), bit);
        change += odva_symbol_change(d, probability, bit);
        if (!bit) {
            odva_symbol_learn(predictor, &features, change);
            return;
        }
    }
    odva_symbol_learn(predictor, &features, change);
    odva_range_encode(range, tables->large_cdf[odva_large_context(logit)], ODVA_LARGE_SYMBOLS,
                      symbol - ODVA_PREDICTOR_DECISIONS);
}

static void encode_coefficient(struct odva_range_encoder *range,
                               const struct odva_model_tables *tables,
                               struct odva_symbol_predictor *predictor, int i, int32_t q)
{
    const int32_t level = q < 0 ? -q : q;
    const int symbol = level < ODVA_ESCAPE ? level : ODVA_ESCAPE;

    encode_symbol(range, tables, predictor, i, symbol);
    if (q != 0)
        odva_symbol_note(predictor, i, symbol);
    if (symbol == ODVA_ESCAPE)
        encode_escape(range, odva_scale_class(predictor->scan->scale[i], predictor->qidx),
                      level - ODVA_ESCAPE);
    if (q != 0)
        odva_range_encode_bits(range, q < 0, 1);
}

/* One more bit of a coefficient whose other bits the passes before told. */
static void refine_coefficient(struct odva_range_encoder *range,
                               struct odva_symbol_predictor *predictor,
                               struct odva_adaptive_bit *refinement, int i, int32_t q)
{
    const int32_t level = q < 0 ? -q : q;
    struct odva_symbol_features features;

    odva_symbol_features(predictor, i, &features);
    if (level > 1) {
        odva_adaptive_bit_encode(range, &refinement[odva_refinement_context(level >> 1)],
                                 level & 1);
    } else {
        const int probability = odva_logistic(odva_symbol_logit_up_to_1(&features));
        odva_range_encode_bit(range, (uint32_t)(32768 - probability), level);
        odva_symbol_learn(predictor, &features, odva_symbol_change(0, probability, level));
        if (level == 0)
            return;
        odva_range_encode_bits(range, q < 0, 1);
    }
    odva_symbol_note(predictor, i, level < ODVA_ESCAPE ? level : ODVA_ESCAPE);
}

static int32_t level_in_pass(int32_t q, int shift)
{
    return q < 0 ? -(-q >> shift) : q >> shift;
}

static void encode_tokens(struct odva_latents *latents, const struct odva_model_tables *tables,
                          int index, struct odva_layer_range layer, int length,
                          struct odva_range_encoder *range, struct odva_symbol_predictor *predictor,
                          struct odva_adaptive_bit *refinement)
{
    const struct odva_latent_tile *tile = &latents->tiles[index];
    const int start = odva_layer_start(tile, layer);
    const int first = odva_coefficients_of(tile, start);
    const int end = odva_coefficients_of(tile, start + length);
    const int known = odva_coefficients_of(tile, odva_tokens_known(tile, layer.first));
    const int32_t *q = latents->q + tile->offset;

    if (length == 0)
        return;
    odva_symbol_predictor_start_tile(predictor, latents, index, first, end);
    for (int i = first; i < end; i++) {
        const int32_t level = level_in_pass(q[i], latents->shift);
        if (i < known)
            refine_coefficient(range, predictor, refinement, i, level);
        else
            encode_coefficient(range, tables, predictor, i, level);
    }
    odva_symbol_predictor_end_tile(predictor, latents, index, end);
}

/* Nothing is shown before the first layer of a pass. */
static void start_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                        struct odva_layer_range layer, struct odva_symbol_predictor *predictor)
{
    odva_symbol_predictor_start_layer(predictor, tables);
    for (int i = 0; i < latents->grid.tile_count && layer.index == layer.first; i++)
        latents->tiles[i].shown = 0;
}

void odva_encode_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                       struct odva_layer_range layer, struct odva_byte_writer *writer,
                       struct odva_symbol_predictor *predictor)
{
    struct odva_adaptive_bit refinement[ODVA_REFINEMENT_CONTEXTS];
    struct odva_range_encoder range;
    int previous_class = 0;

    for (int i = 0; i < ODVA_REFINEMENT_CONTEXTS; i++)
        refinement[i] = ODVA_ADAPTIVE_BIT_INIT;
    odva_range_encoder_init(&range, writer);
    start_layer(latents, tables, layer, predictor);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        int length;
        if (odva_layer_room(tile, layer) == 0)
            continue;
        length = tile->length[layer.index] - odva_layer_start(tile, layer);
        encode_length(&range, tables, &previous_class, length);
        encode_tokens(latents, tables, i, layer, length, &range, predictor, refinement);
    }
    odva_range_encoder_finish(&range);
}
