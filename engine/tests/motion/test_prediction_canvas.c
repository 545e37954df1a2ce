/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The prediction of canvases against section 10 of doc/bitstream.md as it is written there. */
#include "motion/prediction_canvas.h"

#include <stdlib.h>

#include "kernels/host_pictures.h"
#include "motion/motion_paths.h"
#include "tests/support/backend.h"
#include "tests/support/exact_arithmetic.h"
#include "tests/support/random_motion.h"
#include "tests/support/test_clip.h"

#define SPACING 16 /* of the canvas's nodes */

static int log2_of(int power)
{
    int result = 0;

    while (1 << result < power)
        result++;
    return result;
}

/* One axis of a place: the cell that it lies in and how far. */
static int cell_of(int64_t q, int spacing, int size, int64_t *within)
{
    const int64_t c = 256 * (int64_t)spacing;
    const int cells = (size + spacing - 1) / spacing;
    const int64_t x = clip(q, 0, c * cells);
    const int64_t i = x / c < cells - 1 ? x / c : cells - 1;

    *within = x - c * i;
    return (int)i;
}

/* N(q) */
static int64_t field_at(const struct odva_motion *motion, int16_t (*nodes)[2], const int64_t q[2],
                        int k)
{
    const int spacing = odva_motion_spacing(motion), columns = odva_motion_columns(motion);
    const int64_t c = 256 * (int64_t)spacing;
    int64_t fx, fy;
    const int i = cell_of(q[0], spacing, motion->width, &fx);
    const int j = cell_of(q[1], spacing, motion->height, &fy);
    int16_t(*n)[2] = nodes + j * columns + i;
    const int64_t sum = (c - fx) * (c - fy) * n[0][k] + fx * (c - fy) * n[1][k] +
                        (c - fx) * fy * n[columns][k] + fx * fy * n[columns + 1][k];

    return floor_divide(16 * sum + c * c / 2, 2 * log2_of((int)c));
}

/* The canvas's own node (i, j). */
static void node_of(const struct odva_motion *motion, int16_t (*nodes)[2], int i, int j,
                    int16_t node[2])
{
    const int64_t p[2] = {256 * (SPACING * i - motion->left), 256 * (SPACING * j - motion->top)};
    int64_t d[2] = {0, 0};

    for (int n = 0; n < 8; n++) {
        const int64_t q[2] = {p[0] - d[0], p[1] - d[1]};

        for (int k = 0; k < 2; k++)
            d[k] = field_at(motion, nodes, q, k);
    }
    for (int k = 0; k < 2; k++)
        node[k] = (int16_t)clip(floor_divide(8 - d[k], 4), -16384, 16383);
}

/* The reference picture seen through the canvas's nodes. */
static void definition(const struct odva_motion *motion, const struct clip *reference,
                       const struct clip *canvas)
{
    const int columns = (canvas->width + SPACING - 1) / SPACING + 1;
    const int rows = (canvas->height + SPACING - 1) / SPACING + 1;
    int16_t(*own)[2] = malloc(sizeof(*own) * columns * rows);
    int16_t(*nodes)[2] =
        malloc(sizeof(*nodes) * odva_motion_columns(motion) * odva_motion_rows(motion));
    const struct odva_warp warp = {
        .frames = 1,
        .width = canvas->width,
        .height = canvas->height,
        .source_width = motion->width,
        .source_height = motion->height,
        .left = -motion->left,
        .top = -motion->top,
        .log2_spacing = log2_of(SPACING),
        .columns = columns,
        .rows = rows,
    };

    assert_non_null(own);
    assert_non_null(nodes);
    odva_motion_path_nodes(motion, 0, nodes);
    for (int j = 0; j < rows; j++)
        for (int i = 0; i < columns; i++)
            node_of(motion, nodes, i, j, own[j * columns + i]);
    assert_int_equal(odva_host_warp(test_backend, canvas->picture, reference->const_picture, &warp,
                                    (const int16_t(*)[2])own, 8),
                     ONEDVA_OK);
    free(own);
    free(nodes);
}

