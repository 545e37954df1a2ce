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
#include "bitstream/range_decoder.h"

static int decode_length(struct odva_range_decoder *range, const struct odva_model_tables *tables,
                         struct odva_length_context *context, int size)
{
    const uint16_t *cdf = tables->length_cdf[size][odva_length_context_of(*context, size)];
    const int c = odva_range_decode(range, cdf, ODVA_LENGTH_CLASSES);

    *context = (struct odva_length_context){c, size};
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
static inline __attribute__((always_inline)) int32_t
decode_magnitude(struct odva_range_decoder *range, const struct odva_model_tables *tables,
                 struct odva_symbol_predictor *predictor,
                 const struct odva_symbol_features *features, int i)
{
    struct odva_range_decoder copy; /* its address is taken, so range can stay in registers */
    uint64_t change = 0;
    int32_t magnitude;
    int logit = 0;

    ODVA_UNROLL
    for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
        int probability, bit;

        logit = odva_symbol_logit(features, d);
        probability = odva_logistic(logit);
        bit = odva_range_decode_bit(range, (uint32_t)(32768 - probability));
        change += odva_symbol_change(d, probability, bit);
        if (!bit) {
            odva_symbol_learn(predictor, features, change);
            return d;
        }
    }
    odva_symbol_learn(predictor, features, change);
    copy = *range;
    magnitude = decode_large(&copy, tables, logit,
                             odva_scale_class(predictor->scan->scale[i], predictor->qidx));
    *range = copy;
    return magnitude;
}

/* In both of its callers, because in most streams every coefficient is decoded here. */
static inline __attribute__((always_inline)) int32_t
decode_coefficient(struct odva_range_decoder *range, const struct odva_model_tables *tables,
                   struct odva_symbol_predictor *predictor,
                   const struct odva_symbol_features *features, int i)
{
    const int32_t magnitude = decode_magnitude(range, tables, predictor, features, i);
    int32_t sign;

    if (magnitude == 0)
        return 0;
    odva_symbol_note(predictor, i, magnitude < ODVA_ESCAPE ? magnitude : ODVA_ESCAPE);
    sign = -(int32_t)odva_range_decode_even_bit(range);
    return (magnitude ^ sign) - sign;
}

/* A coefficient that was 0 in the refinements before. @return -1..1 */
static inline int32_t decode_small(struct odva_range_decoder *range,
                                   struct odva_symbol_predictor *predictor,
                                   const struct odva_symbol_features *features, int i)
{
    const int probability = odva_logistic(odva_symbol_logit_up_to_1(features));
    const int bit = odva_range_decode_bit(range, (uint32_t)(32768 - probability));

    odva_symbol_learn(predictor, features, odva_symbol_change(0, probability, bit));
    if (!bit)
        return 0;
    odva_symbol_note(predictor, i, 1);
    return odva_range_decode_even_bit(range) ? -1 : 1;
}

/* One more bit of a coefficient that was not 0 in the refinements before. @param q of them, doubled
 */
static inline int32_t refine_coefficient(struct odva_range_decoder *range,
                                         struct odva_symbol_predictor *predictor,
                                         struct odva_adaptive_bit *refinement, int i, int32_t q)
{
    int32_t level = q < 0 ? -q : q;

    odva_symbol_forget(predictor, &predictor->entry[i]);
    level += odva_adaptive_bit_decode(range, &refinement[odva_refinement_context(level >> 1)]);
    q = q < 0 ? -level : level;
    odva_symbol_note(predictor, i, odva_symbol_of(q));
    return q;
}

/* Coefficients [first, end) of a tile in a refinement of one sweep. */
static void decode_all(struct odva_range_decoder *range_decoder,
                       const struct odva_model_tables *tables,
                       struct odva_symbol_predictor *predictor,
                       struct odva_adaptive_bit *refinement, int first, int known, int end,
                       int32_t *q, uint8_t *seen)
{
    struct odva_range_decoder range = *range_decoder;
    struct odva_symbol_features features;
    int i = first;

    for (; i < end && i < known; i++) {
        if (q[i] != 0) {
            q[i] = refine_coefficient(&range, predictor, refinement, i, q[i]);
            continue;
        }
        odva_symbol_features(predictor, i, &features);
        q[i] = decode_small(&range, predictor, &features, i);
    }
    for (; i < end; i++) {
        odva_symbol_features(predictor, i, &features);
        q[i] = decode_coefficient(&range, tables, predictor, &features, i);
    }
    for (i = first; i < end; i++)
        seen[i] = predictor->magnitude[i + ODVA_SMOOTH_REACH] | ODVA_CODED;
    *range_decoder = range;
}

