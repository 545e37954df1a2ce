/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The noise generator: published vectors, numpy's figures, and its statistics. */
#include <string.h>

#include "base/noise.h"
#include "base/strict_math.h"
#include "tests/support/golden.h"
#include "xxhash.h"

#define SEED  UINT64_C(0x0123456789ABCDEF)
#define COUNT (1 << 20)

/* From the kat_vectors file of Random123. */
static void known_answers(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        uint32_t out[4];

        odva_philox(vectors[i].counter, vectors[i].key, out);
        assert_memory_equal(out, vectors[i].out, sizeof(out));
    }
}

static void same_as_numpy(void **state)
{
    struct golden golden;
    float *expected, found[4096];

    (void)state;
    golden_open(&golden, GOLDEN "clips.safetensors");
    expected = golden_floats(&golden, "pictures.", "noise");
    odva_noise_fill(found, 0, 4096, SEED, 0);
    assert_close(found, expected, 4096, 1e-7, "noise");
    free(expected);
    golden_close(&golden);
}

/* Any cut of the sequence gives the same numbers, also beyond 2^32 samples. */
static void random_access(void **state)
{
    const uint64_t first = (UINT64_C(1) << 34) - 64;
    float whole[256], part[64];

    (void)state;
    odva_noise_fill(whole, first, 256, SEED, 3);
    for (int i = 0; i < 256; i += 64) {
        odva_noise_fill(part, first + i, 64, SEED, 3);
        assert_memory_equal(part, whole + i, sizeof(part));
    }
    odva_noise_fill(part, first, 64, SEED, 4);
    assert_memory_not_equal(part, whole, sizeof(part));
    odva_noise_fill(part, first, 64, SEED + (UINT64_C(1) << 32), 3);
    assert_memory_not_equal(part, whole, sizeof(part));
}

static void statistics(void **state)
{
    float *noise = malloc(COUNT * sizeof(*noise));
    double sum = 0, squares = 0, fourth = 0, neighbours = 0;
    int beyond = 0;

    (void)state;
    assert_non_null(noise);
    odva_noise_fill(noise, 0, COUNT, 42, 0);
    for (int i = 0; i < COUNT; i++) {
        const double v = noise[i];

        sum += v;
        squares += v * v;
        fourth += v * v * v * v;
        neighbours += v * noise[i ^ 1];
        beyond += fabs(v) > 1.959964;
    }
    assert_true(fabs(sum / COUNT) < 0.005);
    assert_true(fabs(squares / COUNT - 1) < 0.01);
    assert_true(fabs(fourth / COUNT - 3) < 0.06);
    assert_true(fabs(neighbours / COUNT) < 0.01);
    assert_true(fabs(beyond / (double)COUNT - 0.05) < 0.002);
    free(noise);
}

/* The hash was made by gcc -O2; another compiler or level that gives another one is wrong. */
/* The hash is that of little-endian floats. */
static void same_bits_everywhere(void **state)
{
    float *noise = malloc(COUNT * sizeof(*noise));

    (void)state;
    assert_non_null(noise);
    odva_noise_fill(noise, 0, COUNT, SEED, 0);
    for (int i = 0; i < COUNT; i++) {
        const uint32_t bits = odva_float_to_bits(noise[i]);

        for (int byte = 0; byte < 4; byte++)
            ((uint8_t *)&noise[i])[byte] = (uint8_t)(bits >> 8 * byte);
    }
    assert_int_equal(XXH64(noise, COUNT * sizeof(*noise), 0), UINT64_C(0xc0eb2714ec10f8b2));
    free(noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),        cmocka_unit_test(same_as_numpy),
        cmocka_unit_test(random_access),        cmocka_unit_test(statistics),
        cmocka_unit_test(same_bits_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