static void assert_plane(const struct odva_canvas *found, const struct clip *expected, int p)
{
    for (int y = 0; y < plane_height(expected, p); y++)
        assert_memory_equal(found->picture[0].data[p] + y * found->picture[0].stride[p],
                            expected->picture[0].data[p] + y * expected->picture[0].stride[p],
                            plane_width(expected, p));
}

static void draw_noise(struct random *random, const struct clip *picture)
{
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < plane_height(picture, p); y++)
            for (int x = 0; x < plane_width(picture, p); x++)
                picture->picture[0].data[p][y * picture->picture[0].stride[p] + x] =
                    (uint8_t)random_below(random, 256);
}

static void check(struct random *random, struct odva_prediction_canvas *prediction,
                  const struct odva_motion *motion)
{
    const int width = motion->left + motion->width + motion->right;
    const int height = motion->top + motion->height + motion->bottom;
    struct clip reference, expected;

    clip_alloc(&reference, 1, motion->width, motion->height);
    clip_alloc(&expected, 1, width, height);
    draw_noise(random, &reference);
    definition(motion, &reference, &expected);
    assert_int_equal(
        odva_prediction_canvas_set(prediction, test_backend, reference.const_picture, motion),
        ONEDVA_OK);
    assert_int_equal(prediction->canvas.frames, 1);
    assert_int_equal(prediction->canvas.width, width);
    assert_int_equal(prediction->canvas.height, height);
    for (int p = 0; p < 3; p++)
        assert_plane(&prediction->canvas, &expected, p);
    clip_free(&reference);
    clip_free(&expected);
}

/* Motions of every kind, some of them so large that nothing converges. */
static void random_motions(void **state)
{
    struct odva_prediction_canvas prediction = {0};
    struct odva_motion motion = {0};
    struct random random = {1};

    (void)state;
    for (int run = 0; run < 60; run++) {
        const int points = run % 3 == 2 ? 4 : run % 3, spacing = run % 5 ? 8 << run % 5 : 0;
        const int frames = 1 + random_below(&random, 5);

        motion.width = 1 + random_below(&random, 90);
        motion.height = 1 + random_below(&random, 90);
        random_motion(&random, &motion, frames + 1, points, spacing,
                      run % 4 ? 20 : ODVA_MAX_COEFFICIENT);
        motion.frames = frames;
        motion.is_inter = 1;
        if (run % 4) {
            motion.point_step &= 7;
            motion.mesh_step &= 7;
        }
        check(&random, &prediction, &motion);
    }
    odva_motion_free(&motion);
    odva_prediction_canvas_free(&prediction);
}

/* A picture that rests is copied, and its edge goes on in the margins. */
static void edges_go_on(void **state)
{
    struct odva_motion motion = {.frames = 3,
                                 .is_inter = 1,
                                 .width = 21,
                                 .height = 18,
                                 .left = 4,
                                 .top = 2,
                                 .right = 20,
                                 .bottom = 6};
    struct odva_prediction_canvas prediction = {0};
    const struct odva_canvas *canvas = &prediction.canvas;
    struct random random = {2};
    struct clip reference;

    (void)state;
    clip_alloc(&reference, 1, 21, 18);
    draw_noise(&random, &reference);
    assert_int_equal(
        odva_prediction_canvas_set(&prediction, test_backend, reference.const_picture, &motion),
        ONEDVA_OK);
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < (p ? 13 : 26); y++)
            for (int x = 0; x < (p ? 23 : 45); x++) {
                const int sx = (int)clip(x - (p ? 2 : 4), 0, plane_width(&reference, p) - 1);
                const int sy = (int)clip(y - (p ? 1 : 2), 0, plane_height(&reference, p) - 1);

                assert_int_equal(
                    canvas->picture[0].data[p][y * canvas->picture[0].stride[p] + x],
                    reference.picture[0].data[p][sy * reference.picture[0].stride[p] + sx]);
            }
    clip_free(&reference);
    odva_prediction_canvas_free(&prediction);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_motions),
        cmocka_unit_test(edges_go_on),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
