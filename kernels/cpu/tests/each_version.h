/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Runs a check on the CPU backend with each instruction set that works here. */
#ifndef ODVA_CPU_TESTS_EACH_VERSION_H
#define ODVA_CPU_TESTS_EACH_VERSION_H

#include <stdlib.h>

#include "../../../engine/tests/test.h"
#include "backend.h"
#include "cpu/operators.h"

static void each_version(void (*check)(struct odva_backend *backend, const char *name))
{
    static const char *const names[] = {"c", "avx2", "avx512", "avx512bf16"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct odva_backend *backend;

        assert_int_equal(setenv("ONEDVA_CPU", names[i], 1), 0);
        if (odva_cpu_operators_choose(0)) {
            assert_int_equal(odva_backend_open(&backend, ONEDVA_BACKEND_CPU, 2, 0, NULL),
                             ONEDVA_OK);
            check(backend, names[i]);
            odva_backend_close(&backend);
        }
        unsetenv("ONEDVA_CPU");
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
