/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "symbol_predictor.h"

#include <stdlib.h>
#include <string.h>

#include "onedva/onedva.h"

#define MEAN_SHIFT 4 /* running means forget 1/16 with each magnitude */

/* Rows of the features in weight: the scale, then scale class x level of each ratio. */
#define LEVEL_ROW(ratio)                                                                           \
    (ODVA_PREDICTOR_SCALES + (ratio)*ODVA_SYMBOL_CLASSES * ODVA_PREDICTOR_LEVELS)

int odva_symbol_predictor_init(struct odva_symbol_predictor *predictor, int basis)
{
    predictor->around = malloc(odva_scan_around_size(basis) * sizeof(*predictor->around));
    return predictor->around ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

void odva_symbol_predictor_free(struct odva_symbol_predictor *predictor)
{
    free(predictor->around);
    predictor->around = NULL;
}

void odva_symbol_predictor_start_layer(struct odva_symbol_predictor *predictor,
                                       const struct odva_model_tables *tables)
{
    memcpy(predictor->weight, tables->symbol_weight, sizeof(predictor->weight));
}

static void set_beside(struct odva_symbol_predictor *predictor, const struct odva_latents *latents,
                       int tile)
{
    const struct odva_grid *grid = &latents->grid;
    const int has[2] = {grid->tiles[tile].x0 > 0, grid->tiles[tile].y0 > 0};
    const int step[2] = {1, grid->tiles_x};

    for (int i = 0; i < 2; i++) {
        predictor->beside[i] = has[i] ? &latents->tiles[tile - step[i]] : NULL;
        predictor->smooth[i] = has[i] ? latents->smooth + predictor->beside[i]->offset : NULL;
    }
}

void odva_symbol_predictor_start_tile(struct odva_symbol_predictor *predictor,
                                      const struct odva_latents *latents, int tile, int first)
{
    const struct odva_scan *scan = latents->tiles[tile].scan;
    const int32_t *q = latents->q + latents->tiles[tile].offset;

    predictor->scan = scan;
    predictor->qidx = latents->qidx;
    odva_scan_offsets(scan, predictor->offset);
    set_beside(predictor, latents, tile);
    memset(predictor->mean, 0, sizeof(predictor->mean));
    memset(predictor->around, 0, scan->around_count * sizeof(*predictor->around));
    for (int i = 0; i < first; i++) {
        const int32_t level = q[i] < 0 ? -q[i] : q[i];
        odva_symbol_predictor_update(predictor, i, level < ODVA_ESCAPE ? level : ODVA_ESCAPE);
    }
}

/* Magnitudes weighted 1 1 1 3 1 1 1 along the scan, 0 beyond count. */
void odva_symbol_predictor_end_tile(struct odva_latents *latents, int tile, int count)
{
    const int32_t *q = latents->q + latents->tiles[tile].offset;
    uint8_t *smooth = latents->smooth + latents->tiles[tile].offset;
    uint8_t magnitude[7] = {0}; /* of i-3 .. i+3 */
    int sum = 0;

    for (int i = -3; i < count; i++) {
        const int32_t level = i + 3 >= count ? 0 : q[i + 3] < 0 ? -q[i + 3] : q[i + 3];
        sum -= magnitude[0];
        memmove(magnitude, magnitude + 1, 6);
        magnitude[6] = (uint8_t)(level < ODVA_ESCAPE ? level : ODVA_ESCAPE);
        sum += magnitude[6];
        if (i >= 0)
            smooth[i] = (uint8_t)(sum + 2 * magnitude[3]);
    }
    latents->tiles[tile].shown = count;
}

/* Level of value over what is expected of it, 2.5 to the octave. @param expected in 1/8 octaves */
static int ratio_level(uint32_t value, int expected, int qidx)
{
    const int level = ((odva_log2_eighths(value) - expected + qidx) * 5 >> 4) + 14;

    return level < 1 ? 1 : level > ODVA_PREDICTOR_LEVELS - 1 ? ODVA_PREDICTOR_LEVELS - 1 : level;
}

/* Level of what a tile beside has there, 0 where it has nothing. */
static int beside_level(const struct odva_symbol_predictor *predictor, int i, int side)
{
    const struct odva_latent_tile *tile = predictor->beside[side];
    const struct odva_scan *scan = predictor->scan;
    int j = i;

    if (!tile || tile->shown == 0)
        return 0;
    if (tile->scan != scan)
        j = tile->scan->rank[scan->entry[i].full];
    if (j < 0 || j >= tile->shown)
        return 0;
    return ratio_level(((uint32_t)predictor->smooth[side][j] << 4) + 1, scan->entry[i].beside,
                       predictor->qidx);
}

static int clip_int(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

void odva_symbol_features(const struct odva_symbol_predictor *predictor, int i,
                          struct odva_symbol_features *features)
{
    const struct odva_scan_entry *entry = &predictor->scan->entry[i];
    const int qidx = predictor->qidx;
    const int scale = predictor->scan->scale[i] - qidx + 40;
    const int scale_class = odva_scale_class(predictor->scan->scale[i], qidx);
    int level[ODVA_PREDICTOR_RATIOS];

    for (int g = 0; g < ODVA_SCAN_MEANS; g++)
        level[g] =
            entry->expected[g] == ODVA_NOTHING_EXPECTED
                ? 0
                : ratio_level(predictor->mean[entry->group[g]] + 16, entry->expected[g], qidx);
    level[ODVA_SCAN_MEANS] =
        entry->around_expected == ODVA_NOTHING_EXPECTED
            ? 0
            : ratio_level(((uint32_t)predictor->around[entry->around] << 4) + 1,
                          entry->around_expected, qidx);
    level[ODVA_SCAN_MEANS + 1] = beside_level(predictor, i, 0);
    level[ODVA_SCAN_MEANS + 2] = beside_level(predictor, i, 1);

    features->row[0] = (uint16_t)clip_int(scale >> 1, 0, ODVA_PREDICTOR_SCALES - 1);
    for (int r = 0; r < ODVA_PREDICTOR_RATIOS; r++)
        features->row[1 + r] =
            (uint16_t)(LEVEL_ROW(r) + scale_class * ODVA_PREDICTOR_LEVELS + level[r]);
}

void odva_symbol_predictor_update(struct odva_symbol_predictor *predictor, int i, int symbol)
{
    const struct odva_scan_entry *entry = &predictor->scan->entry[i];

    for (int g = 0; g < ODVA_SCAN_MEANS; g++) {
        uint32_t *mean = &predictor->mean[entry->group[g]];
        *mean += ((uint32_t)symbol << 8) - (*mean >> MEAN_SHIFT);
    }
    if (symbol == 0)
        return;
    for (int n = 0; n < ODVA_SCAN_OFFSETS; n++)
        predictor->around[entry->around + predictor->offset[n]] +=
            (uint16_t)(n < ODVA_SCAN_NEAREST ? 2 * symbol : symbol);
}
