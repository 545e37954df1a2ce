/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "tests/support/host_synthesis.h"
#include "tests/support/random_latents.h"
#include "tests/support/scanned_model.h"
#include "tests/support/test_clip.h"
#include "transform/deblocking.h"

#define FRAMES 3

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

static void smoothing_limits_are_eighths_of_it(void **state)
{
    (void)state;
    for (int i = 0; i < ODVA_SMOOTHINGS; i++) {
        static const int limits[][1 + ODVA_SMOOTHINGS] = {
            {-128, 0, 0, 0, 0, 0, 0, 0, 0},      {-35, 0, 1, 2, 3, 3, 4, 5, 8},
            {-15, 0, 4, 6, 9, 11, 13, 17, 26},   {5, 0, 12, 18, 24, 30, 36, 48, 63},
            {15, 0, 21, 32, 42, 53, 63, 63, 63}, {127, 0, 63, 63, 63, 63, 63, 63, 63},
        };

        for (size_t n = 0; n < sizeof(limits) / sizeof(limits[0]); n++)
            assert_int_equal(odva_smoothing_limit(limits[n][0], i), limits[n][1 + i]);
    }
}

/* ---- pictures ---------------------------------------------------------------------------- */

/* Tiles of which some are predicted and some have tokens. */
static void draw_latents(struct odva_latents *latents, struct random *random, int width, int height,
                         int is_inter)
{
    const struct odva_clip_size size = {FRAMES, width, height};

    assert_int_equal(odva_latents_set_size(latents, scans, 0, size), ONEDVA_OK);
    random_partition(random, latents);
    if (is_inter)
        random_prediction(random, latents);
    else
        memset(latents->predicted, 0xff,
               latents->grid.superblock_count * sizeof(*latents->predicted));
    latents->is_inter = is_inter;
    latents->qidx = random_below(random, 64);
    latents->smoothing = random_below(random, ODVA_SMOOTHINGS);
    for (int i = 0; i < latents->grid.tile_count; i++)
        latents->tiles[i].tokens = random_below(random, 3) == 0;
}

/* Of each token, whether the text leaves its samples, and a border between two of its kind, as they
 * are. */
static uint8_t *stays(const struct odva_latents *latents)
{
    const struct odva_grid *grid = &latents->grid;
    uint8_t *result = calloc((size_t)grid->gy * grid->gx, 1);

    assert_non_null(result);
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *tile = &grid->tiles[i];

        for (int p = 0; p < tile->ny * tile->nx; p++) {
            const int y = tile->y0 + p / tile->nx, x = tile->x0 + p % tile->nx;

            result[y * grid->gx + x] =
                latents->is_inter && latents->tiles[i].tokens == 0 &&
                (latents->predicted[tile->superblock] & odva_token_bit(y, x)) != 0;
        }
    }
    return result;
}

/* Blocks of 8x8 samples that differ by a few levels. */
static void draw_pictures(struct clip *clip, uint64_t seed)
{
    struct random random = {seed};

    for (int t = 0; t < clip->frames; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < plane_height(clip, p); y++)
                for (int x = 0; x < plane_width(clip, p); x++) {
                    const ptrdiff_t stride = clip->picture[t].stride[p];
                    uint8_t *sample = clip->picture[t].data[p] + y * stride + x;

                    if (x % 8 == 0 && y % 8 == 0)
                        *sample = (uint8_t)(100 + random_below(&random, 16));
                    else
                        *sample = x % 8 ? sample[-1] : sample[-stride];
                }
}

/* The first frames of a clip are deblocked and then smoothed, but for what stays. */
static void check_clip(struct odva_deblocking *deblocking, struct odva_latents *latents,
                       struct random *random, int frames)
{
    struct odva_grid grid = latents->grid;
    uint8_t *kept = stays(latents);
    struct clip found, expected;
    const uint64_t seed = random_u64(random);
    const int limit = odva_smoothing_limit(latents->qidx, latents->smoothing);

    clip_alloc(&found, FRAMES, grid.width, grid.height);
    clip_alloc(&expected, FRAMES, grid.width, grid.height);
    draw_pictures(&found, seed);
    draw_pictures(&expected, seed);
    grid.frames = frames;
    assert_int_equal(filter_pictures(test_backend, test_backend->ops->deblock, expected.picture,
                                     &grid, odva_deblocking_step_limit(latents->qidx), kept, 8),
                     ONEDVA_OK);
    if (limit > 0)
        assert_int_equal(filter_pictures(test_backend, test_backend->ops->smooth, expected.picture,
                                         &grid, limit, kept, 8),
                         ONEDVA_OK);
    assert_int_equal(host_deblock(deblocking, test_backend, found.picture, latents, frames),
                     ONEDVA_OK);
    assert_true(clip_guards_hold(&found));
    assert_true(clip_mse(&found, &expected) == 0);
    clip_free(&found);
    clip_free(&expected);
    free(kept);
}

static void predicted_tiles_without_tokens_stay(void **state)
{
    struct odva_deblocking deblocking = {0};
    struct odva_latents latents = {0};
    struct random random = {1};

    (void)state;
    for (int i = 0; i < 150; i++) {
        draw_latents(&latents, &random, 1 + random_below(&random, 300),
                     1 + random_below(&random, 200), i % 4 > 0);
        check_clip(&deblocking, &latents, &random, 1 + random_below(&random, FRAMES));
    }
    odva_latents_free(&latents);
    odva_deblocking_free(&deblocking, test_backend);
}

/* With a quantiser as fine as that no step is one of coding. */
static void fine_quantisers_leave_all(void **state)
{
    struct odva_deblocking deblocking = {0};
    struct odva_latents latents = {0};
    struct random random = {2};
    struct clip found, expected;

    (void)state;
    draw_latents(&latents, &random, 70, 40, 1);
    latents.qidx = -64;
    clip_alloc(&found, FRAMES, 70, 40);
    clip_alloc(&expected, FRAMES, 70, 40);
    draw_pictures(&found, 3);
    draw_pictures(&expected, 3);
    assert_int_equal(host_deblock(&deblocking, test_backend, found.picture, &latents, FRAMES),
                     ONEDVA_OK);
    assert_true(clip_mse(&found, &expected) == 0);
    clip_free(&found);
    clip_free(&expected);
    odva_latents_free(&latents);
    odva_deblocking_free(&deblocking, test_backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_doubles_every_13_indices),
        cmocka_unit_test(step_limit_is_five_sixteenths_of_it),
        cmocka_unit_test(smoothing_limits_are_eighths_of_it),
        cmocka_unit_test(predicted_tiles_without_tokens_stay),
        cmocka_unit_test(fine_quantisers_leave_all),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
