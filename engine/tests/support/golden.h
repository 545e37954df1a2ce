/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What tools/train/make_golden.py wrote, its input formulas, and comparison. */
#ifndef ODVA_GOLDEN_H
#define ODVA_GOLDEN_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/mapped_file.h"
#include "model/safetensors.h"
#include "onedva/onedva.h"
#include "tests/support/test.h"

#define GOLDEN "engine/tests/golden/"

struct golden {
    struct odva_mapped_file file;
    struct odva_safetensors tensors;
};

static inline void golden_open(struct golden *golden, const char *path)
{
    struct odva_safetensors_error error;

    assert_int_equal(odva_mapped_file_open(&golden->file, path), 0);
    assert_int_equal(
        odva_safetensors_open(&golden->tensors, golden->file.data, golden->file.size, &error),
        ONEDVA_OK);
}

static inline void golden_close(struct golden *golden)
{
    odva_safetensors_close(&golden->tensors);
    odva_mapped_file_close(&golden->file);
}

static inline const struct odva_tensor *golden_find(const struct golden *golden, const char *prefix,
                                                    const char *name)
{
    const struct odva_tensor *tensor;
    char full[64];

    snprintf(full, sizeof(full), "%s%s", prefix, name);
    tensor = odva_safetensors_find(&golden->tensors, full);
    if (!tensor)
        fail_msg("no golden tensor %s", full);
    return tensor;
}

/* To be freed. */
static inline float *golden_floats(const struct golden *golden, const char *prefix,
                                   const char *name)
{
    const struct odva_tensor *tensor = golden_find(golden, prefix, name);
    float *data = malloc(tensor->count * sizeof(*data) + 1);

    assert_non_null(data);
    odva_tensor_read_floats(tensor, 0, tensor->count, data);
    return data;
}

/* To be freed. */
static inline int32_t *golden_ints(const struct golden *golden, const char *prefix,
                                   const char *name)
{
    const struct odva_tensor *tensor = golden_find(golden, prefix, name);
    int32_t *data = malloc(tensor->count * sizeof(*data) + 1);

    assert_non_null(data);
    for (int64_t i = 0; i < tensor->count; i++)
        data[i] = odva_tensor_int32(tensor, i);
    return data;
}

/* A hash of 32-bit numbers. */
static inline uint32_t golden_mix(uint32_t v)
{
    v = (v ^ v >> 16) * 0x7FEB352Du;
    v = (v ^ v >> 15) * 0x846CA68Bu;
    return v ^ v >> 16;
}

/* Number i of a stream, in [0, 1). */
static inline float golden_uniform(uint32_t stream, int64_t i)
{
    return (float)(golden_mix((uint32_t)i + stream * 0x9E3779B9u) >> 8) * 0x1p-24f;
}

/* A sample of frame t of plane p. */
static inline uint8_t golden_sample(int p, int t, int y, int x)
{
    int v = (x * 3 + y * 2 + t * 9 + p * 50) % 510;

    v = (v > 255 ? 510 - v : v) * 3 / 4;
    return (uint8_t)(v + (golden_mix(((p * 16 + t) * 1024 + y) * 1024 + x) >> 27));
}

/* Largest difference and root mean square difference, both relative to the expected numbers' own.
 */
static inline void assert_close(const float *found, const float *expected, int64_t count,
                                double tolerance, const char *what)
{
    double largest = 0, worst = 0, power = 0, error = 0;

    for (int64_t i = 0; i < count; i++) {
        const double d = fabs((double)found[i] - expected[i]);

        if (!(d <= 1e30))
            fail_msg("%s: number %lld is %g, not %g", what, (long long)i, found[i], expected[i]);
        largest = fmax(largest, fabs(expected[i]));
        worst = fmax(worst, d);
        power += (double)expected[i] * expected[i];
        error += d * d;
    }
    if (worst > tolerance * largest || error > tolerance * tolerance * power)
        fail_msg("%s: error %g of %g (largest), %g of %g (root mean square); allowed is %g of it",
                 what, worst, largest, sqrt(error / count), sqrt(power / count), tolerance);
    if (getenv("GOLDEN_VERBOSE"))
        print_message("%s: largest %.2g, rms %.2g\n", what, worst / largest, sqrt(error / power));
}

#endif
