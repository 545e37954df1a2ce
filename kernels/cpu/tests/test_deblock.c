/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Every version of deblock against the text of doc/bitstream.md, section 8. */
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/tests/each_version.h"

#define FRAMES 2

static int clip(int v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

static void expect_line(uint8_t *at, int distance, int limit)
{
    static const int w[4] = {26, 13, 5, 2};
    const int g = 3 * (at[0] - at[-distance]) - (at[distance] - at[-2 * distance]);
    int m = abs(g) < 2 * limit - abs(g) ? abs(g) : 2 * limit - abs(g);

    if (m < 0)
        m = 0;
    for (int i = 0; i < 4; i++) {
        const int d = (g < 0 ? -1 : 1) * ((w[i] * m + 64) / 128);

        at[-(i + 1) * distance] = (uint8_t)clip(at[-(i + 1) * distance] + d);
        at[i * distance] = (uint8_t)clip(at[i * distance] - d);
    }
}

static void expect_wide_line(uint8_t *at, int distance, int limit)
{
    static const int w[6] = {10, 8, 6, 4, 3, 1};
    const int h = 6 * (at[0] - at[-distance]) - (at[-distance] - at[-4 * distance]) -
                  (at[3 * distance] - at[0]);

    for (int i = 0; i < 6 && abs(h) < 3 * limit / 5; i++) {
        const int d = (h < 0 ? -1 : 1) * ((w[i] * abs(h) + 64) / 128);

        at[-(i + 1) * distance] = (uint8_t)clip(at[-(i + 1) * distance] + d);
        at[i * distance] = (uint8_t)clip(at[i * distance] - d);
    }
}

/* Borders of tiles are at every eighth of tokens. */
static int limit_at(int border, int s, int limit)
{
    if (border % (8 * s) == 0)
        limit = 3 * limit / 2;
    return limit < 1020 ? limit : 1020;
}

static void expect_plane(uint8_t *plane, int width, int height, int s, int limit)
{
    for (int y = 0; y < height; y++)
        for (int x = s; x + 4 <= width; x += s) {
            expect_line(plane + y * width + x, 1, limit_at(x, s, limit));
            if (s == 16 && x % 128 == 0 && x + 6 <= width)
                expect_wide_line(plane + y * width + x, 1, limit);
        }
    for (int y = s; y + 4 <= height; y += s)
        for (int x = 0; x < width; x++) {
            expect_line(plane + y * width + x, width, limit_at(y, s, limit));
            if (s == 16 && y % 128 == 0 && y + 6 <= height)
                expect_wide_line(plane + y * width + x, width, limit);
        }
}

/* Flat blocks of 8 samples with noise: steps of all sizes at all borders. */
static void fill(uint8_t *plane, int width, int height, struct random *random)
{
    const int range = 1 + random_below(random, 128), noise = 1 + random_below(random, 8);

    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const int block = x % 8 || y % 8 ? plane[(y - y % 8) * width + x - x % 8]
                                             : 100 + random_below(random, range);

            plane[y * width + x] =
                (uint8_t)(x % 8 || y % 8 ? clip(block + random_below(random, noise)) : block);
        }
    }
}

static void check_size(struct odva_backend *backend, const char *name, struct random *random,
                       int width, int height, int limit)
{
    const int w[3] = {width, (width + 1) / 2, (width + 1) / 2};
    const int h[3] = {height, (height + 1) / 2, (height + 1) / 2};
    uint8_t *expected[FRAMES][3];
    struct onedva_picture pictures[FRAMES] = {0};
    struct odva_grid grid;

    assert_int_equal(odva_grid_init(&grid, FRAMES, width, height, 8), ONEDVA_OK);
    for (int t = 0; t < FRAMES; t++) {
        for (int p = 0; p < 3; p++) {
            const size_t size = (size_t)w[p] * h[p];

            pictures[t].data[p] = malloc(size);
            pictures[t].stride[p] = w[p];
            expected[t][p] = malloc(size);
            assert_non_null(pictures[t].data[p]);
            assert_non_null(expected[t][p]);
            fill(expected[t][p], w[p], h[p], random);
            memcpy(pictures[t].data[p], expected[t][p], size);
            expect_plane(expected[t][p], w[p], h[p], p ? 8 : 16, p ? 5 * limit / 8 : limit);
        }
    }
    assert_int_equal(backend->ops->deblock(backend, pictures, &grid, limit), ONEDVA_OK);
    for (int t = 0; t < FRAMES; t++) {
        for (int p = 0; p < 3; p++) {
            for (int i = 0; i < w[p] * h[p]; i++)
                if (pictures[t].data[p][i] != expected[t][p][i])
                    fail_msg("%s: %dx%d, limit %d, plane %d, sample %d,%d is %d instead of %d",
                             name, width, height, limit, p, i % w[p], i / w[p],
                             pictures[t].data[p][i], expected[t][p][i]);
            free(pictures[t].data[p]);
            free(expected[t][p]);
        }
    }
    odva_grid_free(&grid);
}

static void check(struct odva_backend *backend, const char *name)
{
    static const int limits[] = {1, 2, 7, 26, 48, 200, 1020};
    struct random random = {1};

    for (int size = 1; size < 80; size++)
        check_size(backend, name, &random, size, 1 + random_below(&random, 80), limits[size % 7]);
    for (int i = 0; i < 20; i++)
        check_size(backend, name, &random, 1 + random_below(&random, 300),
                   1 + random_below(&random, 100), limits[i % 7]);
    for (int size = 120; size < 140; size++) {
        check_size(backend, name, &random, size, 40, 84);
        check_size(backend, name, &random, 40, size, 1020);
    }
    check_size(backend, name, &random, 1500, 701, 48); /* several tasks */
}

EACH_VERSION_MAIN(check)
