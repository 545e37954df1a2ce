/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/symbol_predictor.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/integers.h"

#define MISSING      (-300) /* a ratio below it is of something that is not there */
#define GROUP        8      /* magnitudes smoothed at a time */
#define WEIGHT_LIMIT 32767
#define NO_CARRY     INT16_MIN

/* In 1/8 octaves: how much smaller what a prediction leaves is taken to be at a layer's start. */
#define PREDICTED_CARRY 16

/* 2.5 levels to the octave. @param ratio logarithm of a value over what is expected of it */
static uint8_t level_of(int ratio)
{
    if (ratio < MISSING)
        return 0;
    return (uint8_t)odva_clip((ratio * 5 >> 4) + 14, 1, ODVA_PREDICTOR_LEVELS - 1);
}

static void set_tables(struct odva_symbol_predictor *predictor)
{
    for (int i = 0; i <= ODVA_MEAN_MAX / 2; i++)
        predictor->log_mean[i] = (uint8_t)odva_log2_eighths(2 * (unsigned)i + 16);
    for (int i = 0; i <= ODVA_AROUND_MAX; i++)
        predictor->log_around[i] = (uint8_t)odva_log2_eighths(16 * (unsigned)i + 1);
    for (int i = ODVA_LEAST_RATIO; i < ODVA_MOST_RATIO; i++)
        predictor->ratio_level[i - ODVA_LEAST_RATIO] = level_of(i);
    for (int b = -128; b < 128; b++)
        predictor->expected[b + 128] = (uint32_t)(odva_expected_magnitude(b) >> 11);
    for (int i = 0; i <= ODVA_CARRY_MOST; i++)
        predictor->power[i] = (uint16_t)(odva_expected_magnitude(i) >> 27);
}

static void set_qidx(struct odva_symbol_predictor *predictor, int qidx)
{
    predictor->qidx = qidx;
    predictor->level = predictor->ratio_level - ODVA_LEAST_RATIO + qidx;
    for (int b = -128; b < 128; b++) {
        const int scale_class = odva_scale_class(b, qidx);
        predictor->scale_row[b + 128] =
            (uint16_t)odva_clip((b - qidx + 40) >> 1, 0, ODVA_PREDICTOR_SCALES - 1);
        predictor->class_row[b + 128] =
            (uint16_t)(ODVA_PREDICTOR_SCALES + scale_class * ODVA_PREDICTOR_LEVELS);
    }
}

int odva_symbol_predictor_init(struct odva_symbol_predictor *predictor, int basis)
{
    const size_t count = (size_t)basis * ODVA_TILE_PATCHES;

    ODVA_ASSERT(basis >= 1);
    predictor->around = malloc(odva_scan_around_size(basis) * sizeof(*predictor->around));
    predictor->magnitude = calloc(count + 2 * ODVA_SMOOTH_REACH + GROUP, 1);
    predictor->reordered[0] = malloc(2 * count * sizeof(*predictor->reordered[0]));
    if (!predictor->around || !predictor->magnitude || !predictor->reordered[0]) {
        odva_symbol_predictor_free(predictor);
        return ONEDVA_ERR_NOMEM;
    }
    predictor->reordered[1] = predictor->reordered[0] + count;
    set_tables(predictor);
    set_qidx(predictor, 0);
    return ONEDVA_OK;
}

void odva_symbol_predictor_free(struct odva_symbol_predictor *predictor)
{
    free(predictor->around);
    free(predictor->magnitude);
    free(predictor->reordered[0]);
    predictor->around = NULL;
    predictor->magnitude = NULL;
    predictor->reordered[0] = NULL;
}

static uint64_t weight_field(int d, int weight)
{
    return (uint64_t)(weight + ODVA_WEIGHT_OFFSET) << ODVA_WEIGHT_SHIFT(d);
}

/* What a weight that begins so is stored less: it may change by 16383 before it counts as large. */
static int anchor_of(int row, int weight)
{
    return row < ODVA_PREDICTOR_SCALES ? odva_clip(weight, -16383, 16383) : 0;
}

