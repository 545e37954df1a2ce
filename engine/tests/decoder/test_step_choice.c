/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decoder/step_choice.h"
#include "tests/support/test.h"

/* A machine that takes so many seconds a second of video for no step and for each one. */
static int decide(double base, double step, double first)
{
    struct odva_step_choice choice = {0};

    for (int i = 0; i < 20; i++) {
        const int steps = odva_step_choice_steps(&choice);
        const double video = i % 2 ? 0.64 : 0.16;
        const double slow = i == 0 ? first : 1;
        const int decided =
            odva_step_choice_note(&choice, slow * video * (base + steps * step), video);

        assert_int_equal(decided, i == ODVA_STEP_CHOICE_CLIPS - 1);
        if (i < ODVA_STEP_CHOICE_CLIPS)
            assert_true(steps <= 1);
    }
    return odva_step_choice_steps(&choice);
}

static void as_many_as_keep_up(void **state)
{
    (void)state;
    assert_int_equal(decide(0.1, 0.09, 1), 6);
    assert_int_equal(decide(0.1, 0.31, 1), 1);
    assert_int_equal(decide(0.1, 0.29, 1), 2);
    assert_int_equal(decide(0.1, 0.7, 1), 0);
    assert_int_equal(decide(3, 5, 1), 0);
    assert_int_equal(decide(0.001, 0.001, 1), ODVA_STEP_CHOICE_MOST);
}

/* The first clip allocates and packs: it may be slow. */
static void first_clip_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(decide(0.1, 0.09, 50), 6);
}

/* Clocks are coarse and machines busy: a decode with a step can seem to take less than one without.
 */
static void a_step_that_seems_free(void **state)
{
    struct odva_step_choice choice = {0};

    (void)state;
    odva_step_choice_note(&choice, 0.1, 1);
    odva_step_choice_note(&choice, 0.1, 1);
    assert_int_equal(odva_step_choice_note(&choice, 0.2, 1), 1);
    assert_int_equal(odva_step_choice_steps(&choice), ODVA_STEP_CHOICE_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_keep_up),
        cmocka_unit_test(first_clip_does_not_count),
        cmocka_unit_test(a_step_that_seems_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
