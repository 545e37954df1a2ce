/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <string.h>

#include "base/assert.h"
#include "bitstream/adaptive_bit.h"
#include "bitstream/latent_coder.h"
#include "bitstream/logistic.h"
#include "bitstream/partition.h"
#include "bitstream/range_encoder.h"

static void encode_length(struct odva_range_encoder *range, const struct odva_model_tables *tables,
                          struct odva_length_context *context, int size, int length)
{
    const int c = odva_length_class(length);

    odva_range_encode(range, tables->length_cdf[size][odva_length_context_of(*context, size)],
                      ODVA_LENGTH_CLASSES, c);
    odva_length_context_move(context, size, length);
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
                          struct odva_symbol_predictor *predictor,
                          const struct odva_symbol_features *features, int symbol)
{
    uint64_t change = 0;
    int logit = 0;

    ODVA_UNROLL
    for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
        const int bit = symbol > d;
        int probability;

        logit = odva_symbol_logit(features, d);
        probability = odva_logistic(logit);
        odva_range_encode_bit(range, (uint32_t)(32768 - probability), bit);
        change += odva_symbol_change(d, probability, bit);
        if (!bit) {
            odva_symbol_learn(predictor, features, change);
            return;
        }
    }
    odva_symbol_learn(predictor, features, change);
    odva_range_encode(range, tables->large_cdf[odva_large_context(logit)], ODVA_LARGE_SYMBOLS,
                      symbol - ODVA_PREDICTOR_DECISIONS);
}

static void encode_coefficient(struct odva_range_encoder *range,
                               const struct odva_model_tables *tables,
                               struct odva_symbol_predictor *predictor,
                               const struct odva_symbol_features *features, int i, int32_t q)
{
    const int symbol = odva_symbol_of(q);

    encode_symbol(range, tables, predictor, features, symbol);
    if (q != 0)
        odva_symbol_note(predictor, i, symbol);
    if (symbol == ODVA_ESCAPE)
        encode_escape(range, odva_scale_class(predictor->scan->scale[i], predictor->qidx),
                      (q < 0 ? -q : q) - ODVA_ESCAPE);
    if (q != 0)
        odva_range_encode_bits(range, q < 0, 1);
}

/* A coefficient that was 0 in the refinements before. @param q -1..1 */
static void encode_small(struct odva_range_encoder *range, struct odva_symbol_predictor *predictor,
                         const struct odva_symbol_features *features, int i, int32_t q)
{
    const int probability = odva_logistic(odva_symbol_logit_up_to_1(features));
    const int bit = q != 0;

    odva_range_encode_bit(range, (uint32_t)(32768 - probability), bit);
    odva_symbol_learn(predictor, features, odva_symbol_change(0, probability, bit));
    if (!bit)
        return;
    odva_range_encode_bits(range, q < 0, 1);
    odva_symbol_note(predictor, i, 1);
}

/* One more bit of a coefficient that was not 0 in the refinements before. */
static void refine_coefficient(struct odva_range_encoder *range,
                               struct odva_symbol_predictor *predictor,
                               struct odva_adaptive_bit *refinement, int i, int32_t q)
{
    const int32_t level = q < 0 ? -q : q;

    odva_symbol_forget(predictor, &predictor->entry[i]);
    odva_adaptive_bit_encode(range, &refinement[odva_refinement_context(level >> 1)], level & 1);
    odva_symbol_note(predictor, i, odva_symbol_of(q));
}

static int32_t level_in_pass(int32_t q, int shift)
{
    return q < 0 ? -(-q >> shift) : q >> shift;
}

/* Code scan index i, the next one, if it is not coded yet and its turn has come.
 * @param is_known whether refinements before have coded it @return whether it is coded then */
