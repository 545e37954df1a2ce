/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A model of valid random tables and no weights, for what needs no pixels. */
#ifndef ODVA_RANDOM_MODEL_H
#define ODVA_RANDOM_MODEL_H

#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "tests/support/test.h"

/* How many vectors each detail has of each band, basis in all of the last one. */
static inline void random_bands(struct random *random, struct odva_bands bands[ODVA_DETAILS],
                                int basis)
{
    struct odva_bands *all = &bands[ODVA_DETAILS - 1];

    for (all->basis = 0; all->basis < basis;) {
        const int b = random_below(random, 1 + random_below(random, ODVA_BANDS));

        if (all->count[b] == ODVA_FRAME_SAMPLES)
            continue;
        all->count[b]++;
        all->basis++;
    }
    for (int d = ODVA_DETAILS - 2; d >= 0; d--) {
        bands[d].basis = 0;
        for (int b = 0; b < ODVA_BANDS; b++) {
            bands[d].count[b] = random_below(random, bands[d + 1].count[b] + 1);
            bands[d].basis += bands[d].count[b];
        }
        if (bands[d].basis == 0)
            bands[d] = bands[d + 1];
    }
}

/* Tables of one size: scales fall as keys do, of which some are the same. */
static inline void random_scan(struct random *random, struct odva_model_tables *tables, int size,
                               int basis)
{
    const int count = basis * ODVA_TILE_FRAMES << 2 * size;

    tables->scan_key[size] = malloc(count);
    tables->scan_scale[size] = malloc(count);
    assert_non_null(tables->scan_key[size]);
    assert_non_null(tables->scan_scale[size]);
    for (int i = 0; i < count; i++) {
        const int key = random_below(random, 256);

        tables->scan_key[size][i] = (uint8_t)key;
        tables->scan_scale[size][i] = (int8_t)(120 * key / 256 - 80 + random_below(random, 9));
    }
}

/* @param basis K of the last detail */
static inline struct onedva_model *random_model_new(uint64_t seed, int basis)
{
    struct random random = {seed};
    struct onedva_model *model = calloc(1, sizeof(*model));
    struct odva_model_tables *tables;

    assert_non_null(model);
    model->id = random_u64(&random);
    model->config.basis = basis;
    strcpy(model->name, "random");
    tables = &model->tables;
    random_bands(&random, tables->bands, basis);
    for (int i = 0; i < 20; i++)
        tables->size_shift[i] = (int8_t)-random_below(&random, 6);
    for (int size = 0; size < ODVA_TILE_SIZES; size++) {
        random_scan(&random, tables, size, basis);
        for (int p = 0; p < ODVA_LENGTH_CLASSES; p++)
            random_cdf(&random, tables->length_cdf[size][p], ODVA_LENGTH_CLASSES, 2);
    }
    for (int i = 0; i < ODVA_PREDICTOR_WEIGHTS; i++) {
        for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++)
            tables->symbol_weight[i][d] = (int16_t)(random_below(&random, 6001) - 3000);
    }
    for (int c = 0; c < ODVA_LARGE_CONTEXTS; c++)
        random_cdf(&random, tables->large_cdf[c], ODVA_LARGE_SYMBOLS, 1 + c % 4);
    for (int c = 0; c < ODVA_SYMBOL_CLASSES; c++) {
        for (int a = 0; a < ODVA_SYMBOL_ACTIVITIES; a++) {
            for (int n = 0; n < ODVA_SYMBOL_NEIGHBOURS; n++)
                random_cdf(&random, tables->symbol_cdf[c][a][n], ODVA_SYMBOLS, 1 + c % 4);
        }
        for (int l = 0; l < 3; l++)
            tables->dequant_delta[c][l] = (uint8_t)random_below(&random, 64);
    }
    return model;
}

static inline void random_model_free(struct onedva_model *model)
{
    for (int size = 0; size < ODVA_TILE_SIZES; size++) {
        free(model->tables.scan_key[size]);
        free(model->tables.scan_scale[size]);
    }
    free(model);
}

#endif
