/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Own functions against the C library's, and bits that every compiler has to give. */
#include <math.h>

#include "base/strict_math.h"
#include "tests/support/test.h"
#include "xxhash.h"

#define COUNT 200000

static double between(struct random *random, double low, double high)
{
    return low + (high - low) * random_unit(random);
}

static void check(const char *name, double x, double found, double expected, double error)
{
    if (!(fabs(found - expected) <= error))
        fail_msg("%s(%.17g) is %.17g, not %.17g", name, x, found, expected);
}

static void accuracy(void **state)
{
    struct random random = {1};

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        double x = between(&random, -700, 700);

        check("exp", x, odva_exp(x), exp(x), exp(x) * 0x1p-50);
        x = between(&random, -1e5, 1e5);
        check("sin", x, odva_sin(x), sin(x), 0x1p-50);
        check("cos", x, odva_cos(x), cos(x), 0x1p-50);
        x = between(&random, -7, 7);
        check("sin", x, odva_sin(x), sin(x), 0x1p-51);
        check("cos", x, odva_cos(x), cos(x), 0x1p-51);
        x = exp(between(&random, -50, 50));
        check("ln", x, odva_ln(x), log(x), fmax(fabs(log(x)), 1) * 0x1p-50);
        x = between(&random, 0.5, 2);
        check("ln", x, odva_ln(x), log(x), 0x1p-50);
    }
}

static void float_exponential(void **state)
{
    struct random random = {2};

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        const float x = (float)between(&random, -87, 88);

        check("expf", x, odva_expf(x), exp(x), exp(x) * 3e-7);
    }
    assert_true(odva_expf(0.0f) == 1.0f);
    assert_true(odva_expf(-1e30f) == odva_expf(-87.0f));
    assert_true(odva_expf(1e30f) == odva_expf(88.0f));
    assert_true(isfinite(odva_expf(1e30f)));
}

static void eighths(void **state)
{
    (void)state;
    for (int n = -256; n <= 256; n++)
        check("exp2_eighths", n, odva_exp2_eighths(n), exp2(n / 8.0), exp2(n / 8.0) * 0x1p-24);
    assert_true(odva_exp2_eighths(-64) == 0x1p-8f);
    assert_true(odva_exp2_eighths(24) == 8.0f);
}

/* The hash was made by gcc -O2; another compiler or level that gives another one is wrong. */
static void same_bits_everywhere(void **state)
{
    struct random random = {3};
    XXH64_hash_t hash = 0;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        const double x = between(&random, -80, 80);
        const double values[4] = {odva_exp(x), odva_sin(x), odva_cos(x), odva_ln(fabs(x) + 1e-9)};
        const float value = odva_expf((float)x);

        hash = XXH64(values, sizeof(values), hash);
        hash = XXH64(&value, sizeof(value), hash);
    }
    assert_int_equal(hash, UINT64_C(0x76a7b63c6a805f30));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy),
        cmocka_unit_test(float_exponential),
        cmocka_unit_test(eighths),
        cmocka_unit_test(same_bits_everywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
