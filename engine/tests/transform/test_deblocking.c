/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tests/support/test.h"
#include "transform/deblocking.h"

static void limit_doubles_every_13_indices(void **state)
{
    (void)state;
    assert_int_equal(odva_deblocking_limit(-128), 0);
    assert_int_equal(odva_deblocking_limit(-6), 26);
    assert_int_equal(odva_deblocking_limit(5), 48);
    assert_int_equal(odva_deblocking_limit(15), 84);
    assert_int_equal(odva_deblocking_limit(127), 1020);
    for (int qidx = -128; qidx < 127; qidx++)
        assert_true(odva_deblocking_limit(qidx) <= odva_deblocking_limit(qidx + 1));
    for (int qidx = -20; qidx < 45; qidx++)
        assert_in_range(odva_deblocking_limit(qidx + 13) - 2 * odva_deblocking_limit(qidx), 0, 1);
}

static void step_limit_is_five_sixteenths_of_it(void **state)
{
    (void)state;
    assert_int_equal(odva_deblocking_step_limit(-64), 0);
    assert_int_equal(odva_deblocking_step_limit(-35), 2);
    assert_int_equal(odva_deblocking_step_limit(-15), 5);
    assert_int_equal(odva_deblocking_step_limit(5), 15);
    assert_int_equal(odva_deblocking_step_limit(15), 26);
    assert_int_equal(odva_deblocking_step_limit(127), 319);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_doubles_every_13_indices),
        cmocka_unit_test(step_limit_is_five_sixteenths_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