void odva_symbol_predictor_start_layer(struct odva_symbol_predictor *predictor,
                                       const struct odva_model_tables *tables)
{
    predictor->tables = tables;
    for (int g = 0; g < ODVA_SCAN_GROUPS; g++)
        predictor->carry[0][g] = predictor->carry[1][g] = NO_CARRY;
    memset(predictor->anchor, 0, sizeof(predictor->anchor));
    for (int row = 0; row < ODVA_PREDICTOR_WEIGHTS; row++) {
        uint64_t weight = 0;
        for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
            const int w = tables->symbol_weight[row][d], anchor = anchor_of(row, w);
            weight |= weight_field(d, w - anchor);
            if (row < ODVA_PREDICTOR_SCALES)
                predictor->anchor[row] += (uint64_t)anchor << ODVA_WEIGHT_SHIFT(d);
        }
        predictor->weight[row] = weight;
    }
}

static void clip_row(struct odva_symbol_predictor *predictor, int row)
{
    uint64_t clipped = 0;

    for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
        const int anchor = anchor_of(row, predictor->tables->symbol_weight[row][d]);
        const int field = (int)(predictor->weight[row] >> ODVA_WEIGHT_SHIFT(d) & ODVA_WEIGHT_MASK);
        const int weight =
            odva_clip(field - ODVA_WEIGHT_OFFSET + anchor, -WEIGHT_LIMIT, WEIGHT_LIMIT);
        clipped |= weight_field(d, weight - anchor);
    }
    predictor->weight[row] = clipped;
}

void odva_symbol_clip_weights(struct odva_symbol_predictor *predictor,
                              const struct odva_symbol_features *features)
{
    for (int f = 0; f < ODVA_PREDICTOR_FEATURES; f++)
        clip_row(predictor, (int)(features->row[f] - predictor->weight));
}

/* What the tile beside has of coefficients first .. end-1, in this tile's scan. */
static const int16_t *ratios_beside(struct odva_symbol_predictor *predictor,
                                    struct odva_latents *latents, int side, int other, int first,
                                    int end)
{
    const struct odva_latent_tile *tile = &latents->tiles[other];
    int16_t *ratio = latents->ratio + tile->offset;
    int16_t *reordered = predictor->reordered[side];
    struct odva_scan_mapping mapping;

    if (tile->scan == predictor->scan) {
        for (int i = tile->shown; i < end; i++)
            ratio[i] = ODVA_NOTHING_BESIDE;
        return ratio;
    }
    odva_scan_map(&mapping, predictor->scan, tile->scan);
    for (int i = first; i < end; i++) {
        const int j = odva_scan_mapped(&mapping, i);
        reordered[i] = j >= tile->shown ? ODVA_NOTHING_BESIDE : ratio[j];
    }
    return reordered;
}

static const int16_t *nothing_beside(int16_t *ratio, int first, int end)
{
    for (int i = first; i < end; i++)
        ratio[i] = ODVA_NOTHING_BESIDE;
    return ratio;
}

/* The tile beside the middle of a tile's left or upper side, -1: none that is predicted as it is.
 */
static int tile_beside(const struct odva_latents *latents, int index, int side)
{
    const struct odva_grid *grid = &latents->grid;
    const struct odva_tile *tile = &grid->tiles[index];
    const int y = side ? tile->y0 - 1 : tile->y0 + (tile->ny - 1) / 2;
    const int x = side ? tile->x0 + (tile->nx - 1) / 2 : tile->x0 - 1;
    int other;

    if (y < 0 || x < 0)
        return -1;
    other = grid->tile_of[(size_t)y * grid->gx + x];
    return odva_tile_is_predicted(latents, other) == odva_tile_is_predicted(latents, index) ? other
                                                                                            : -1;
}

/* Running means begin with what the last tile's magnitudes were over their expectation. */
static void start_means(struct odva_symbol_predictor *predictor)
{
    const int16_t *carries = predictor->carry[predictor->is_predicted];
    const int first = -predictor->qidx - (predictor->is_predicted ? PREDICTED_CARRY : 0);

    for (int g = 0; g < ODVA_SCAN_GROUPS; g++) {
        const int carry = carries[g] == NO_CARRY ? first : carries[g];
        const int log = predictor->scan->prior[g] + carry;

        predictor->mean[g] = log < 0 ? 0 : predictor->power[odva_min(log, ODVA_CARRY_MOST)];
    }
}

void odva_symbol_predictor_start_tile(struct odva_symbol_predictor *predictor,
                                      struct odva_latents *latents, int tile, int first, int end)
{
    const struct odva_scan *scan = latents->tiles[tile].scan;
    const uint8_t *seen = latents->seen + latents->tiles[tile].offset;
    const int seen_count = latents->tiles[tile].seen_count;

