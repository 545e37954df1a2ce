/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/rate_distortion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "base/thread_pool.h"
#include "bitstream/latent_coder.h"
#include "bitstream/symbol_context.h"
#include "onedva/onedva.h"
#include "transform/quantiser.h"

/* How much narrower the dead zone is one index below the quantiser's: rates then nearly meet. At
 * equal rate PSNR-Y is within 0.03 dB of whole indices; nearest quantisers with wider ones, too,
 * lost that much. */
#define DEAD_ZONE_SLOPE 0.08f

/* log2 of how much dearer bits are in the first of many layers of the first refinement than at its
 * end.
 */
#define SHARE_SLOPE 2.7

/* Coefficients that are looked at together; latent tokens hold whole blocks. */
#define BLOCK 8

/** What is wanted of a scale. */
struct scale_costs {
    const uint16_t (*symbol)[ODVA_SYMBOL_NEIGHBOURS][ODVA_SYMBOLS]; /* by activity */
    int scale_class;
};

/* One run over a clip. */
struct measurement {
    struct odva_rate_distortion *rd;
    struct odva_latents *latents;
    const float *y;
    int qidx;
    int given;                     /* whether the levels are those that the latents have */
    int shift;                     /* how many of their low bits are left out */
    struct scale_costs scale[256]; /* by scale + 128 */
    uint16_t quiet_cost[ODVA_SYMBOL_NEIGHBOURS][256]; /* of 0 where little else is */
    struct odva_dequantiser dequantiser;
    float inverse_step;
    float dead_zone;
    float least;          /* magnitude that is not quantised to 0 */
    double lambda;        /* squared error per 1/1024 bit */
    const double *weight; /* of each superblock's, or NULL */
};

int odva_rate_distortion_init(struct odva_rate_distortion *rd, const struct onedva_model *model,
                              struct odva_thread_pool *pool, int max_tokens, int thorough)
{
    const size_t context_size = odva_symbol_context_size(model->config.basis);

