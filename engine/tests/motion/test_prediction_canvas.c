/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The prediction of canvases against section 10 of doc/bitstream.md as it is written there. */
#include "motion/prediction_canvas.h"

#include "tests/support/random_motion.h"
#include "tests/support/test_clip.h"

static int limited(int v, int most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

/* The canvas's sample (x, y) is that of the picture at (clip(x - m), clip(y - m)). */
static void check_plane(const struct odva_canvas *canvas, const struct clip *picture,
                        const struct odva_motion *motion, int p)
{
    const int left = p ? motion->left / 2 : motion->left, top = p ? motion->top / 2 : motion->top;
    const int width = p ? (canvas->width + 1) / 2 : canvas->width;
    const int height = p ? (canvas->height + 1) / 2 : canvas->height;
    const struct onedva_const_picture *found = &canvas->const_picture[0];

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int sy = limited(y - top, plane_height(picture, p) - 1);
            const int sx = limited(x - left, plane_width(picture, p) - 1);

            assert_int_equal(found->data[p][y * found->stride[p] + x],
                             picture->picture[0].data[p][sy * picture->picture[0].stride[p] + sx]);
        }
}

static void check(struct random *random, struct odva_canvas *canvas, int width, int height)
{
    struct odva_motion motion = {.width = width, .height = height};
    struct clip picture;

    random_motion(random, &motion, 2, 1, 0, 15);
    if (random_below(random, 4) == 0)
        motion.left = motion.bottom = 0;
    clip_alloc(&picture, 1, width, height);
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < plane_height(&picture, p); y++)
            for (int x = 0; x < plane_width(&picture, p); x++)
                picture.picture[0].data[p][y * picture.picture[0].stride[p] + x] =
                    (uint8_t)random_below(random, 256);
    assert_int_equal(odva_prediction_canvas_set(canvas, picture.const_picture, &motion), ONEDVA_OK);
    assert_int_equal(canvas->frames, 1);
    assert_int_equal(canvas->width, motion.left + width + motion.right);
    assert_int_equal(canvas->height, motion.top + height + motion.bottom);
    for (int p = 0; p < 3; p++)
        check_plane(canvas, &picture, &motion, p);
    clip_free(&picture);
    odva_motion_free(&motion);
}

static void edges_go_on(void **state)
{
    struct odva_canvas canvas = {0};
    struct random random = {1};

    (void)state;
    check(&random, &canvas, 1, 1);
    check(&random, &canvas, 16, 32);
    for (int run = 0; run < 40; run++)
        check(&random, &canvas, 1 + random_below(&random, 90), 1 + random_below(&random, 90));
    odva_canvas_free(&canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
