/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The built-in model, for all tests of a group. */
#ifndef ODVA_TEST_BUILT_IN_MODEL_H
#define ODVA_TEST_BUILT_IN_MODEL_H

#include "onedva/onedva.h"
#include "tests/support/test.h"

static onedva_model *model;

static int open_model(void **state)
{
    (void)state;
    return onedva_model_open(&model, NULL, NULL);
}

static int close_model(void **state)
{
    (void)state;
    onedva_model_close(&model);
    return 0;
}

#endif
