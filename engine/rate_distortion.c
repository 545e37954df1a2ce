/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate_distortion.h"

#include <math.h>
#include <stdlib.h>

#include "backend.h"
#include "onedva/onedva.h"
#include "quantiser.h"
#include "reserve.h"
#include "symbol_context.h"

/* One run over a clip. */
struct measurement {
    struct odva_rate_distortion *rd;
    struct odva_latents *latents;
    const float *y;
    struct odva_dequantiser dequantiser;
    float inverse_step;
    float dead_zone;
    double lambda; /* squared error per 1/1024 bit */
};

int odva_rate_distortion_init(struct odva_rate_distortion *rd, const struct onedva_model *model,
                              struct odva_backend *backend, const struct odva_layering *layering,
                              int max_tokens, int thorough)
{
    const size_t context_size = odva_symbol_context_size(model->config.basis);

    *rd = (struct odva_rate_distortion){
        .model = model,
        .backend = backend,
        .layering = *layering,
        .max_tokens = max_tokens > 0 ? max_tokens : INT32_MAX,
        .thorough = thorough,
    };
    odva_bit_cost_init(&rd->bit_cost, &model->tables);
    rd->magnitude = malloc(odva_backend_workers(backend) * context_size);
    return rd->magnitude ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

void odva_rate_distortion_free(struct odva_rate_distortion *rd)
{
    free(rd->magnitude);
    free(rd->candidates);
    *rd = (struct odva_rate_distortion){0};
}

/* Where a tile's candidates begin: room for one more than its tokens. */
static size_t candidate_offset(const struct odva_latents *latents, int tile)
{
    return latents->tiles[tile].offset / ODVA_LATENT_TOKEN + 2 * (size_t)tile;
}

/* Tokens up to the last coefficient that is not quantised to 0; longer is never better. */
static int useful_tokens(const struct measurement *m, const struct odva_latent_tile *tile,
                         const float *y)
{
    const int limit = m->rd->max_tokens;
    int i = odva_coefficients_of(tile, limit < tile->max_tokens ? limit : tile->max_tokens);

    while (i > 0 && odva_quantise(fabsf(y[i - 1]), m->inverse_step, m->dead_zone) == 0)
        i--;
    return (i + ODVA_LATENT_TOKEN - 1) / ODVA_LATENT_TOKEN;
}

/* Squared error of a level, less that of level 0. */
static double distortion_of(const struct measurement *m, int scale_class, float y, int32_t level)
{
    const double point = level == 0 ? 0 : odva_dequantise(&m->dequantiser, scale_class, level);

    return point * (point - 2.0 * y);
}

/* Quantise scan index i and add what it costs to a candidate. */
static int32_t choose_level(const struct measurement *m, struct odva_symbol_context *context, int i,
                            float y, struct odva_length_candidate *sum)
{
    const int scale_class = odva_scale_class(context->scan->scale[i], m->latents->qidx);
    const uint16_t *symbol_cost =
        m->rd->bit_cost.symbol[scale_class][odva_activity_context(context->activity)]
                              [odva_neighbour_context(context, i)];
    int32_t level = odva_quantise(y, m->inverse_step, m->dead_zone);
    double distortion = distortion_of(m, scale_class, y, level);
    int bits = odva_level_cost(symbol_cost, scale_class, level);

    if (m->rd->thorough && level > 0) {
        const double lower_distortion = distortion_of(m, scale_class, y, level - 1);
        const int lower_bits = odva_level_cost(symbol_cost, scale_class, level - 1);
        if (lower_distortion + m->lambda * lower_bits < distortion + m->lambda * bits) {
            level--;
            distortion = lower_distortion;
            bits = lower_bits;
        }
    }
    odva_symbol_context_update(context, i, level < ODVA_ESCAPE ? level : ODVA_ESCAPE);
    sum->distortion += distortion;
    sum->bits += bits;
    return level;
}

/* Quantise a tile and fill in its candidates; tile->tokens becomes the longest. */
static void measure_tile(void *opaque, int64_t index, int worker)
{
    const struct measurement *m = opaque;
    struct odva_latent_tile *tile = &m->latents->tiles[index];
    struct odva_length_candidate *candidates =
        m->rd->candidates + candidate_offset(m->latents, (int)index);
    struct odva_length_candidate sum = {0};
    struct odva_symbol_context context = {
        .magnitude =
            m->rd->magnitude + (size_t)worker * odva_symbol_context_size(m->latents->basis)};
    const float *y = m->y + tile->offset;
    int32_t *q = m->latents->q + tile->offset;

    tile->tokens = useful_tokens(m, tile, y);
    candidates[0] = sum;
    odva_symbol_context_start(&context, tile->scan, q, 0, ODVA_INITIAL_ACTIVITY);
    for (int n = 0; n < tile->tokens; n++) {
        for (int i = n * ODVA_LATENT_TOKEN; i < odva_coefficients_of(tile, n + 1); i++) {
            const int32_t level = choose_level(m, &context, i, fabsf(y[i]), &sum);
            q[i] = y[i] < 0 ? -level : level;
        }
        candidates[n + 1] = sum;
    }
}

/* Bits of a tile's length in all layers. @param previous last length class of each layer */
static int64_t length_bits(const struct odva_rate_distortion *rd,
                           const struct odva_latent_tile *tile, const int *previous, int tokens)
{
    int64_t bits = 0;

    for (int j = 0; j < rd->layering.count; j++) {
        const struct odva_layer_range layer = rd->layering.layer[j];
        if (!odva_layer_codes_tile(tile, layer, tokens))
            break;
        bits +=
            odva_length_cost(&rd->bit_cost, previous[j], odva_layer_length(tile, layer, tokens));
    }
    return bits;
}

static void note_length(const struct odva_rate_distortion *rd, const struct odva_latent_tile *tile,
                        int *previous)
{
    for (int j = 0; j < rd->layering.count; j++) {
        const struct odva_layer_range layer = rd->layering.layer[j];
        if (odva_layer_codes_tile(tile, layer, tile->tokens))
            previous[j] = odva_length_class(odva_layer_length(tile, layer, tile->tokens));
    }
}

/* Set tile->tokens to the best of its candidates. @return the tile's bits */
static int64_t choose_length(const struct measurement *m, int index, const int *previous)
{
    const struct odva_length_candidate *candidates =
        m->rd->candidates + candidate_offset(m->latents, index);
    struct odva_latent_tile *tile = &m->latents->tiles[index];
    const int longest = tile->tokens;
    double best = INFINITY;
    int64_t best_bits = 0;

    tile->tokens = 0;
    for (int n = 0; n <= longest; n++) {
        const int64_t bits = candidates[n].bits + length_bits(m->rd, tile, previous, n);
        const double cost = candidates[n].distortion + m->lambda * (double)bits;
        if (cost < best) {
            best = cost;
            best_bits = bits;
            tile->tokens = n;
        }
    }
    return best_bits;
}

int odva_rate_distortion_run(struct odva_rate_distortion *rd, struct odva_latents *latents,
                             const float *y, int qidx, int64_t *bits)
{
    const double step = odva_quantiser_step(qidx);
    struct measurement m = {
        .rd = rd,
        .latents = latents,
        .y = y,
        .inverse_step = odva_quantiser_step(-qidx),
        .dead_zone = rd->thorough ? ODVA_THOROUGH_DEAD_ZONE : ODVA_DEAD_ZONE,
        .lambda = ODVA_LAMBDA * step * step / ODVA_BIT,
    };
    int previous[ONEDVA_MAX_LAYERS] = {0};

    rd->candidates = odva_reserve(rd->candidates, &rd->candidate_capacity,
                                  odva_latents_count(latents) / ODVA_LATENT_TOKEN +
                                      2 * (size_t)latents->grid.tile_count,
                                  sizeof(*rd->candidates));
    if (!rd->candidates)
        return ONEDVA_ERR_NOMEM;
    latents->qidx = qidx;
    odva_dequantiser_init(&m.dequantiser, &rd->model->tables, qidx);
    odva_backend_parallel_for(rd->backend, latents->grid.tile_count, measure_tile, &m);
    *bits = 0;
    for (int i = 0; i < latents->grid.tile_count; i++) {
        *bits += choose_length(&m, i, previous);
        note_length(rd, &latents->tiles[i], previous);
    }
    return ONEDVA_OK;
}
