/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Paths that the bitstream can express come back; others never fold the picture. */
#include "motion/motion_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "motion/motion_paths.h"
#include "tests/support/random_motion.h"

#define STEP 3   /* of the points' and nodes' coefficients */
#define NEAR 0.6 /* samples beyond a picture for which its edge stands, and rounding */

/* An estimation of which only the result is there. */
static void estimation_init(struct odva_motion_estimation *e, int width, int height, int frames,
                            int spacing)
{
    const int columns = odva_mesh_nodes(width, spacing), rows = odva_mesh_nodes(height, spacing);

    *e = (struct odva_motion_estimation){
        .width = width, .height = height, .frames = frames, .spacing = spacing};
    e->mesh_memory = calloc((size_t)columns * rows * frames, sizeof(*e->mesh_memory));
    assert_non_null(e->mesh_memory);
    for (int t = 0; t < frames; t++)
        e->mesh[t] = (struct odva_displacement_mesh){.spacing = spacing,
                                                     .columns = columns,
                                                     .rows = rows,
                                                     .d = e->mesh_memory + t * columns * rows};
}

static struct odva_motion_precision precision_of(int mesh, int terms, int step)
{
    return (struct odva_motion_precision){.point_terms = ODVA_MAX_TERMS,
                                          .point_step = STEP,
                                          .mesh = mesh,
                                          .mesh_terms = terms,
                                          .mesh_step = step};
}

static int16_t (*frame_nodes(const struct odva_motion *motion, int t))[2]
{
    const size_t nodes = (size_t)odva_motion_columns(motion) * odva_motion_rows(motion);
    int16_t(*result)[2] = malloc(nodes * sizeof(*result));

    assert_non_null(result);
    odva_motion_nodes(motion, t, result);
    return result;
}

/* d(q + G)/dq at four places of each cell, close to its corners, by differences. */
static double least_jacobian(const struct odva_motion *motion)
{
    const int columns = odva_motion_columns(motion), rows = odva_motion_rows(motion);
    const double spacing = odva_motion_spacing(motion);
    double least = INFINITY;

    for (int t = 0; t < motion->frames; t++) {
        int16_t(*nodes)[2] = frame_nodes(motion, t);

        for (int j = 0; j + 1 < rows; j++) {
            for (int i = 0; i + 1 < columns; i++) {
                for (int corner = 0; corner < 4; corner++) {
                    const double u = corner & 1, v = corner >> 1;
                    double jacobian[2][2];

                    for (int k = 0; k < 2; k++) {
                        const double a = nodes[j * columns + i][k];
                        const double b = nodes[j * columns + i + 1][k];
                        const double c = nodes[(j + 1) * columns + i][k];
                        const double d = nodes[(j + 1) * columns + i + 1][k];

                        jacobian[k][0] =
                            (k == 0) + ((1 - v) * (b - a) + v * (d - c)) / (16 * spacing);
                        jacobian[k][1] =
                            (k == 1) + ((1 - u) * (c - a) + u * (d - b)) / (16 * spacing);
                    }
                    least = fmin(least,
                                 jacobian[0][0] * jacobian[1][1] - jacobian[0][1] * jacobian[1][0]);
                }
            }
        }
        free(nodes);
    }
    return least;
}

/* Where the picture's sample (x, y) comes to lie, by the bilinear map of its cell. */
static void place(const struct odva_motion *motion, const int16_t (*nodes)[2], int x, int y,
                  double at[2])
{
    const int columns = odva_motion_columns(motion), spacing = odva_motion_spacing(motion);
    const int i = x / spacing < columns - 1 ? x / spacing : columns - 2;
    const int j =
        y / spacing < odva_motion_rows(motion) - 1 ? y / spacing : odva_motion_rows(motion) - 2;
    const double u = (double)(x - i * spacing) / spacing, v = (double)(y - j * spacing) / spacing;
    const int16_t(*cell)[2] = nodes + j * columns + i;

    for (int k = 0; k < 2; k++)
        at[k] = (k ? y : x) + ((1 - v) * ((1 - u) * cell[0][k] + u * cell[1][k]) +
                               v * ((1 - u) * cell[columns][k] + u * cell[columns + 1][k])) /
                                  16;
}

