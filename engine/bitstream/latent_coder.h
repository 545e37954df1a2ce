/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The payload of a layer (doc/bitstream.md, section 6). Integer arithmetic only. */
#ifndef ODVA_LATENT_CODER_H
#define ODVA_LATENT_CODER_H

#include <stddef.h>
#include <stdint.h>

#include "base/byte_writer.h"
#include "bitstream/latents.h"
#include "bitstream/symbol_predictor.h"
#include "model/model.h"

/** What a layer holds: it goes on with every tile where the layer before of its sweep ended. */
struct odva_layer_range {
    int index;     /* among the packet's layers */
    int first;     /* index of the first layer of its refinement */
    int sweep;     /* index of the first layer of its sweep */
    int end;       /* tokens of its sweep that a tile has at most with its end */
    int threshold; /* least probability, in 1/32, of not being 0 that coefficients it codes have */
};

/* From a threshold to 1/32768. */
#define ODVA_THRESHOLD_SHIFT 10

/* What is known of a coefficient that is refined: min(|q|, 3) before, less 1. */
#define ODVA_REFINEMENT_CONTEXTS 3

/** Context of the bit that refines a coefficient. @param known |q| of the refinement before, > 0 */
static inline int odva_refinement_context(int32_t known)
{
    return known < ODVA_REFINEMENT_CONTEXTS ? known - 1 : ODVA_REFINEMENT_CONTEXTS - 1;
}

/** Length class of a tile's length in a layer: 0 for 0, or else 1 + floor(log2(length)). */
static inline int odva_length_class(int length)
{
    int c = 0;

    for (; length > 0; length >>= 1)
        c++;
    return c;
}

/** The length coded last in a layer; zero-initialised is none. */
struct odva_length_context {
    int length_class, size;
};

/** Class that a tile of a size would have in its place: 4 times the coefficients for twice the
 * side. */
static inline int odva_length_context_of(struct odva_length_context context, int size)
{
    const int c = context.length_class + 2 * (size - context.size);

    if (context.length_class == 0)
        return 0;
    return c < 1 ? 1 : c > ODVA_LENGTH_CLASSES - 1 ? ODVA_LENGTH_CLASSES - 1 : c;
}

static inline void odva_length_context_move(struct odva_length_context *context, int size,
                                            int length)
{
    *context = (struct odva_length_context){odva_length_class(length), size};
}

/** Whether a layer is of a refinement of one sweep. */
static inline int odva_layer_is_of_only_sweep(struct odva_layer_range layer)
{
    return layer.sweep == layer.first && layer.threshold == 0;
}

/** Whether a layer leaves a coefficient for later ones. @param probability of not being 0, in
 * 1/32768 */
static inline int odva_layer_leaves(struct odva_layer_range layer, int probability)
{
    return probability < layer.threshold << ODVA_THRESHOLD_SHIFT;
}

/** Logit of a coefficient not being 0. @param is_known whether refinements before have told that it
 * is less than 2 */
static inline int odva_significance_logit(const struct odva_symbol_features *features, int is_known)
{
    return is_known ? odva_symbol_logit_up_to_1(features) : odva_symbol_logit(features, 0);
}

static inline int odva_symbol_of(int32_t q)
{
    const int32_t level = q < 0 ? -q : q;

    return level < ODVA_ESCAPE ? level : ODVA_ESCAPE;
}

/** Tokens of a tile that the layers before of the same sweep hold. */
static inline int odva_layer_start(const struct odva_latent_tile *tile,
                                   struct odva_layer_range layer)
{
    return layer.index > layer.sweep ? tile->length[layer.index - 1] : 0;
}

/** Tokens of a tile that a layer has room for; without any, it does not code a length. */
static inline int odva_layer_room(const struct odva_latent_tile *tile,
                                  struct odva_layer_range layer)
{
    const int end = layer.end < tile->max_tokens ? layer.end : tile->max_tokens;
    const int room = end - odva_layer_start(tile, layer);

    return room > 0 ? room : 0;
}

/**
 * Decode a layer into latents->q and the tiles' tokens and lengths.
 * Layers come in order; before the first one, odva_latents_set_size has been called and
 * latents->qidx is that of the first refinement. The first layer of a later refinement doubles what
 * is there and makes qidx that of its refinement. The q of tokens that are not decoded is left as
 * it is.
 * @param predictor scratch of the model's basis
 */
void odva_decode_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                       struct odva_layer_range range, const uint8_t *payload, size_t size,
                       struct odva_symbol_predictor *predictor);

/**
 * Append a layer's payload.
 * Layers come in order, all of them, the first with start 0.
 * @param latents   q, the tiles' tokens and lengths are the clip's; |q| <= ODVA_MAX_LEVEL; qidx and
 *                  shift are the layer's refinement's
 * @param predictor scratch of the model's basis
 */
void odva_encode_layer(struct odva_latents *latents, const struct odva_model_tables *tables,
                       struct odva_layer_range range, struct odva_byte_writer *writer,
                       struct odva_symbol_predictor *predictor);

#endif
