/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Runs a check on the CPU backend with each instruction set that works here. */
#ifndef ODVA_CPU_TESTS_EACH_VERSION_H
#define ODVA_CPU_TESTS_EACH_VERSION_H

#include <stdlib.h>

#include "kernels/cpu/operators.h"
#include "tests/support/backend.h"

static const char *const version_names[] = {"c",          "avx2",           "avx512", "avx512bf16",
                                            "avx512vnni", "avx512bf16vnni", "neon"};

#define VERSIONS (sizeof(version_names) / sizeof(version_names[0]))

/** @return NULL when that version does not run here */
static inline const struct odva_cpu_operators *version(const char *name)
{
    const struct odva_cpu_operators *operators;

    assert_int_equal(setenv("ONEDVA_CPU", name, 1), 0);
    operators = odva_cpu_operators_choose(0, ONEDVA_PRECISION_BFLOAT16, NULL);
    unsetenv("ONEDVA_CPU");
    return operators;
}

static inline void each_operators(void (*check)(const struct odva_cpu_operators *operators))
{
    for (size_t i = 0; i < VERSIONS; i++)
        if (version(version_names[i]))
            check(version(version_names[i]));
}

static inline void each_version(void (*check)(struct odva_backend *backend, const char *name))
{
    for (size_t i = 0; i < VERSIONS; i++) {
        struct odva_backend *backend = backend_of_cpu(version_names[i], 2, 0);

        if (!backend)
            continue;
        check(backend, version_names[i]);
        odva_backend_close(&backend);
    }
}

/* The main function of a test program whose one test runs check with each version. */
#define EACH_VERSION_MAIN(check)                                                                   \
    static void definition(void **state)                                                           \
    {                                                                                              \
        (void)state;                                                                               \
        each_version(check);                                                                       \
    }                                                                                              \
                                                                                                   \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {                                                        \
            cmocka_unit_test(definition),                                                          \
        };                                                                                         \
                                                                                                   \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

#endif