/* The corners of the cells, cut off at the picture's edges, come to lie on the canvas, as far as
 * margins can be large enough. */
static void check_margins(const struct odva_motion *motion)
{
    const int spacing = odva_motion_spacing(motion);
    const int margin[4] = {motion->left, motion->top, motion->right, motion->bottom};

    for (int side = 0; side < 4; side++) {
        assert_in_range(margin[side], 0, ODVA_MAX_MARGIN);
        assert_int_equal(margin[side] % 2, 0);
    }
    for (int t = 0; t < motion->frames; t++) {
        int16_t(*nodes)[2] = frame_nodes(motion, t);

        for (int j = 0; j < odva_motion_rows(motion); j++) {
            for (int i = 0; i < odva_motion_columns(motion); i++) {
                const int x = i * spacing < motion->width ? i * spacing : motion->width;
                const int y = j * spacing < motion->height ? j * spacing : motion->height;
                double at[2];

                place(motion, (const int16_t(*)[2])nodes, x, y, at);
                assert_true(motion->left == ODVA_MAX_MARGIN || at[0] >= -motion->left - NEAR);
                assert_true(motion->top == ODVA_MAX_MARGIN || at[1] >= -motion->top - NEAR);
                assert_true(motion->right == ODVA_MAX_MARGIN ||
                            at[0] <= motion->width + motion->right + NEAR);
                assert_true(motion->bottom == ODVA_MAX_MARGIN ||
                            at[1] <= motion->height + motion->bottom + NEAR);
            }
        }
        free(nodes);
    }
}

/* What holds for every fit, whatever was estimated. */
static void check_fit(const struct odva_motion *motion)
{
    int16_t(*nodes)[2] = frame_nodes(motion, motion->reference);
    const int count = odva_motion_columns(motion) * odva_motion_rows(motion);

    for (int n = 0; n < count; n++)
        assert_true(nodes[n][0] == 0 && nodes[n][1] == 0);
    free(nodes);
    for (int k = 0; k < 2 * ODVA_MAX_TERMS; k++) {
        for (int i = 0; i < motion->points; i++)
            assert_in_range(motion->point[i].value[k] + ODVA_MAX_COEFFICIENT, 0,
                            2 * ODVA_MAX_COEFFICIENT);
        for (int n = 0; motion->spacing && n < count; n++)
            assert_in_range(motion->mesh[n].value[k] + ODVA_MAX_COEFFICIENT, 0,
                            2 * ODVA_MAX_COEFFICIENT);
    }
    assert_true(least_jacobian(motion) > 0);
    check_margins(motion);
}

/* The displacement of coefficients c at a step's size, in luma samples. */
static double path_at(const int *c, int terms, int step, int frames, int reference, int t)
{
    double sum = 0;

    for (int k = 0; k < terms; k++)
        sum += c[k] * (odva_motion_basis(frames, k, t) - odva_motion_basis(frames, k, reference)) /
               (double)ODVA_BASIS_UNIT;
    return sum * odva_motion_step(step) / 64;
}

/* Planted paths of a translation: the same coefficients. */
static void translations_come_back(void **state)
{
    struct odva_motion motion = {0};
    struct random random = {1};

    (void)state;
    for (int frames = 2; frames <= ONEDVA_MAX_CLIP_FRAMES; frames++) {
        const struct odva_motion_precision precision = precision_of(0, 0, 0);
        const int reference = random_below(&random, frames);
        int c[2][ODVA_MAX_TERMS];
        struct odva_motion_estimation e;

        estimation_init(&e, 200, 120, frames, 32);
        for (int k = 0; k < 2; k++)
            for (int term = 0; term < frames - 1; term++)
                c[k][term] = random_below(&random, 401) - 200;
        for (int t = 0; t < frames; t++)
            for (int k = 0; k < 2; k++)
                e.affine[t].c[0][k] = (float)path_at(c[k], frames - 1, STEP, frames, reference, t);
        assert_int_equal(odva_motion_fit(&motion, &e, 0, reference, &precision), ONEDVA_OK);
        assert_int_equal(motion.points, 1);
        assert_int_equal(motion.spacing, 0);
        for (int k = 0; k < 2; k++)
            for (int term = 0; term < frames - 1; term++)
                assert_int_equal(motion.point[0].value[k * ODVA_MAX_TERMS + term], c[k][term]);
        check_fit(&motion);
        free(e.mesh_memory);
    }
    odva_motion_free(&motion);
}