    ODVA_ASSERT(tile >= 0 && tile < latents->grid.tile_count);
    ODVA_ASSERT(first >= 0 && first <= end);
    ODVA_ASSERT(end <= latents->tiles[tile].coefficients);
    if (latents->qidx != predictor->qidx)
        set_qidx(predictor, latents->qidx);
    predictor->is_predicted = odva_tile_is_predicted(latents, tile);
    predictor->scan = scan;
    predictor->entry = scan->entry;
    odva_scan_offsets(scan, predictor->offset);
    for (int side = 0; side < 2; side++) {
        const int other = tile_beside(latents, tile, side);
        predictor->beside[side] = other < 0
                                      ? nothing_beside(predictor->reordered[side], first, end)
                                      : ratios_beside(predictor, latents, side, other, first, end);
    }
    start_means(predictor);
    memset(predictor->around, 0, scan->around_count * sizeof(*predictor->around));
    memset(predictor->magnitude + ODVA_SMOOTH_REACH, 0, end > seen_count ? end : seen_count);
    for (int i = 0; i < seen_count; i++)
        if (seen[i] & ODVA_SEEN_MAGNITUDE)
            odva_symbol_show(predictor, i, seen[i] & ODVA_SEEN_MAGNITUDE);
    for (int i = 0; i < first; i++)
        odva_symbol_skip(predictor, i);
}

static uint64_t load_group(const uint8_t *magnitude)
{
    uint64_t group;

    memcpy(&group, magnitude, sizeof(group));
    return group;
}

/* Eight magnitudes weighted 1 1 1 3 1 1 1 along the scan; no byte of the sums carries. */
static void smooth_group(uint8_t sum[GROUP], const uint8_t *magnitude)
{
    uint64_t sums = 2 * load_group(magnitude + ODVA_SMOOTH_REACH);

    for (int i = 0; i <= 2 * ODVA_SMOOTH_REACH; i++)
        sums += load_group(magnitude + i);
    memcpy(sum, &sums, sizeof(sums));
}

/* Compare a tile's first magnitudes with their expectation, group by group. */
static void carry_means(struct odva_symbol_predictor *predictor, int count)
{
    int16_t *carry = predictor->carry[predictor->is_predicted];
    uint64_t expected[ODVA_SCAN_GROUPS] = {0};
    uint32_t sum[ODVA_SCAN_GROUPS] = {0};

    for (int i = 0; i < count; i++) {
        const struct odva_scan_entry *entry = &predictor->entry[i];
        const uint32_t e = predictor->expected[entry->scale + 128];
        const uint32_t m = predictor->magnitude[i + ODVA_SMOOTH_REACH];

        for (int g = 0; g < ODVA_SCAN_MEANS; g++) {
            expected[entry->group[g]] += e;
            sum[entry->group[g]] += m;
        }
    }
    for (int g = 0; g < ODVA_SCAN_GROUPS; g++)
        if (expected[g])
            carry[g] = (int16_t)(odva_log2_eighths(16 * (uint64_t)sum[g] + 4) - 32 -
                                 (odva_log2_eighths(expected[g]) - 128));
}

void odva_symbol_predictor_end_tile(struct odva_symbol_predictor *predictor,
                                    struct odva_latents *latents, int tile, int end)
{
    const struct odva_scan_entry *entry = latents->tiles[tile].scan->entry;
    int16_t *ratio = latents->ratio + latents->tiles[tile].offset;
    const int shown = latents->tiles[tile].shown, count = end > shown ? end : shown;
    uint8_t sum[GROUP];

    ODVA_ASSERT(tile >= 0 && tile < latents->grid.tile_count);
    ODVA_ASSERT(end >= 0 && end <= latents->tiles[tile].coefficients);
    carry_means(predictor, count);
    memset(predictor->magnitude + count + ODVA_SMOOTH_REACH, 0, ODVA_SMOOTH_REACH + GROUP);
    for (int i = 0; i < count; i += GROUP) {
        smooth_group(sum, predictor->magnitude + i);
        for (int j = 0; j < GROUP && i + j < count; j++)
            ratio[i + j] = (int16_t)(predictor->log_around[sum[j]] - entry[i + j].beside);
    }
    latents->tiles[tile].shown = count;
}
