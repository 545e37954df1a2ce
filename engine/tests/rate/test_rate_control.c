/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <math.h>

#include "rate/rate_control.h"
#include "tests/support/test.h"

/* A clip whose bits fall by a part with each quantiser index, down to a floor. */
struct content {
    double bits_at_zero, slope, floor;
};

static double bits_of(const struct content *content, int qidx)
{
    return fmax(content->floor, content->bits_at_zero * pow(content->slope, -qidx));
}

static double error_of(const struct content *content, int qidx, double budget)
{
    return fabs(log((bits_of(content, qidx) + 1) / (budget + 1)));
}

/* @return steps taken */
static int check_search(const struct content *content, double budget, int guess)
{
    struct odva_rate_search search;
    int steps = 0;

    odva_rate_search_start(&search, budget, guess);
    do {
        assert_in_range(search.next + 64, 0, 127);
        assert_true(++steps < 20);
    } while (odva_rate_search_step(&search, bits_of(content, search.next)));
    for (int qidx = ONEDVA_MIN_QIDX; qidx <= ONEDVA_MAX_QIDX; qidx++)
        assert_true(error_of(content, search.best, budget) <=
                    error_of(content, qidx, budget) + 1e-9);
    assert_true(search.best_bits == bits_of(content, search.best));
    return steps;
}

static void search_finds_nearest(void **state)
{
    struct random random = {1};

    (void)state;
    for (int run = 0; run < 20000; run++) {
        const struct content content = {exp2(4 + 14 * random_unit(&random)),
                                        1.03 + 0.1 * random_unit(&random),
                                        10 * random_unit(&random)};
        const double budget = exp2(20 * random_unit(&random));
        check_search(&content, budget, ONEDVA_MIN_QIDX + random_below(&random, 128));
    }
}

/* What is due may be less than a packet's header and motion take: nothing is left to its latents.
 */
static void search_of_no_budget_takes_the_fewest_bits(void **state)
{
    const struct content content = {10000, 1.09, 100};

    (void)state;
    for (int guess = ONEDVA_MIN_QIDX; guess <= ONEDVA_MAX_QIDX; guess++)
        check_search(&content, 0, guess);
}

/* Near a good guess, as from clip to clip, few indices are tried. */
static void search_is_short_near_guess(void **state)
{
    const struct content content = {10000, 1.09, 100};

    (void)state;
    for (int qidx = -30; qidx < 30; qidx++) {
        for (int guess = qidx - 2; guess <= qidx + 2; guess++)
            assert_true(check_search(&content, bits_of(&content, qidx), guess) <= 5);
    }
}

/* Whatever a clip over- or underspends comes back in the next ones. */
static void budgets_sum_to_bitrate(void **state)
{
    struct random random = {2};
    struct odva_rate_control control = {.bitrate = 1e6};
    double total = 0, seconds = 0;

    (void)state;
    for (int i = 0; i < 400; i++) {
        const double length = 0.1 + random_unit(&random);
        const double bits =
            odva_rate_control_budget(&control, length, 1) * (0.7 + 0.6 * random_unit(&random));
        odva_rate_control_spend(&control, length, bits);
        total += bits;
        seconds += length;
    }
    assert_true(fabs(total / (1e6 * seconds) - 1) < 0.02);
}

/* Key clips take five times the bits of others at one quantiser: they get what leads to nearly that
 * quantiser, and the rate is met. */
static void key_clips_get_more(void **state)
{
    struct random random = {4};
    struct odva_rate_control control = {.bitrate = 1e6, .predicts = 1};
    double total = 0, key_index = 0, inter_index = 0;
    const double length = 0.64;
    int keys = 0, clips = 0;

    (void)state;
    for (int i = 0; i < 16 * 30; i++) {
        const int is_key = i % 16 == 0;
        const double cost = (is_key ? 5e6 : 1e6) * length * (0.8 + 0.4 * random_unit(&random));
        const double bits = odva_rate_control_budget(&control, length, is_key);
        const double index = 10 * log(cost / bits);

        odva_rate_control_note_kind(&control, is_key, bits / length, index);
        odva_rate_control_spend(&control, length, bits);
        total += bits;
        clips++;
        if (i < 32)
            continue;
        *(is_key ? &key_index : &inter_index) += index;
        keys += is_key;
    }
    key_index /= keys;
    inter_index /= clips - 32 - keys;
    assert_true(fabs(total / (1e6 * length * clips) - 1) < 0.02);
    assert_true(key_index < inter_index + 5 && key_index > inter_index - 2);
}

/* Content that cannot use its budget does not save for ever. */
static void savings_are_bounded(void **state)
{
    struct odva_rate_control control = {.bitrate = 1000};

    (void)state;
    for (int i = 0; i < 1000; i++)
        odva_rate_control_spend(&control, 1, 10);
    assert_true(odva_rate_control_budget(&control, 1, 1) <= 4000);
    for (int i = 0; i < 1000; i++)
        odva_rate_control_spend(&control, 1, 100000);
    assert_true(odva_rate_control_budget(&control, 1, 1) >= 250);
}

/* Replays what clips take at their budgets against a buffer of its own. */
static void budgets_keep_to_the_buffer(void **state)
{
    struct random random = {3};
    struct odva_rate_control control = {
        .bitrate = 1e5, .max_rate = 1.2e5, .buffer_size = 1e5, .buffered = 9e4};
    double level = 9e4, total = 0, seconds = 0, taken;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        const double length = i % 50 < 25 ? 0.64 : 0.16;
        const double bits = odva_rate_control_budget(&control, length, 1);

        assert_true(fabs(odva_rate_control_most(&control) - level) < 1e-6);
        assert_true(bits < level);
        taken = bits * (0.8 + 0.2 * random_unit(&random));
        odva_rate_control_spend(&control, length, taken);
        level = fmin(1e5, level - taken + 1.2e5 * length);
        total += taken;
        seconds += length;
    }
    assert_true(fabs(total / seconds / 1e5 - 1) < 0.02);
}

static void no_buffer_is_no_limit(void **state)
{
    struct odva_rate_control control = {.bitrate = 1e5};

    (void)state;
    odva_rate_control_spend(&control, 1, 1e9);
    assert_true(isinf(odva_rate_control_most(&control)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_finds_nearest),
        cmocka_unit_test(search_of_no_budget_takes_the_fewest_bits),
        cmocka_unit_test(search_is_short_near_guess),
        cmocka_unit_test(budgets_sum_to_bitrate),
        cmocka_unit_test(savings_are_bounded),
        cmocka_unit_test(budgets_keep_to_the_buffer),
        cmocka_unit_test(no_buffer_is_no_limit),
        cmocka_unit_test(key_clips_get_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
