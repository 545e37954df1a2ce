/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "latent_coder.h"
#include "range_decoder.h"
#include "symbol_context.h"

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

static int32_t decode_coefficient(struct odva_range_decoder *range,
                                  const struct odva_model_tables *tables,
                                  struct odva_symbol_context *context, int qidx, int i)
{
    const int scale_class = odva_scale_class(context->scan->scale[i], qidx);
    const uint16_t *cdf = tables->symbol_cdf[scale_class][odva_activity_context(context->activity)]
                                            [odva_neighbour_context(context, i)];
    const int symbol = odva_range_decode(range, cdf, ODVA_SYMBOLS);
    int32_t q = symbol;

    odva_symbol_context_update(context, i, symbol);
    if (symbol == ODVA_ESCAPE)
        q += decode_escape(range, scale_class);
    return q > 0 && odva_range_decode_bits(range, 1) ? -q : q;
}

static void decode_tokens(struct odva_latents *latents, const struct odva_model_tables *tables,
                          struct odva_latent_tile *tile, int tokens,
                          struct odva_range_decoder *range, uint8_t *magnitude)
{
    struct odva_symbol_context context = {.magnitude = magnitude};
    const int first = odva_coefficients_of(tile, tile->tokens);
    const int end = odva_coefficients_of(tile, tile->tokens + tokens);
    int32_t *q = latents->q + tile->offset;

    odva_symbol_context_start(&context, tile->scan, q, first,
                              first == 0 ? ODVA_INITIAL_ACTIVITY : tile->activity);
    for (int i = first; i < end; i++)
        q[i] = decode_coefficient(range, tables, &context, latents->qidx, i);
    tile->activity = context.activity;
    tile->tokens += tokens;
}

void odva_decode_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                       struct odva_layer_range layer, const uint8_t *payload, size_t size,
                       uint8_t *magnitude)
{
    struct odva_range_decoder range;
    int previous_class = 0;

    odva_range_decoder_init(&range, payload, size);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        int length, room;
        if (!odva_layer_codes_tile(tile, layer, tile->tokens))
            continue;
        length = decode_length(&range, tables, &previous_class);
        room = odva_layer_room(tile, layer);
        if (length > 0)
            decode_tokens(latents, tables, tile, length < room ? length : room, &range, magnitude);
    }
}
