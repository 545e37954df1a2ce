/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Other stills and flashes are cuts; motion, noise and fades are not. */
#include "motion/scene_cut.h"

#include "tests/support/backend.h"
#include "tests/support/textured_still.h"

/* One frame and its pyramid. */
struct shot {
    struct clip clip;
    struct odva_luma_pyramid pyramid;
};

static void shot_build(struct shot *shot)
{
    assert_int_equal(odva_luma_pyramid_of_frame(&shot->pyramid, test_backend,
                                                &shot->clip.const_picture[0], shot->clip.width,
                                                shot->clip.height),
                     ONEDVA_OK);
}

/* The still that a seed gives, n frames into a camera's motion, times a gain, and noise. */
static void shot_init(struct shot *shot, int width, int height, uint64_t seed, struct camera camera,
                      int n, double gain, double noise)
{
    struct random random = {seed + (uint64_t)n};
    struct still still;

    *shot = (struct shot){0};
    still_init(&still, seed);
    clip_alloc(&shot->clip, 1, width, height);
    camera.width = width;
    camera.height = height;
    camera.origin = -n;
    still_draw(&still, &shot->clip, 0, camera_displacement, &camera);
    for (int y = 0; y < height; y++) {
        uint8_t *row = shot->clip.picture[0].data[0] + y * shot->clip.picture[0].stride[0];

        for (int x = 0; x < width; x++)
            row[x] = to_sample(gain * row[x] + noise * (2 * random_unit(&random) - 1));
    }
    shot_build(shot);
}

static void shot_free(struct shot *shot)
{
    odva_luma_pyramid_free(&shot->pyramid);
    clip_free(&shot->clip);
}

/* Whether two shots are taken as two scenes; both are freed. */
static int cut_between(struct shot *a, struct shot *b)
{
    const int cut = odva_is_scene_cut(&a->pyramid, &b->pyramid);

    shot_free(a);
    shot_free(b);
    return cut;
}

static const struct camera at_rest = {.zoom = 1};
static const int size[][2] = {{352, 288}, {130, 98}, {64, 48}};

static void another_still_is_a_cut(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 12; i++) {
        const int width = size[i % 3][0], height = size[i % 3][1];
        struct shot a, b;

        shot_init(&a, width, height, 10 + i, at_rest, 0, 1, 0);
        shot_init(&b, width, height, 50 + i, at_rest, 0, 1, 0);
        assert_true(cut_between(&a, &b));
    }
}

static void motion_is_none(void **state)
{
    static const struct camera cameras[] = {
        {.zoom = 1},
        {.pan_x = 4, .pan_y = 1.5, .zoom = 1},
        {.pan_x = -2, .pan_y = -3, .zoom = 1},
        {.zoom = 1.02},
        {.zoom = 0.98, .angle = 0.01},
    };

    (void)state;
    for (int i = 0; i < 15; i++) {
        const int width = size[i % 3][0], height = size[i % 3][1];
        struct shot a, b;

        shot_init(&a, width, height, 10 + (uint64_t)i, cameras[i / 3], 0, 1, 0);
        shot_init(&b, width, height, 10 + (uint64_t)i, cameras[i / 3], 1, 1, 0);
        if (cut_between(&a, &b))
            fail_msg("camera %d at %dx%d is taken as a cut", i / 3, width, height);
    }
}

static void noise_and_fades_are_none(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        const int width = size[i % 3][0], height = size[i % 3][1];
        struct shot a, b;

        shot_init(&a, width, height, i, at_rest, 0, 1, 4);
        shot_init(&b, width, height, i, at_rest, 1, 1, 4);
        assert_false(cut_between(&a, &b));
        shot_init(&a, width, height, i, at_rest, 0, 1, 0);
        shot_init(&b, width, height, i, at_rest, 0, 0.97, 0);
        assert_false(cut_between(&a, &b));
    }
}

/* From black to a picture and back, slowly and quickly, at rest and in motion. */
static void long_fades_are_none(void **state)
{
    static const int lengths[] = {24, 36, 60};
    static const struct camera moving = {.pan_x = 1, .pan_y = 0.5, .zoom = 1};

    (void)state;
    for (int i = 0; i < 12; i++) {
        const int length = lengths[i % 3], width = size[i / 3 % 3][0], height = size[i / 3 % 3][1];
        const struct camera camera = i % 2 ? moving : at_rest;

        for (int t = 1; t < length; t++) {
            const double before = 0.02 + 0.98 * (t - 1) / (length - 1);
            const double gain = 0.02 + 0.98 * t / (length - 1);
            struct shot dark, bright;

            shot_init(&dark, width, height, (uint64_t)i, camera, t - 1, before, 0);
            shot_init(&bright, width, height, (uint64_t)i, camera, t, gain, 0);
            if (odva_is_scene_cut(&dark.pyramid, &bright.pyramid))
                fail_msg("from %g to %g at %dx%d is taken as a cut", before, gain, width, height);
            /* and the other way round */
            shot_free(&dark);
            shot_init(&dark, width, height, (uint64_t)i, camera, t + 1, before, 0);
            if (cut_between(&bright, &dark))
                fail_msg("from %g to %g at %dx%d is taken as a cut", gain, before, width, height);
        }
    }
}

/* Another picture is a cut, however dark: a fade has one picture only. */
static void dark_stills_are_cuts(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 12; i++) {
        const double gain = 0.3 + 0.05 * (double)i;
        struct shot a, b;

        shot_init(&a, size[i % 3][0], size[i % 3][1], 10 + i, at_rest, 0, gain, 0);
        shot_init(&b, size[i % 3][0], size[i % 3][1], 50 + i, at_rest, 0, gain, 0);
        assert_true(cut_between(&a, &b));
    }
}

/* A frame much brighter than its neighbours: the scene ends before it and begins anew after it. */
static void flash_is_cut_out(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct shot dark, flash;

        shot_init(&dark, size[i][0], size[i][1], 3, at_rest, 0, 0.5, 0);
        shot_init(&flash, size[i][0], size[i][1], 3, at_rest, 0, 1.6, 0);
        assert_true(odva_is_scene_cut(&flash.pyramid, &dark.pyramid));
        assert_true(cut_between(&dark, &flash));
    }
}

/* Flat frames and frames of less than a block. */
static void nothing_to_see(void **state)
{
    static const int tiny[][2] = {{1, 1}, {3, 3}, {4, 4}, {2, 70}, {200, 1}, {64, 64}};

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct shot a, b;

        shot_init(&a, tiny[i][0], tiny[i][1], 1, at_rest, 0, 0, 0);
        shot_init(&b, tiny[i][0], tiny[i][1], 1, at_rest, 0, 0, 0);
        assert_false(cut_between(&a, &b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_still_is_a_cut),   cmocka_unit_test(motion_is_none),
        cmocka_unit_test(noise_and_fades_are_none), cmocka_unit_test(flash_is_cut_out),
        cmocka_unit_test(long_fades_are_none),      cmocka_unit_test(dark_stills_are_cuts),
        cmocka_unit_test(nothing_to_see),
    };

    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
