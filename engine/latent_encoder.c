/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "latent_coder.h"
#include "range_encoder.h"
#include "symbol_context.h"

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

static void encode_coefficient(struct odva_range_encoder *range,
                               const struct odva_model_tables *tables,
                               struct odva_symbol_context *context, int qidx, int i, int32_t q)
{
    const int scale_class = odva_scale_class(context->scan->scale[i], qidx);
    const uint16_t *cdf = tables->symbol_cdf[scale_class][odva_activity_context(context->activity)]
                                            [odva_neighbour_context(context, i)];
    const int32_t level = q < 0 ? -q : q;
    const int symbol = level < ODVA_ESCAPE ? level : ODVA_ESCAPE;

    odva_range_encode(range, cdf, ODVA_SYMBOLS, symbol);
    odva_symbol_context_update(context, i, symbol);
    if (symbol == ODVA_ESCAPE)
        encode_escape(range, scale_class, level - ODVA_ESCAPE);
    if (q != 0)
        odva_range_encode_bits(range, q < 0, 1);
}

static void encode_tokens(const struct odva_latents *latents,
                          const struct odva_model_tables *tables, struct odva_latent_tile *tile,
                          int start, int length, struct odva_range_encoder *range,
                          uint8_t *magnitude)
{
    struct odva_symbol_context context = {.magnitude = magnitude};
    const int first = odva_coefficients_of(tile, start);
    const int end = odva_coefficients_of(tile, start + length);
    const int32_t *q = latents->q + tile->offset;

    odva_symbol_context_start(&context, tile->scan, q, first,
                              first == 0 ? ODVA_INITIAL_ACTIVITY : tile->activity);
    for (int i = first; i < end; i++)
        encode_coefficient(range, tables, &context, latents->qidx, i, q[i]);
    tile->activity = context.activity;
}

void odva_encode_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                       struct odva_layer_range layer, struct odva_byte_writer *writer,
                       uint8_t *magnitude)
{
    struct odva_range_encoder range;
    int previous_class = 0;

    odva_range_encoder_init(&range, writer);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        int length;
        if (!odva_layer_codes_tile(tile, layer, tile->tokens))
            continue;
        length = odva_layer_length(tile, layer, tile->tokens);
        encode_length(&range, tables, &previous_class, length);
        encode_tokens(latents, tables, tile, layer.start, length, &range, magnitude);
    }
    odva_range_encoder_finish(&range);
}
