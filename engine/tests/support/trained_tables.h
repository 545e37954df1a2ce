/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The tables of the built-in model that do not depend on the basis, for a model of random ones. */
#ifndef ODVA_TRAINED_TABLES_H
#define ODVA_TRAINED_TABLES_H

#include <string.h>

#include "model/model.h"
#include "tests/support/test.h"

static inline void use_trained_tables(struct onedva_model *model)
{
    struct odva_model_tables *tables = &model->tables;
    onedva_model *trained;

    assert_int_equal(onedva_model_open(&trained, NULL, NULL), ONEDVA_OK);
    memcpy(tables->length_cdf, trained->tables.length_cdf, sizeof(tables->length_cdf));
    memcpy(tables->symbol_weight, trained->tables.symbol_weight, sizeof(tables->symbol_weight));
    memcpy(tables->large_cdf, trained->tables.large_cdf, sizeof(tables->large_cdf));
    memcpy(tables->symbol_cdf, trained->tables.symbol_cdf, sizeof(tables->symbol_cdf));
    onedva_model_close(&trained);
}

#endif
