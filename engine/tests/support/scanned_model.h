/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A group of tests with the committed test model, its scans and a backend. */
#ifndef ODVA_SCANNED_MODEL_H
#define ODVA_SCANNED_MODEL_H

#include "bitstream/scan.h"
#include "tests/support/backend.h"
#include "tests/support/test_clip.h"

static onedva_model *model;
static struct odva_scan_cache *scans;

static inline int open_model(void **state)
{
    model = open_test_model();
    scans = odva_scan_cache_of(model);
    assert_non_null(scans);
    return open_backend(state);
}

static inline int close_model(void **state)
{
    onedva_model_close(&model);
    return close_backend(state);
}

#endif
