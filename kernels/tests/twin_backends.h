/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Two backends that get the same calls: the C reference and that of a GPU. */
#ifndef ODVA_TWIN_BACKENDS_H
#define ODVA_TWIN_BACKENDS_H

#include <math.h>

#include <stdlib.h>
#include <string.h>

#include "base/bfloat16.h"
#include "tests/support/backend.h"
#ifdef ONEDVA_CHECKS
#include "kernels/checked_ops.h"
#endif

static struct odva_backend *backends[2]; /* the reference first */
static int has_rounded_numbers;          /* random ones are those that bfloat16 has */

/** Open both. @param device stays the caller's */
static inline void open_twins(struct odva_device *device, const struct onedva_logger *logger)
{
#ifdef ONEDVA_CHECKS
    odva_device_check_calls(device);
#endif
    backends[0] = backend_of(ONEDVA_BACKEND_CPU, 1, 1, ONEDVA_PRECISION_FLOAT32);
    assert_int_equal(odva_backend_open(&backends[1], device, test_threads(1), logger), ONEDVA_OK);
}

static inline void close_twins(void)
{
    odva_backend_close(&backends[0]);
    odva_backend_close(&backends[1]);
}

/** A buffer of each. */
struct twin {
    struct odva_buffer *of[2];
};

static inline struct twin twin_of(const void *data, size_t bytes)
{
    struct twin twin;

    for (int b = 0; b < 2; b++) {
        twin.of[b] = backends[b]->ops->alloc(backends[b], bytes);
        assert_non_null(twin.of[b]);
        assert_int_equal(backends[b]->ops->upload(backends[b], twin.of[b], 0, data, bytes),
                         ONEDVA_OK);
    }
    return twin;
}

static inline void twin_free(struct twin twin)
{
    for (int b = 0; b < 2; b++)
        if (twin.of[b])
            backends[b]->ops->free(backends[b], twin.of[b]);
}

static inline float *random_floats(struct random *random, int64_t count, float scale)
{
    float *data = malloc(count * sizeof(*data));

    assert_non_null(data);
    for (int64_t i = 0; i < count; i++)
        data[i] = (float)(random_unit(random) * 2 - 1) * scale;
    for (int64_t i = 0; has_rounded_numbers && i < count; i++)
        data[i] = odva_from_bfloat16(odva_to_bfloat16(data[i]));
    return data;
}

static inline struct twin twin_floats(struct random *random, int64_t count, float scale)
{
    float *data = random_floats(random, count, scale);
    const struct twin twin = twin_of(data, count * sizeof(*data));

    free(data);
    return twin;
}

static inline struct twin twin_rows(struct random *random, int count, int below)
{
    int32_t *rows = malloc(count * sizeof(*rows));
    struct twin twin;

    assert_non_null(rows);
    for (int i = 0; i < count; i++)
        rows[i] = random_below(random, below);
    twin = twin_of(rows, count * sizeof(*rows));
    free(rows);
    return twin;
}

/* All of a twin's bytes, to be freed. */
static inline void *twin_bytes(struct twin twin, int b, size_t *bytes)
{
    void *data;

    *bytes = backends[b]->ops->buffer_size(twin.of[b]);
    data = malloc(*bytes);
    assert_non_null(data);
    assert_int_equal(backends[b]->ops->download(backends[b], twin.of[b], 0, data, *bytes),
                     ONEDVA_OK);
    return data;
}

/* What no operator has written is the same in both, too. */
static inline void compare_floats_within(struct twin twin, double most, const char *what)
{
    size_t bytes;
    float *expected = twin_bytes(twin, 0, &bytes), *found = twin_bytes(twin, 1, &bytes);
    double worst = 0;

    for (size_t i = 0; i < bytes / sizeof(float); i++) {
        assert_true(isfinite(found[i]));
        worst = fmax(worst, fabs((double)found[i] - expected[i]));
    }
    if (worst > most)
        fail_msg("%s: error %g, of which %g are allowed", what, worst, most);
    free(expected);
    free(found);
}

/* @param tolerance of the largest number */
static inline void compare_floats(struct twin twin, double tolerance, const char *what)
{
    size_t bytes;
    float *expected = twin_bytes(twin, 0, &bytes);
    double largest = 0;

    for (size_t i = 0; i < bytes / sizeof(float); i++)
        largest = fmax(largest, fabs(expected[i]));
    free(expected);
    compare_floats_within(twin, tolerance * largest, what);
}

#endif