/* Each node has a random smooth path beside an affine motion of all: found within a step. */
static void meshes_come_back(void **state)
{
    struct odva_motion motion = {0};
    struct random random = {2};

    (void)state;
    for (int i = 0; i < 40; i++) {
        const int frames = 2 + i % 15, terms = frames - 1 < 5 ? frames - 1 : 5;
        const struct odva_motion_precision precision = precision_of(1, 5, STEP);
        const int reference = random_below(&random, frames), spacing = 16 << i % 4;
        const double unit = odva_motion_step(STEP) / 64.0;
        struct odva_motion_estimation e;
        int columns;

        estimation_init(&e, 100 + 7 * i, 60 + 5 * i, frames, spacing);
        columns = e.mesh[0].columns;
        for (int n = 0; n < columns * e.mesh[0].rows; n++) {
            for (int k = 0; k < 2; k++) {
                int c[ODVA_MAX_TERMS];

                for (int term = 0; term < terms; term++)
                    c[term] = random_below(&random, 5) - 2;
                c[0] += k ? n / columns : 20 + n % columns;
                for (int t = 0; t < frames; t++)
                    e.mesh[t].d[n][k] = (float)path_at(c, terms, STEP, frames, reference, t);
            }
        }
        assert_int_equal(odva_motion_fit(&motion, &e, 0, reference, &precision), ONEDVA_OK);
        assert_int_equal(motion.spacing, spacing);
        check_fit(&motion);
        for (int t = 0; t < frames; t++) {
            int16_t(*nodes)[2] = frame_nodes(&motion, t);

            /* a coefficient is off by its unit at most, and the basis is 2 at most */
            for (int n = 0; n < columns * e.mesh[0].rows; n++)
                for (int k = 0; k < 2; k++)
                    assert_true(fabs(nodes[n][k] / 16.0 - e.mesh[t].d[n][k]) <
                                1.0 / 16 + 2 * unit * terms);
            free(nodes);
        }
        free(e.mesh_memory);
    }
    odva_motion_free(&motion);
}

/* An affine motion, which four points express. */
static void affine_comes_back(void **state)
{
    const struct odva_motion_precision precision = precision_of(0, 0, 0);
    struct odva_motion_estimation e;
    struct odva_motion motion = {0};

    (void)state;
    estimation_init(&e, 352, 208, 16, 32);
    for (int t = 0; t < 16; t++)
        e.affine[t] = (struct odva_affine){{{1.5f * (t - 8), -0.5f * (t - 8)},
                                            {0.3f * (t - 8), 0.4f * (t - 8)},
                                            {-0.4f * (t - 8), 0.2f * (t - 8)}}};
    assert_int_equal(odva_motion_fit(&motion, &e, 0, 8, &precision), ONEDVA_OK);
    assert_int_equal(motion.points, 4);
    check_fit(&motion);
    for (int t = 0; t < 16; t++) {
        int16_t(*nodes)[2] = frame_nodes(&motion, t);

        for (int j = 0; j < odva_motion_rows(&motion); j++) {
            for (int i = 0; i < odva_motion_columns(&motion); i++) {
                const int16_t *node = nodes[j * odva_motion_columns(&motion) + i];
                float d[2];

                odva_affine_at(&e.affine[t], 352, 208, 64.0f * (float)i, 64.0f * (float)j, d);
                for (int k = 0; k < 2; k++)
                    assert_true(fabs(node[k] / 16.0 - d[k]) < 0.1);
            }
        }
        free(nodes);
    }
    free(e.mesh_memory);
    odva_motion_free(&motion);
}

/* No motion at all takes no points. */
static void stillness(void **state)
{
    struct odva_motion motion = {0};

    (void)state;
    for (int mesh = 0; mesh < 2; mesh++) {
        const struct odva_motion_precision precision = precision_of(mesh, 5, STEP);
        struct odva_motion_estimation e;

        estimation_init(&e, 50, 40, 7, 16);
        assert_int_equal(odva_motion_fit(&motion, &e, 0, 3, &precision), ONEDVA_OK);
        assert_int_equal(motion.points, 0);
        assert_int_equal(motion.left + motion.top + motion.right + motion.bottom, 0);
        check_fit(&motion);
        free(e.mesh_memory);
    }
    odva_motion_free(&motion);
}