    ODVA_ASSERT(max_tokens >= 0);
    *rd = (struct odva_rate_distortion){
        .model = model,
        .pool = pool,
        .max_tokens = max_tokens > 0 ? max_tokens : INT32_MAX,
        .thorough = thorough,
    };
    odva_bit_cost_init(&rd->bit_cost, &model->tables);
    rd->near = malloc(odva_thread_pool_workers(pool) * context_size);
    return rd->near ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

void odva_rate_distortion_free(struct odva_rate_distortion *rd)
{
    free(rd->near);
    free(rd->candidates);
    free(rd->longest);
    *rd = (struct odva_rate_distortion){0};
}

/* Where a tile's candidates begin: room for one more than its tokens. */
static size_t candidate_offset(const struct odva_latents *latents, int tile)
{
    return latents->tiles[tile].offset / odva_token_length(0) + 2 * (size_t)tile;
}

/* The least magnitude that is not quantised to 0: larger ones are not, either. */
static float least_coded(float inverse_step, float dead_zone)
{
    float y = (0.5f + dead_zone) / inverse_step;

    while (odva_quantise(y, inverse_step, dead_zone) > 0)
        y = nextafterf(y, 0);
    while (odva_quantise(y, inverse_step, dead_zone) == 0)
        y = nextafterf(y, INFINITY);
    return y;
}

/* The level that a coefficient has if no other is better. @param q where levels are given */
static inline int32_t first_level(const struct measurement *m, float y, int32_t q, const int given)
{
    return given ? abs(q) >> m->shift : odva_quantise(fabsf(y), m->inverse_step, m->dead_zone);
}

/* Whether all of a block's coefficients are quantised to 0 if no other level is better. */
static inline int is_zero(const struct measurement *m, const float *y, const int32_t *q,
                          const int given)
{
    int any = 0;

    if (given)
        for (int i = 0; i < BLOCK; i++)
            any |= abs(q[i]) >> m->shift;
    else
        for (int i = 0; i < BLOCK; i++)
            any |= !(fabsf(y[i]) < m->least);
    return !any;
}

/* Tokens up to the last coefficient that is not quantised to 0; longer is never better. */
static inline int useful_tokens(const struct measurement *m, int index, const int given)
{
    const struct odva_latent_tile *tile = &m->latents->tiles[index];
    const int size = m->latents->grid.tiles[index].size;
    const float *y = m->y + tile->offset;
    const int32_t *q = m->latents->q + tile->offset;
    const int limit = given ? tile->tokens : odva_token_limit(size, m->rd->max_tokens);
    const int count = odva_coefficients_of(tile, odva_min(limit, tile->max_tokens));
    int i = count;

    while (i % BLOCK > 0 && first_level(m, y[i - 1], q[i - 1], given) == 0)
        i--;
    while (i > 0 && i % BLOCK == 0 && is_zero(m, y + i - BLOCK, q + i - BLOCK, given))
        i -= BLOCK;
    return odva_ceil_div(i, tile->token_length);
}

/* Squared error of a level, less that of level 0. */
static double distortion_of(const struct measurement *m, int scale_class, float y, int32_t level)
{
    const double point = level == 0 ? 0 : odva_dequantise(&m->dequantiser, scale_class, level);

    return point * (point - 2.0 * y);
}

/* Add what a level of scan index i costs to a candidate. @param level where no other is better
 * @return the level chosen */
static inline __attribute__((always_inline)) int32_t
choose_level(const struct measurement *m, struct odva_symbol_context *context, int i, float y,
             int32_t level, const int tries_lower, struct odva_length_candidate *sum)
{
    const struct scale_costs *costs = &m->scale[context->scan->scale[i] + 128];
    const uint16_t *symbol_cost =
        costs->symbol[odva_activity_context(context->activity)][odva_neighbour_context(context, i)];
    const int scale_class = costs->scale_class;
    double distortion;
    int bits;

    if (level == 0) {
        odva_symbol_context_update(context, i, 0);
        sum->bits += symbol_cost[0];
        return 0;
    }
    distortion = distortion_of(m, scale_class, y, level);
    bits = odva_level_cost(symbol_cost, scale_class, level);
    if (tries_lower) {
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

/* Add a block of 0s where little else is to a candidate. */
static inline void add_quiet_block(const struct measurement *m, struct odva_symbol_context *context,
                                   int first, struct odva_length_candidate *sum)
{
    const uint8_t *near = context->near + first;
    const int8_t *scale = context->scan->scale + first;
    uint64_t all_near;
    int bits = 0;

    memcpy(&all_near, near, sizeof(all_near));
    if (all_near == 0)
        for (int i = 0; i < BLOCK; i++)
            bits += m->quiet_cost[0][scale[i] + 128];
    else
        for (int i = 0; i < BLOCK; i++)
            bits += m->quiet_cost[odva_neighbour_context(context, first + i)][scale[i] + 128];
    sum->bits += bits;
    context->activity = odva_max(context->activity - BLOCK, ODVA_LEAST_ACTIVITY);
}

/* Add the first coefficients of a block to a candidate, and quantise them. */
static inline __attribute__((always_inline)) void
measure_block(const struct measurement *m, struct odva_symbol_context *context, int first,
              int count, const float *y, int32_t *q, const int given, const int thorough,
              struct odva_length_candidate *sum)
{
    if (count == BLOCK && context->activity < ODVA_QUIET_ACTIVITY && is_zero(m, y, q, given)) {
        add_quiet_block(m, context, first, sum);
        if (!given)
            memset(q, 0, BLOCK * sizeof(*q));
        return;
    }
    for (int i = 0; i < count; i++) {
        const int32_t level =
            choose_level(m, context, first + i, fabsf(y[i]), first_level(m, y[i], q[i], given),
                         thorough && !given, sum);

        if (!given)
            q[i] = y[i] < 0 ? -level : level;
    }
}

/* Quantise a tile and fill in its candidates and the longest of them. given and thorough are
 * constants wherever this is inlined. */
static inline __attribute__((always_inline)) void measure_tile_as(const struct measurement *m,
                                                                  int index, int worker,
                                                                  const int given,
                                                                  const int thorough)
{
    const struct odva_latent_tile *tile = &m->latents->tiles[index];
    struct odva_length_candidate *candidates =
        m->rd->candidates + candidate_offset(m->latents, index);
    struct odva_length_candidate sum = {0};
    struct odva_symbol_context context = {
        .near = m->rd->near + (size_t)worker * odva_symbol_context_size(m->latents->basis)};
    const float *y = m->y + tile->offset;
    int32_t *q = m->latents->q + tile->offset;
    const int longest = useful_tokens(m, index, given);

    m->rd->longest[index] = longest;
    if (!given && m->latents->seen) /* all are of the last refinement for dequantisation */
        memset(m->latents->seen + tile->offset, ODVA_CODED, tile->coefficients);
    candidates[0] = sum;
    odva_symbol_context_start(&context, tile->scan, odva_coefficients_of(tile, longest));
    for (int n = 0; n < longest; n++) {
        const int end = odva_coefficients_of(tile, n + 1);

        for (int i = n * tile->token_length; i < end; i += BLOCK)
            measure_block(m, &context, i, odva_min(end - i, BLOCK), y + i, q + i, given, thorough,
                          &sum);
        candidates[n + 1] = sum;
    }
}

static void measure_tile(void *opaque, int64_t index, int worker)
{
    const struct measurement *m = opaque;

    if (m->latents->tiles[index].is_left_out)
        return;
    if (m->given)
        measure_tile_as(m, (int)index, worker, 1, 0);
    else if (m->rd->thorough)
        measure_tile_as(m, (int)index, worker, 0, 1);
    else
        measure_tile_as(m, (int)index, worker, 0, 0);
}

/* A choice of lengths for all tiles. */
struct length_choice {
    int layer;
    int start; /* layer whose lengths are the least, or -1 */
    int most;
    double lambda; /* over the measurement's */
};

/* The best length of a tile. @param context is moved on @param cost of the tile */
static int choose_length(const struct measurement *m, const struct length_choice *choice, int index,
                         struct odva_length_context *context, struct odva_tile_cost *cost)
{
    const struct odva_latent_tile *tile = &m->latents->tiles[index];
    const struct odva_length_candidate *candidates =
        m->rd->candidates + candidate_offset(m->latents, index);
    const double lambda = choice->lambda * m->lambda *
                          (m->weight ? m->weight[m->latents->grid.tiles[index].superblock] : 1);
    const int start = choice->start >= 0 ? tile->length[choice->start] : 0;
    const int longest = m->rd->longest[index] < choice->most ? m->rd->longest[index] : choice->most;
    const int size = m->latents->grid.tiles[index].size;
    int length = start;

    *cost = (struct odva_tile_cost){INFINITY, 0};
    for (int n = start; n <= longest; n++) {
        const int64_t all_bits =
            candidates[n].bits + odva_length_cost(&m->rd->bit_cost, *context, size, n - start);
        const double sum = candidates[n].distortion + lambda * (double)all_bits;
        if (sum < cost->cost) {
            *cost = (struct odva_tile_cost){sum, all_bits};
            length = n;
        }
    }
    odva_length_context_move(context, size, length - start);
    return length;
}

/* Choose all tiles' lengths at the end of a layer. @param costs of the tiles, or NULL
 * @return bits of its refinement up to there */
static int64_t choose_lengths(struct measurement *m, const struct length_choice *choice,
                              struct odva_tile_cost *costs)
{
    struct odva_latents *latents = m->latents;
    struct odva_length_context context = {0};
    int64_t bits = 0;

    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_tile_cost cost = {INFINITY, 0};

        if (latents->tiles[i].is_left_out) {
            costs[i] = cost;
            continue;
        }
        latents->tiles[i].length[choice->layer] = choose_length(m, choice, i, &context, &cost);
        bits += cost.bits;
        if (costs)
            costs[i] = cost;
    }
    return bits;
}

/* @param given whether the latents' levels are, without their last shift bits
 * @param offset of the index that is wanted from the quantiser's */
static void measure(struct measurement *m, struct odva_rate_distortion *rd,
                    struct odva_latents *latents, const float *y, int given, int shift,
                    double offset)
{
    const int qidx = latents->qidx + shift * ODVA_QIDX_OF_HALVING;
    const double step = odva_quantiser_step(qidx);

    *m = (struct measurement){
        .rd = rd,
        .latents = latents,
        .y = y,
        .qidx = qidx,
        .given = given,
        .shift = shift,
        .inverse_step = odva_quantiser_step(-qidx),
        .dead_zone = (rd->thorough ? ODVA_THOROUGH_DEAD_ZONE : ODVA_DEAD_ZONE) +
                     DEAD_ZONE_SLOPE * (float)offset,
        .lambda = ODVA_LAMBDA * step * step * exp2(offset / 4) / ODVA_BIT,
    };
    m->least = least_coded(m->inverse_step, m->dead_zone);
    odva_dequantiser_init(&m->dequantiser, &rd->model->tables, qidx, shift);
    for (int i = 0; i < 256; i++) {
        const int scale_class = odva_scale_class(i - 128, qidx);

        m->scale[i] = (struct scale_costs){rd->bit_cost.symbol[scale_class], scale_class};
        for (int n = 0; n < ODVA_SYMBOL_NEIGHBOURS; n++)
            m->quiet_cost[n][i] =
                m->scale[i].symbol[odva_activity_context(ODVA_LEAST_ACTIVITY)][n][0];
    }
    odva_thread_pool_run(rd->pool, latents->grid.tile_count, measure_tile, m);
}

static size_t candidate_count(const struct odva_latents *latents)
{
    return odva_latents_count(latents) / odva_token_length(0) +
           2 * (size_t)latents->grid.tile_count;
}

/* Room for a clip's candidates. */
static int reserve(struct odva_rate_distortion *rd, const struct odva_latents *latents)
{
    rd->candidates = odva_reserve(rd->candidates, &rd->candidate_capacity, candidate_count(latents),
                                  sizeof(*rd->candidates));
    rd->longest = odva_reserve(rd->longest, &rd->longest_capacity, latents->grid.tile_count,
                               sizeof(*rd->longest));
    return rd->candidates && rd->longest ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

double odva_rate_distortion_lambda(double index)
{
    return ODVA_LAMBDA * exp2(index / 4) / ODVA_BIT;
}

int odva_rate_distortion_run(struct odva_rate_distortion *rd, struct odva_latents *latents,
                             const float *y, double index, const double *weight, int64_t *bits,
                             struct odva_tile_cost *costs)
{
    static const struct length_choice only = {0, -1, INT32_MAX, 1};
    struct measurement m;

    ODVA_ASSERT(latents->grid.tile_count > 0);
    ODVA_ASSERT(odva_qidx_of(index) >= ONEDVA_MIN_QIDX && odva_qidx_of(index) <= ONEDVA_MAX_QIDX);
    if (reserve(rd, latents) < 0)
        return ONEDVA_ERR_NOMEM;
    latents->qidx = odva_qidx_of(index);
    latents->layers = 1;
    measure(&m, rd, latents, y, 0, 0, index - latents->qidx);
    m.weight = weight;
    *bits = choose_lengths(&m, &only, costs);
    for (int i = 0; i < latents->grid.tile_count; i++)
        latents->tiles[i].tokens = latents->tiles[i].length[0];
    return ONEDVA_OK;
}

/* No refinement is shorter than the one before; the last one has all tokens. */
static void end_refinement(struct odva_latents *latents, int layer, int before, int is_last)
{
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        if (is_last)
            tile->length[layer] = tile->tokens;
        else if (before >= 0 && tile->length[layer] < tile->length[before])
            tile->length[layer] = tile->length[before];
    }
}

/* Layers in the midst of the only sweep of a refinement, from which none goes beyond its end. */
static void choose_shares(struct measurement *m, const struct odva_layer_plan *layer_plan,
                          int first, int last)
{
    struct odva_latents *latents = m->latents;

    for (int layer = first; layer < last; layer++) {
        const double left = (double)(last - layer) / (last - first + 1);
        const struct length_choice share = {
            .layer = layer,
            .start = layer > first ? layer - 1 : -1,
            .most = layer_plan->layer[layer].end,
            .lambda = exp2(SHARE_SLOPE * left),
        };
        choose_lengths(m, &share, NULL);
        for (int i = 0; i < latents->grid.tile_count; i++) {
            struct odva_latent_tile *tile = &latents->tiles[i];
            if (tile->length[layer] > tile->length[last])
                tile->length[layer] = tile->length[last];
        }
    }
}

/* Sweeps of a refinement are all as long as it is. */
static void set_sweeps(struct odva_latents *latents, int first, int last)
{
    for (int layer = first; layer < last; layer++)
        for (int i = 0; i < latents->grid.tile_count; i++)
            latents->tiles[i].length[layer] = latents->tiles[i].length[last];
}

int odva_rate_distortion_divide(struct odva_rate_distortion *rd, struct odva_latents *latents,
                                const float *y, const double *weight,
                                const struct odva_layer_plan *layer_plan)
{
    ODVA_ASSERT(layer_plan->count >= 1 && layer_plan->count <= ONEDVA_MAX_LAYERS);
    if (reserve(rd, latents) < 0)
        return ONEDVA_ERR_NOMEM;
    latents->layers = layer_plan->count;
    for (int last = 0; last < layer_plan->count && layer_plan->count > 1; last++) {
        const int first = layer_plan->layer[last].first;
        const struct length_choice whole = {last, -1, INT32_MAX, 1};
        struct measurement m;
        if (!odva_layer_ends_refinement(layer_plan, last))
            continue;
        measure(&m, rd, latents, y, 1, layer_plan->refinements - 1 - layer_plan->refinement[last],
                0);
        m.weight = weight;
        choose_lengths(&m, &whole, NULL);
        end_refinement(latents, last, first - 1, last == layer_plan->count - 1);
        if (odva_layer_is_of_only_sweep(layer_plan->layer[last]))
            choose_shares(&m, layer_plan, first, last);
        else
            set_sweeps(latents, first, last);
    }
    return ONEDVA_OK;
}
