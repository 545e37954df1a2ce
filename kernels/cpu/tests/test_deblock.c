/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Every version of deblock against the text of doc/bitstream.md, section 8. */
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/tests/each_version.h"
#include "kernels/cpu/tests/kept_map.h"
#include "kernels/cpu/tests/sample.h"

#define FRAMES 2

static int clip(int v, int largest)
{
    return v < 0 ? 0 : v > largest ? largest : v;
}

static int clip_to(int v, int limit)
{
    return v < -limit ? -limit : v > limit ? limit : v;
}

static void expect_line(uint16_t *at, int distance, int T, int largest)
{
    static const int w[4] = {0, 30, 14, 5};
    uint16_t *p[4], *q[4];
    int d, s, e, f;

    for (int i = 0; i < 4; i++) {
        p[i] = at - (i + 1) * distance;
        q[i] = at + i * distance;
    }
    d = clip_to(*q[0] - *p[0], T);
    s = clip_to(*q[0] - *p[0], T / 2);
    e = clip_to(*p[1] - *p[0], T);
    f = clip_to(*q[1] - *q[0], T);
    *p[0] = (uint16_t)clip(*p[0] + ((56 * d + 30 * e + 64) >> 7), largest);
    *q[0] = (uint16_t)clip(*q[0] + ((30 * f - 56 * d + 64) >> 7), largest);
    for (int i = 1; i < 4; i++) {
        *p[i] = (uint16_t)clip(*p[i] + ((w[i] * s + 64) >> 7), largest);
        *q[i] = (uint16_t)clip(*q[i] - ((w[i] * s + 64) >> 7), largest);
    }
}

/* @param kept of each token, in rows of gx; or NULL */
static void expect_plane(uint16_t *plane, int width, int height, int s, int T, int largest,
                         const uint8_t *kept, int gx)
{
    for (int y = 0; y < height; y++)
        for (int x = s; x + 4 <= width; x += s)
            if (!kept || !kept[y / s * gx + x / s] || !kept[y / s * gx + (x - 1) / s])
                expect_line(plane + y * width + x, 1, T, largest);
    for (int y = s; y + 4 <= height; y += s)
        for (int x = 0; x < width; x++)
            if (!kept || !kept[y / s * gx + x / s] || !kept[(y - 1) / s * gx + x / s])
                expect_line(plane + y * width + x, width, T, largest);
}

/* Flat blocks of 8 samples with noise: steps of all sizes at all borders. */
static void fill(uint16_t *plane, int width, int height, int depth, struct random *random)
{
    const int range = 1 + random_below(random, 128 << (depth - 8));
    const int noise = 1 + random_below(random, 8), largest = sample_largest(depth);

    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const int block = x % 8 || y % 8 ? plane[(y - y % 8) * width + x - x % 8]
                                             : (100 << (depth - 8)) + random_below(random, range);

            plane[y * width + x] =
                (uint16_t)(x % 8 || y % 8 ? clip(block + random_below(random, noise), largest)
                                          : clip(block, largest));
        }
    }
}

static void check_map(struct odva_backend *backend, const char *name, struct random *random,
                      int width, int height, int depth, int limit, enum map map)
{
    const int w[3] = {width, (width + 1) / 2, (width + 1) / 2};
    const int h[3] = {height, (height + 1) / 2, (height + 1) / 2};
    uint16_t *expected[FRAMES][3];
    struct onedva_picture pictures[FRAMES] = {0};
    struct odva_grid grid;
    uint8_t *kept;

    assert_int_equal(odva_grid_init(&grid, FRAMES, width, height, 8), ONEDVA_OK);
    kept = map == NO_MAP ? NULL : draw_map(map, &grid, random);
    for (int t = 0; t < FRAMES; t++) {
        for (int p = 0; p < 3; p++) {
            const size_t size = (size_t)w[p] * h[p];

            pictures[t].data[p] = malloc(size * odva_sample_bytes(depth));
            pictures[t].stride[p] = w[p] * odva_sample_bytes(depth);
            expected[t][p] = malloc(size * sizeof(*expected[t][p]));
            assert_non_null(pictures[t].data[p]);
            assert_non_null(expected[t][p]);
            fill(expected[t][p], w[p], h[p], depth, random);
            for (size_t i = 0; i < size; i++)
                sample_set(pictures[t].data[p], (int)i, depth, expected[t][p][i]);
            expect_plane(expected[t][p], w[p], h[p], p ? 8 : 16, limit << (depth - 8),
                         sample_largest(depth), kept, grid.gx);
        }
    }
    assert_int_equal(
        filter_pictures(backend, backend->ops->deblock, pictures, &grid, limit, kept, depth),
        ONEDVA_OK);
    for (int t = 0; t < FRAMES; t++) {
        for (int p = 0; p < 3; p++) {
            for (int i = 0; i < w[p] * h[p]; i++)
                if (sample_get(pictures[t].data[p], i, depth) != expected[t][p][i])
                    fail_msg("%s: %dx%d, %d bits, limit %d, map %d, plane %d, sample %d,%d is %d "
                             "instead of %d",
                             name, width, height, depth, limit, map, p, i % w[p], i / w[p],
                             sample_get(pictures[t].data[p], i, depth), expected[t][p][i]);
            free(pictures[t].data[p]);
            free(expected[t][p]);
        }
    }
    guarded_free(kept);
    odva_grid_free(&grid);
}

static void check_size(struct odva_backend *backend, const char *name, struct random *random,
                       int width, int height, int limit)
{
    for (int map = 0; map < MAPS; map++)
        for (int depth = 8; depth <= 10; depth += 2)
            check_map(backend, name, random, width, height, depth, limit, map);
}

static void check(struct odva_backend *backend, const char *name)
{
    static const int limits[] = {1, 2, 5, 9, 26, 80, 319};
    struct random random = {1};

    for (int size = 1; size < 80; size++)
        check_size(backend, name, &random, size, 1 + random_below(&random, 80), limits[size % 7]);
    for (int i = 0; i < 20; i++)
        check_size(backend, name, &random, 1 + random_below(&random, 300),
                   1 + random_below(&random, 100), limits[i % 7]);
    for (int size = 120; size < 140; size++) {
        check_size(backend, name, &random, size, 40, 26);
        check_size(backend, name, &random, 40, size, 319);
    }
    check_size(backend, name, &random, 1500, 701, 15); /* several tasks */
}

EACH_VERSION_MAIN(check)
