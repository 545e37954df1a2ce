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

static inline void random_scan(struct random *random, struct onedva_model *model)
{
    struct odva_model_tables *tables = &model->tables;
    const int count = 256 * model->config.basis;

    for (int i = 0; i < count; i++)
        tables->scan_order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        const int j = random_below(random, i + 1);
        const int32_t other = tables->scan_order[j];
        tables->scan_order[j] = tables->scan_order[i];
        tables->scan_order[i] = other;
    }
    for (int i = 0; i < count; i++)
        tables->scan_scale[tables->scan_order[i]] =
            (int8_t)(40 - 120 * i / count + random_below(random, 9));
    for (int i = 0; i < 20; i++)
        tables->size_shift[i] = (int8_t)-random_below(random, 6);
}

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
    tables->scan_order = malloc(256 * basis * sizeof(*tables->scan_order));
    tables->scan_scale = malloc(256 * basis);
    assert_non_null(tables->scan_order);
    assert_non_null(tables->scan_scale);
    random_scan(&random, model);
    for (int size = 0; size < ODVA_TILE_SIZES; size++) {
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
    free(model->tables.scan_order);
    free(model->tables.scan_scale);
    free(model);
}

#endif