static int encode_next(struct odva_range_encoder *range, const struct odva_model_tables *tables,
                       struct odva_symbol_predictor *predictor,
                       struct odva_adaptive_bit *refinement, struct odva_layer_range layer, int i,
                       int is_known, int is_coded, int32_t q)
{
    const int is_refined = is_known && (q < -1 || q > 1);
    struct odva_symbol_features features;

    if (is_coded || (is_refined && layer.threshold > 0)) {
        odva_symbol_skip(predictor, i);
        return is_coded;
    }
    if (is_refined) {
        refine_coefficient(range, predictor, refinement, i, q);
        return 1;
    }
    odva_symbol_features(predictor, i, &features);
    if (odva_layer_leaves(layer, odva_logistic(odva_significance_logit(&features, is_known))))
        return 0;
    if (is_known)
        encode_small(range, predictor, &features, i, q);
    else
        encode_coefficient(range, tables, predictor, &features, i, q);
    return 1;
}

static void encode_tokens(struct odva_latents *latents, const struct odva_model_tables *tables,
                          int index, struct odva_layer_range layer, int length,
                          struct odva_range_encoder *range, struct odva_symbol_predictor *predictor,
                          struct odva_adaptive_bit *refinement)
{
    struct odva_latent_tile *tile = &latents->tiles[index];
    const int start = odva_layer_start(tile, layer);
    const int first = odva_coefficients_of(tile, start);
    const int end = odva_coefficients_of(tile, start + length);
    const int known = odva_coefficients_of(tile, odva_tokens_known(tile, layer.first));
    const int32_t *q = latents->q + tile->offset;
    uint8_t *seen = latents->seen + tile->offset;

    if (length == 0)
        return;
    odva_symbol_predictor_start_tile(predictor, latents, index, first, end);
    for (int i = first; i < end; i++) {
        const int32_t level = level_in_pass(q[i], latents->shift);
        if (encode_next(range, tables, predictor, refinement, layer, i, i < known,
                        seen[i] & ODVA_CODED, level))
            seen[i] = (uint8_t)(odva_symbol_of(level) | ODVA_CODED);
    }
    tile->seen_count = tile->seen_count > end ? tile->seen_count : end;
    odva_symbol_predictor_end_tile(predictor, latents, index, end);
}

/* Nothing is shown before the first layer of a refinement, and of a refinement of one sweep nothing
 * seen. */
static void start_refinement(struct odva_latents *latents, struct odva_layer_range layer)
{
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        const int32_t *q = latents->q + tile->offset;
        uint8_t *seen = latents->seen + tile->offset;

        tile->shown = 0;
        tile->seen_count = odva_layer_is_of_only_sweep(layer)
                               ? 0
                               : odva_coefficients_of(tile, odva_tokens_known(tile, layer.first));
        memset(seen, 0, tile->coefficients);
        for (int c = 0; c < tile->seen_count; c++)
            seen[c] = (uint8_t)odva_symbol_of(2 * level_in_pass(q[c], latents->shift + 1));
    }
}

void odva_encode_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                       struct odva_layer_range layer, struct odva_byte_writer *writer,
                       struct odva_symbol_predictor *predictor)
{
    struct odva_adaptive_bit refinement[ODVA_REFINEMENT_CONTEXTS];
    struct odva_range_encoder range;
    struct odva_length_context context[2] = {0}; /* of predicted tiles, and of others */

    ODVA_ASSERT(layer.index >= 0 && layer.index < latents->layers);
    ODVA_ASSERT(layer.first <= layer.sweep && layer.sweep <= layer.index);
    ODVA_ASSERT(latents->shift >= 0 && latents->shift < ODVA_MAX_REFINEMENTS);
    for (int i = 0; i < ODVA_REFINEMENT_CONTEXTS; i++)
        refinement[i] = ODVA_ADAPTIVE_BIT_INIT;
    odva_range_encoder_init(&range, writer);
    odva_symbol_predictor_start_layer(predictor, tables);
    if (layer.index == 0)
        odva_partition_encode(&range, &latents->grid, latents->splits,
                              latents->is_inter ? latents->predicted : NULL);
    if (layer.index == layer.first)
        start_refinement(latents, layer);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        int length;
        if (odva_layer_room(tile, layer) == 0)
            continue;
        length = tile->length[layer.index] - odva_layer_start(tile, layer);
        encode_length(&range, tables, &context[odva_tile_is_predicted(latents, i)],
                      latents->grid.tiles[i].size, length);
        encode_tokens(latents, tables, i, layer, length, &range, predictor, refinement);
    }
    odva_range_encoder_finish(&range);
}
