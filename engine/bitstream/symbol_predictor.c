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
static const int16_t *log_beside(struct odva_symbol_predictor *predictor,
                                 struct odva_latents *latents, int side, int other, int first,
                                 int end)
{
    const struct odva_latent_tile *tile = &latents->tiles[other];
    const struct odva_scan *scan = predictor->scan;
    int16_t *log_smooth = latents->log_smooth + tile->offset;
    int16_t *reordered = predictor->reordered[side];

    if (tile->scan == scan) {
        for (int i = tile->shown; i < end; i++)
            log_smooth[i] = ODVA_NOTHING_BESIDE;
        return log_smooth;
    }
    for (int i = first; i < end; i++) {
        const int j = tile->scan->rank[scan->full[i]];
        reordered[i] = j < 0 || j >= tile->shown ? ODVA_NOTHING_BESIDE : log_smooth[j];
    }
    return reordered;
}

static const int16_t *nothing_beside(int16_t *logs, int first, int end)
{
    for (int i = first; i < end; i++)
        logs[i] = ODVA_NOTHING_BESIDE;
    return logs;
}

void odva_symbol_predictor_start_tile(struct odva_symbol_predictor *predictor,
                                      struct odva_latents *latents, int tile, int first, int end)
{
    const struct odva_tile *place = &latents->grid.tiles[tile];
    const struct odva_scan *scan = latents->tiles[tile].scan;
    const uint8_t *seen = latents->seen + latents->tiles[tile].offset;
    const int seen_count = latents->tiles[tile].seen_count;

    ODVA_ASSERT(tile >= 0 && tile < latents->grid.tile_count);
    ODVA_ASSERT(first >= 0 && first <= end);
    ODVA_ASSERT(end <= latents->tiles[tile].coefficients);
    if (latents->qidx != predictor->qidx)
        set_qidx(predictor, latents->qidx);
    predictor->scan = scan;
    predictor->entry = scan->entry;
    odva_scan_offsets(scan, predictor->offset);
    for (int side = 0; side < 2; side++) {
        const int has = side ? place->y0 > 0 : place->x0 > 0;
        const int other = tile - (side ? latents->grid.tiles_x : 1);
        predictor->beside[side] = has ? log_beside(predictor, latents, side, other, first, end)
                                      : nothing_beside(predictor->reordered[side], first, end);
    }
    memset(predictor->mean, 0, sizeof(predictor->mean));
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

void odva_symbol_predictor_end_tile(struct odva_symbol_predictor *predictor,
                                    struct odva_latents *latents, int tile, int end)
{
    ODVA_ASSERT(tile >= 0 && tile < latents->grid.tile_count);
    ODVA_ASSERT(end >= 0 && end <= latents->tiles[tile].coefficients);
    int16_t *log_smooth = latents->log_smooth + latents->tiles[tile].offset;
    const int shown = latents->tiles[tile].shown, count = end > shown ? end : shown;
    uint8_t sum[GROUP];

    memset(predictor->magnitude + count + ODVA_SMOOTH_REACH, 0, ODVA_SMOOTH_REACH + GROUP);
    for (int i = 0; i < count; i += GROUP) {
        smooth_group(sum, predictor->magnitude + i);
        for (int j = 0; j < GROUP && i + j < count; j++)
            log_smooth[i + j] = predictor->log_around[sum[j]];
    }
    latents->tiles[tile].shown = count;
}