/* Fields that jump from node to node, by a little or wildly: refused, or smoothed until nothing
 * folds. */
static void random_fields_do_not_fold(void **state)
{
    static const float sizes[] = {4, 12, 30, 100, 1000, 1e6f};
    struct odva_motion motion = {0};
    struct random random = {3};
    int fitted = 0;

    (void)state;
    for (int i = 0; i < 90; i++) {
        const int frames = 2 + random_below(&random, 15), reference = random_below(&random, frames);
        const struct odva_motion_precision precision =
            precision_of(i % 3 > 0, 1 + random_below(&random, 15), random_below(&random, 16));
        struct odva_motion_estimation e;
        int status;

        estimation_init(&e, 1 + random_below(&random, 200), 1 + random_below(&random, 120), frames,
                        16 << random_below(&random, 4));
        for (int t = 0; t < frames; t++) {
            for (int n = 0; t != reference && n < e.mesh[t].columns * e.mesh[t].rows; n++)
                for (int k = 0; k < 2; k++)
                    e.mesh[t].d[n][k] = sizes[i / 3 % 6] * (float)(2 * random_unit(&random) - 1);
            for (int m = 0; t != reference && m < 3; m++)
                for (int k = 0; k < 2; k++)
                    e.affine[t].c[m][k] = sizes[i / 3 % 6] * (float)(2 * random_unit(&random) - 1);
        }
        status = odva_motion_fit(&motion, &e, 0, reference, &precision);
        if (status != ONEDVA_ERR_UNSUPPORTED) {
            assert_int_equal(status, ONEDVA_OK);
            check_fit(&motion);
            fitted++;
        }
        free(e.mesh_memory);
    }
    assert_in_range(fitted, 10, 89);
    odva_motion_free(&motion);
}

/* The picture's right or lower edge lies between two nodes whose displacements differ. */
static void margins_hold_edges(void **state)
{
    struct odva_motion motion = {0};

    (void)state;
    for (int side = 33; side <= 64; side += 5) {
        for (int k = 0; k < 2; k++) {
            const struct odva_motion_precision precision = precision_of(1, 5, 0);
            struct odva_motion_estimation e;
            double edge[2];

            estimation_init(&e, k ? 32 : side, k ? side : 32, 2, 32);
            for (int n = 0; n < 6; n++)
                e.mesh[1].d[n][k] = (k ? n / 2 : n % 3) < 2 ? 13 : 0;
            assert_int_equal(odva_motion_fit(&motion, &e, 0, 0, &precision), ONEDVA_OK);
            check_fit(&motion);
            int16_t(*nodes)[2] = frame_nodes(&motion, 1);
            place(&motion, (const int16_t(*)[2])nodes, e.width, e.height, edge);
            /* about 13 samples beyond at the inner nodes, none at the outer ones */
            assert_true(fabs(edge[k] - side - 13 * (64 - side) / 32.0) < 1);
            free(nodes);
            free(e.mesh_memory);
        }
    }
    odva_motion_free(&motion);
}

/* Mirrored content cannot be expressed, with points or with a mesh. */
static void mirror_is_refused(void **state)
{
    struct odva_motion motion = {0};

    (void)state;
    for (int mesh = 0; mesh < 2; mesh++) {
        const struct odva_motion_precision precision = precision_of(mesh, 5, 0);
        struct odva_motion_estimation e;

        estimation_init(&e, 64, 64, 2, 32);
        e.affine[1].c[1][0] = -64;
        for (int n = 0; n < 9; n++)
            e.mesh[1].d[n][0] = 64.0f - 64.0f * (float)(n % 3);
        assert_int_equal(odva_motion_fit(&motion, &e, 0, 0, &precision), ONEDVA_ERR_UNSUPPORTED);
        free(e.mesh_memory);
    }
    odva_motion_free(&motion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(translations_come_back),    cmocka_unit_test(meshes_come_back),
        cmocka_unit_test(affine_comes_back),         cmocka_unit_test(stillness),
        cmocka_unit_test(random_fields_do_not_fold), cmocka_unit_test(margins_hold_edges),
        cmocka_unit_test(mirror_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