/* Those of them that are not coded yet and whose turn has come in one of several sweeps. */
static void decode_some(struct odva_range_decoder *range_decoder,
                        const struct odva_model_tables *tables,
                        struct odva_symbol_predictor *predictor,
                        struct odva_adaptive_bit *refinement, struct odva_layer_range layer,
                        int first, int known, int end, int32_t *q, uint8_t *seen)
{
    struct odva_range_decoder range = *range_decoder;

    for (int i = first; i < end; i++) {
        const int is_known = i < known, is_refined = is_known && q[i] != 0;
        struct odva_symbol_features features;

        if (seen[i] & ODVA_CODED || (is_refined && layer.threshold > 0)) {
            odva_symbol_skip(predictor, i);
            continue;
        }
        if (is_refined) {
            q[i] = refine_coefficient(&range, predictor, refinement, i, q[i]);
        } else {
            odva_symbol_features(predictor, i, &features);
            q[i] = 0;
            if (odva_layer_leaves(layer,
                                  odva_logistic(odva_significance_logit(&features, is_known))))
                continue;
            q[i] = is_known ? decode_small(&range, predictor, &features, i)
                            : decode_coefficient(&range, tables, predictor, &features, i);
        }
        seen[i] = predictor->magnitude[i + ODVA_SMOOTH_REACH] | ODVA_CODED;
    }
    *range_decoder = range;
}

static void decode_tokens(struct odva_latents *latents, const struct odva_model_tables *tables,
                          int index, struct odva_layer_range layer, int length,
                          struct odva_range_decoder *range, struct odva_symbol_predictor *predictor,
                          struct odva_adaptive_bit *refinement)
{
    struct odva_latent_tile *tile = &latents->tiles[index];
    const int start = odva_layer_start(tile, layer);
    const int known = odva_coefficients_of(tile, odva_tokens_known(tile, layer.first));
    const int first = odva_coefficients_of(tile, start);
    const int end = odva_coefficients_of(tile, start + length);
    int32_t *q = latents->q + tile->offset;
    uint8_t *seen = latents->seen + tile->offset;

    odva_symbol_predictor_start_tile(predictor, latents, index, first, end);
    if (odva_layer_is_of_only_sweep(layer))
        decode_all(range, tables, predictor, refinement, first, known, end, q, seen);
    else
        decode_some(range, tables, predictor, refinement, layer, first, known, end, q, seen);
    tile->seen_count = tile->seen_count > end ? tile->seen_count : end;
    odva_symbol_predictor_end_tile(predictor, latents, index, end);
    tile->length[layer.index] = start + length;
    if (tile->tokens < start + length)
        tile->tokens = start + length;
}

/* Halve the step of what the refinements before told. In a refinement of one sweep, nothing of it
 * is seen. */
static void start_refinement(struct odva_latents *latents, struct odva_layer_range layer)
{
    if (layer.index > 0)
        latents->qidx -= ODVA_QIDX_OF_HALVING;
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        const int count = odva_coefficients_of(tile, tile->tokens);
        int32_t *q = latents->q + tile->offset;
        uint8_t *seen = latents->seen + tile->offset;

        tile->shown = 0;
        tile->seen_count = odva_layer_is_of_only_sweep(layer) ? 0 : count;
        memset(seen, 0, tile->coefficients);
        for (int c = 0; c < count; c++)
            q[c] *= 2;
        for (int c = 0; c < tile->seen_count; c++)
            seen[c] = (uint8_t)odva_symbol_of(q[c]);
    }
}

void odva_decode_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                       struct odva_layer_range layer, const uint8_t *payload, size_t size,
                       struct odva_symbol_predictor *predictor)
{
    struct odva_adaptive_bit refinement[ODVA_REFINEMENT_CONTEXTS];
    struct odva_range_decoder range;
    struct odva_length_context context[2] = {0}; /* of predicted tiles, and of others */

    ODVA_ASSERT(latents->qidx >= ONEDVA_MIN_QIDX);
    ODVA_ASSERT(layer.index >= 0 && layer.index < ONEDVA_MAX_LAYERS);
    ODVA_ASSERT(layer.first <= layer.sweep && layer.sweep <= layer.index);
    for (int i = 0; i < ODVA_REFINEMENT_CONTEXTS; i++)
        refinement[i] = ODVA_ADAPTIVE_BIT_INIT;
    odva_range_decoder_init(&range, payload, size);
    if (layer.index == 0) {
        odva_partition_decode(&range, &latents->grid, latents->splits,
                              latents->is_inter ? latents->predicted : NULL);
        odva_latents_set_partition(latents);
    }
    if (layer.index == layer.first)
        start_refinement(latents, layer);
    latents->layers = layer.index + 1;
    odva_symbol_predictor_start_layer(predictor, tables);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        const int room = odva_layer_room(tile, layer);
        int length;
        tile->length[layer.index] = odva_layer_start(tile, layer);
        if (room == 0)
            continue;
        length = decode_length(&range, tables, &context[odva_tile_is_predicted(latents, i)],
                               latents->grid.tiles[i].size);
        if (length > 0)
            decode_tokens(latents, tables, i, layer, length < room ? length : room, &range,
                          predictor, refinement);
    }
}
