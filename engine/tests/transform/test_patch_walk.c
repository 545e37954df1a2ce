/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A walk gives every patch once, in the order in which the grid stores them, and writes it back. */
#include "transform/patch_walk.h"

#include <stdlib.h>

#include "tests/support/backend.h"
#include "tests/support/test_clip.h"

#define PATCH ODVA_PATCH_SAMPLES

/** What the walk has seen. */
struct seen {
    struct odva_patch_walk *walk;
    const struct odva_grid *grid;
    const struct clip *clip;
    int64_t next;              /* patch */
    int64_t most;              /* patches at a time */
    int is_inverted;           /* whether they are written back as 255 less each sample */
    struct odva_images images; /* of the clip */
};

static uint8_t *sample(const struct clip *clip, int t, int p, int y, int x)
{
    return &clip->picture[t].data[p][y * clip->picture[t].stride[p] + x];
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Number i of the patch at (t, y, x), the last sample and frame repeated. */
static float number_of(const struct clip *clip, int t, int y, int x, int i)
{
    const int inside = i % 384, p = inside < 256 ? 0 : inside < 320 ? 1 : 2, side = p ? 8 : 16;
    const int j = inside - (p == 0 ? 0 : p == 1 ? 256 : 320);

    return *sample(clip, least(4 * t + i / 384, clip->frames - 1), p,
                   least(y * side + j / side, plane_height(clip, p) - 1),
                   least(x * side + j % side, plane_width(clip, p) - 1)) /
               127.5f -
           1;
}

/* The place at which a patch is stored. @return y * gx + x */
static int place_of(const struct odva_grid *grid, int64_t patch)
{
    for (int place = 0; place < grid->gy * grid->gx; place++)
        if (patch >= grid->place[place] && patch < grid->place[place] + grid->gt)
            return place;
    fail_msg("patch %d is stored nowhere", (int)patch);
    return -1;
}

static int see(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    struct seen *seen = opaque;
    const struct odva_grid *grid = seen->grid;
    struct odva_backend *backend = seen->walk->backend;
    const size_t bytes = count * PATCH * sizeof(float);
    float *block = malloc(bytes);

    assert_non_null(block);
    assert_int_equal(backend->ops->synchronize(backend), ONEDVA_OK);
    assert_int_equal(first, seen->next);
    assert_true(count > 0 && count <= seen->most);
    assert_int_equal(x.stride, PATCH);
    assert_int_equal(backend->ops->download(backend, x.buffer, x.offset, block, bytes), ONEDVA_OK);
    for (int64_t r = 0; r < count; r++) {
        const int place = place_of(grid, first + r), t = (int)(first + r - grid->place[place]);

        for (int i = 0; i < PATCH; i++)
            assert_true(block[r * PATCH + i] ==
                        number_of(seen->clip, t, place / grid->gx, place % grid->gx, i));
    }
    seen->next += count;
    free(block);
    if (!seen->is_inverted)
        return ONEDVA_OK;
    assert_int_equal(backend->ops->axpby(backend, x, -1, x, 0, x, count, PATCH), ONEDVA_OK);
    return odva_patch_walk_write(seen->walk, grid, x, first, count, seen->images.image);
}

static void draw(struct random *random, const struct clip *clip)
{
    for (int t = 0; t < clip->frames; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < plane_height(clip, p); y++)
                for (int x = 0; x < plane_width(clip, p); x++)
                    *sample(clip, t, p, y, x) = (uint8_t)random_below(random, 256);
}

static void assert_inverse(const struct clip *a, const struct clip *b)
{
    for (int t = 0; t < a->frames; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < plane_height(a, p); y++)
                for (int x = 0; x < plane_width(a, p); x++)
                    assert_int_equal(*sample(a, t, p, y, x), 255 - *sample(b, t, p, y, x));
}

/* Look at a clip, then invert it where it is. */
static void check_clip(struct random *random, struct odva_patch_walk *walk, int frames, int width,
                       int height)
{
    struct odva_backend *backend = walk->backend;
    struct clip clip, copy;
    struct odva_grid grid;
    struct seen seen = {
        .walk = walk, .grid = &grid, .clip = &clip, .most = walk->backend->block_rows};
    uint64_t state = random->state;

    clip_alloc(&clip, frames, width, height);
    clip_alloc(&copy, frames, width, height);
    draw(random, &clip);
    draw(&(struct random){state}, &copy);
    assert_int_equal(odva_grid_init(&grid, frames, width, height, 1), ONEDVA_OK);
    assert_int_equal(
        odva_images_wrap(&seen.images, backend, clip.picture, frames, width, height, 8), ONEDVA_OK);
    for (int run = 0; run < 2; run++) {
        seen.next = 0;
        seen.is_inverted = run;
        assert_int_equal(odva_patch_walk_run(walk, &grid, seen.images.image, see, &seen),
                         ONEDVA_OK);
        assert_int_equal(backend->ops->synchronize(backend), ONEDVA_OK);
        assert_int_equal(seen.next, grid.patches);
        assert_true(clip_guards_hold(&clip));
    }
    assert_inverse(&clip, &copy);
    odva_images_free(&seen.images, backend);
    odva_grid_free(&grid);
    clip_free(&clip);
    clip_free(&copy);
}

/* Sizes that follow each other, and the same again; a token's frames that are not the clip's last
 * are all read before they are written. */
static void every_patch_once(struct odva_backend *backend)
{
    static const int sizes[][3] = {{4, 150, 40}, {1, 1, 1},     {4, 150, 40}, {4, 150, 40},
                                   {16, 40, 60}, {8, 144, 150}, {3, 17, 16}};
    struct random random = {1};

    for (int rows = 1; rows <= 64; rows = 3 * rows + 1) {
        struct odva_patch_walk walk = {.backend = backend};

        backend->block_rows = rows;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            check_clip(&random, &walk, sizes[i][0], sizes[i][1], sizes[i][2]);
        odva_patch_walk_close(&walk);
    }
}

static int stop(void *opaque, struct odva_matrix x, int64_t first, int64_t count)
{
    (void)x;
    (void)first;
    (void)count;
    return --*(int *)opaque ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

/* An error ends the walk. */
static void errors_end_it(struct odva_backend *backend)
{
    struct odva_patch_walk walk = {.backend = backend};
    struct odva_images images = {0};
    struct odva_grid grid;
    struct clip clip;
    int calls = 3;

    backend->block_rows = 2;
    clip_alloc(&clip, 4, 160, 16);
    assert_int_equal(odva_grid_init(&grid, 4, 160, 16, 1), ONEDVA_OK);
    assert_int_equal(odva_images_wrap(&images, backend, clip.picture, 4, 160, 16, 8), ONEDVA_OK);
    assert_int_equal(odva_patch_walk_run(&walk, &grid, images.image, stop, &calls),
                     ONEDVA_ERR_NOMEM);
    odva_images_free(&images, backend);
    assert_int_equal(calls, 0);
    odva_grid_free(&grid);
    clip_free(&clip);
    odva_patch_walk_close(&walk);
}

static void patches(void **state)
{
    (void)state;
    for_each_cpu(2, every_patch_once);
}

static void errors(void **state)
{
    (void)state;
    for_each_cpu(1, errors_end_it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patches),
        cmocka_unit_test(errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
