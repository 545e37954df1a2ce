/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Node positions against the formulas of doc/bitstream.md, section 10, done anew. */
#include <math.h>
#include <stdlib.h>

#include "motion/motion_paths.h"
#include "tests/support/random_motion.h"

static const double pi = 3.14159265358979323846;

/* B[k](t) */
static double basis(int frames, int k, int t)
{
    const double v = k == 0 ? (2.0 * t - frames + 1) / (frames - 1)
                            : cos(pi * (2 * t + 1) * (k + 1) / (2.0 * frames));

    return floor(4096 * v + 0.5);
}

static void basis_of_every_length(void **state)
{
    (void)state;
    for (int frames = 2; frames <= 16; frames++) {
        for (int k = 0; k < frames - 1; k++) {
            for (int t = 0; t < frames; t++)
                assert_int_equal(odva_motion_basis(frames, k, t), (int)basis(frames, k, t));
        }
    }
}

static void steps(void **state)
{
    static const int wanted[16] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384};

    (void)state;
    for (int i = 0; i < 16; i++)
        assert_int_equal(odva_motion_step(i), wanted[i]);
}

static int64_t clip(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

/* The largest n with n * b <= a. */
static int64_t floor_of(int64_t a, int64_t b)
{
    int64_t n = (int64_t)((double)a / (double)b);

    while (n * b > a)
        n--;
    while ((n + 1) * b <= a)
        n++;
    return n;
}

/* d(t) of a path's component; all sums are exact in double. */
static int64_t path_displacement(const struct odva_motion *motion, const struct odva_path *path,
                                 int component, int terms, int s, int t)
{
    const double step = (2 + s % 2) * pow(2, s / 2);
    double sum = 0;

    for (int k = 0; k < terms; k++)
        sum += path->value[component * ODVA_MAX_TERMS + k] * step *
               (basis(motion->frames, k, t) - basis(motion->frames, k, motion->reference));
    return clip((int64_t)floor((sum + 512) / 1024), -(1 << 18), 1 << 18);
}

/* N of the node that stands at (x, y). */
static int node(const struct odva_motion *motion, int index, int64_t x, int64_t y, int c, int t)
{
    const int64_t w = motion->width, h = motion->height;
    int64_t d[4], g = 0, own = 0;

    for (int i = 0; i < motion->points; i++)
        d[i] = path_displacement(motion, &motion->point[i], c, motion->point_terms,
                                 motion->point_step, t);
    if (motion->points == 1)
        g = d[0];
    else if (motion->points == 4)
        g = floor_of((w - x) * (h - y) * d[0] + x * (h - y) * d[1] + (w - x) * y * d[2] +
                         x * y * d[3],
                     w * h);
    if (motion->spacing)
        own = path_displacement(motion, &motion->mesh[index], c, motion->mesh_terms,
                                motion->mesh_step, t);
    return (int)clip(floor_of(g + own + 8, 16), -16384, 16383);
}

static void check_nodes(const struct odva_motion *motion)
{
    const int spacing = motion->spacing ? motion->spacing : 64;
    const int columns = (int)ceil((double)motion->width / spacing) + 1;
    const int rows = (int)ceil((double)motion->height / spacing) + 1;
    int16_t(*nodes)[2] = malloc(columns * rows * sizeof(*nodes));

    assert_non_null(nodes);
    assert_int_equal(odva_motion_spacing(motion), spacing);
    assert_int_equal(odva_motion_columns(motion), columns);
    assert_int_equal(odva_motion_rows(motion), rows);
    for (int t = 0; t < motion->frames; t++) {
        odva_motion_nodes(motion, t, nodes);
        for (int i = 0; i < columns * rows; i++) {
            for (int c = 0; c < 2; c++) {
                const int x = spacing * (i % columns), y = spacing * (i / columns);
                assert_int_equal(nodes[i][c], node(motion, i, x, y, c, t));
                if (t == motion->reference)
                    assert_int_equal(nodes[i][c], 0);
            }
        }
    }
    free(nodes);
}

/* Every length, number of points and spacing; coefficients up to those that clip. */
static void nodes(void **state)
{
    static const int points[3] = {0, 1, 4};
    struct random random = {17};
    struct odva_motion motion = {0};

    (void)state;
    for (int frames = 2; frames <= 16; frames++) {
        for (int i = 0; i < 15 * 3; i++) {
            const int spacing = i / 3 % 5 ? 8 << i / 3 % 5 : 0;
            const int limit = i < 15 ? 100 : i < 30 ? ODVA_MAX_COEFFICIENT : 32767;
            motion.width = 1 + random_below(&random, 300);
            motion.height = 1 + random_below(&random, 300);
            random_motion(&random, &motion, frames, points[i % 3], spacing, limit);
            check_nodes(&motion);
        }
    }
    odva_motion_free(&motion);
}

/* Far nodes and the least and greatest pictures. */
static void extreme_pictures(void **state)
{
    static const int size[][2] = {{1, 1}, {65535, 1}, {1, 65535}, {65279, 700}, {128, 127}};
    struct random random = {18};
    struct odva_motion motion = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(size) / sizeof(*size); i++) {
        motion.width = size[i][0];
        motion.height = size[i][1];
        random_motion(&random, &motion, 3, 4, 128, 32767);
        for (int p = 0; p < 4; p++)
            motion.point[p].value[0] = p % 2 ? 32767 : -32768;
        motion.point_step = 15;
        check_nodes(&motion);
    }
    odva_motion_free(&motion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basis_of_every_length),
        cmocka_unit_test(steps),
        cmocka_unit_test(nodes),
        cmocka_unit_test(extreme_pictures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
