/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How much detail clips get, with the built-in model. */
#include "encoder/detail_choice.h"

#include <math.h>

#include "model/model.h"
#include "tests/support/backend.h"
#include "tests/support/built_in_model.h"
#include "tests/support/test_clip.h"

#define QUANTISERS 32
#define OF(qidx)   (((qidx) + 64) / 4) /* the index of one of them */

/* A sample of a plane. */
typedef uint8_t (*sample_fn)(struct random *random, int t, int p, int y, int x);

static uint8_t flat(struct random *random, int t, int p, int y, int x)
{
    (void)random, (void)t, (void)y, (void)x;
    return (uint8_t)(p ? 90 + 60 * p : 200);
}

static uint8_t noise(struct random *random, int t, int p, int y, int x)
{
    (void)t, (void)p, (void)y, (void)x;
    return (uint8_t)random_below(random, 256);
}

/* Black strokes on white, at rest. */
static uint8_t text(struct random *random, int t, int p, int y, int x)
{
    (void)random, (void)t;
    if (p)
        return 128;
    return y % 12 < 8 && ((x * 7 + y / 12 * 5) % 23 < 4 || y % 12 == x / 9 % 8) ? 16 : 235;
}

/* A slow wave with some texture that moves. */
static uint8_t nature(struct random *random, int t, int p, int y, int x)
{
    const double wave = sin(0.05 * (x + 2 * t)) * cos(0.04 * y);

    return (uint8_t)(128 + (p ? 20 : 80) * wave + random_below(random, 12));
}

/* @param details for each quantiser, from the finest on */
static void choose(const struct odva_linear_path *path, sample_fn sample, int frames, int width,
                   int height, int details[QUANTISERS])
{
    struct odva_detail_choice choice = {0};
    const struct odva_clip_size size = {frames, width, height};
    struct random random = {1};
    struct clip clip;

    clip_alloc(&clip, frames, width, height);
    for (int t = 0; t < frames; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < plane_height(&clip, p); y++)
                for (int x = 0; x < plane_width(&clip, p); x++)
                    clip.picture[t].data[p][y * clip.picture[t].stride[p] + x] =
                        sample(&random, t, p, y, x);
    for (int i = 0; i < QUANTISERS; i++) {
        details[i] = odva_detail_choice_run(&choice, path, size, clip.const_picture, 4 * i - 64);
        assert_in_range(details[i], 0, ODVA_DETAILS - 1);
        if (i > 0) /* a coarser quantiser never wants more */
            assert_true(details[i] <= details[i - 1]);
    }
    odva_detail_choice_free(&choice, path->backend);
    clip_free(&clip);
}

static void content_and_quantiser(void **state)
{
    static const int sizes[][3] = {{1, 16, 16}, {16, 96, 80}, {5, 176, 144}, {1, 7, 3}};
    struct odva_backend *backend = backend_new();
    struct odva_linear_path path;
    int details[QUANTISERS];

    (void)state;
    assert_int_equal(odva_linear_path_open(&path, model, backend), ONEDVA_OK);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const int frames = sizes[i][0], width = sizes[i][1], height = sizes[i][2];

        choose(&path, flat, frames, width, height, details);
        assert_int_equal(details[OF(-36)], 0);
        choose(&path, noise, frames, width, height, details);
        assert_int_equal(details[OF(-40)], ODVA_DETAILS - 1);
        assert_int_equal(details[OF(48)], 0);
        choose(&path, text, frames, width, height, details);
        assert_int_equal(details[OF(-64)], ODVA_DETAILS - 1);
        assert_true(details[OF(-20)] > 0);
        choose(&path, nature, frames, width, height, details);
        assert_int_equal(details[OF(8)], 0);
    }
    odva_linear_path_close(&path);
    odva_backend_close(&backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_and_quantiser),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
