/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Every version of smooth against the text of doc/bitstream.md, section 8. */
#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "kernels/cpu/tests/each_version.h"
#include "kernels/cpu/tests/guarded.h"
#include "kernels/cpu/tests/kept_map.h"
#include "kernels/cpu/tests/sample.h"

#define FRAMES  3
#define BETWEEN 77 /* the bytes between rows */

/* ---- the text ---------------------------------------------------------------------------- */

struct plane {
    int width, height, depth;
    uint16_t *samples;
};

static int sample_of(const struct plane *plane, int x, int y)
{
    x = x < 0 ? 0 : x < plane->width ? x : plane->width - 1;
    y = y < 0 ? 0 : y < plane->height ? y : plane->height - 1;
    return plane->samples[y * plane->width + x];
}

static int counted(int d, int limit)
{
    const int f = abs(d) < limit - abs(d) ? abs(d) : limit - abs(d);

    return f < 0 ? 0 : d < 0 ? -f : f;
}

static int smoothed(const struct plane *plane, int x, int y, int limit)
{
    static const int weights[2] = {14, 11};
    const int s = sample_of(plane, x, y);
    int sum = 0;

    for (int i = 1; i <= 2; i++)
        sum += weights[i - 1] * (counted(sample_of(plane, x - i, y) - s, limit) +
                                 counted(sample_of(plane, x + i, y) - s, limit) +
                                 counted(sample_of(plane, x, y - i) - s, limit) +
                                 counted(sample_of(plane, x, y + i) - s, limit));
    return s + ((sum + 64) >> 7);
}

/* ---- pictures ---------------------------------------------------------------------------- */

/* Noise around levels that change from block to block: differences of all sizes, 0 and 255. */
static void fill(struct plane *plane, struct random *random)
{
    const int unit = 1 << (plane->depth - 8);
    const int range = 1 + random_below(random, 400 * unit);
    const int noise = 1 + random_below(random, 40 * unit);
    int level = 0;

    for (int i = 0; i < plane->width * plane->height; i++) {
        if (i % 7 == 0)
            level = random_below(random, range);
        plane->samples[i] =
            (uint16_t)odva_min(level + random_below(random, noise), sample_largest(plane->depth));
    }
}

/* ---- comparison -------------------------------------------------------------------------- */

/* A plane as it was, and the memory of what is smoothed: rows may have bytes between
 * them. */
struct pair {
    struct plane before;
    uint8_t *memory;
    ptrdiff_t stride;
};

static void pair_open(struct pair *pair, struct random *random, int width, int height, int depth)
{
    struct plane *plane = &pair->before;

    *plane = (struct plane){width, height, depth,
                            malloc((size_t)width * height * sizeof(*plane->samples))};
    assert_non_null(plane->samples);
    fill(plane, random);
    pair->stride = (width + random_below(random, 3) * 5) * odva_sample_bytes(depth);
    pair->memory = guarded_new(pair->stride * height);
    memset(pair->memory, BETWEEN, pair->stride * height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            sample_set(pair->memory + y * pair->stride, x, depth, plane->samples[y * width + x]);
}

static void pair_close(struct pair *pair)
{
    free(pair->before.samples);
    guarded_free(pair->memory);
}

/* @param kept of each token of side samples, in rows of gx; or NULL */
static void check_plane(const char *name, const struct pair *pair, int side, int limit,
                        const uint8_t *kept, int gx)
{
    const struct plane *plane = &pair->before;

    for (int y = 0; y < plane->height; y++) {
        const uint8_t *row = pair->memory + y * pair->stride;

        for (int x = 0; x < plane->width; x++) {
            const int expected = kept && kept[y / side * gx + x / side]
                                     ? sample_of(plane, x, y)
                                     : smoothed(plane, x, y, limit << (plane->depth - 8));
            const int found = sample_get(row, x, plane->depth);

            if (found != expected)
                fail_msg("%s: %dx%d, %d bits, limit %d, sample %d,%d is %d instead of %d", name,
                         plane->width, plane->height, plane->depth, limit, x, y, found, expected);
        }
        for (int i = plane->width * odva_sample_bytes(plane->depth); i < pair->stride; i++)
            assert_int_equal(row[i], BETWEEN);
    }
}

static void check_map(struct odva_backend *backend, const char *name, struct random *random,
                      int width, int height, int depth, int limit, enum map map)
{
    const int planes = random_below(random, 8) > 0 ? 3 : 1;
    struct onedva_picture pictures[FRAMES] = {0};
    struct pair pairs[FRAMES][3];
    struct odva_grid grid;
    uint8_t *kept;

    assert_int_equal(odva_grid_init(&grid, FRAMES, width, height, 8), ONEDVA_OK);
    kept = map == NO_MAP ? NULL : draw_map(map, &grid, random);
    for (int t = 0; t < FRAMES; t++)
        for (int p = 0; p < planes; p++) {
            pair_open(&pairs[t][p], random, p ? (width + 1) / 2 : width,
                      p ? (height + 1) / 2 : height, depth);
            pictures[t].data[p] = pairs[t][p].memory;
            pictures[t].stride[p] = pairs[t][p].stride;
        }
    assert_int_equal(
        filter_pictures(backend, backend->ops->smooth, pictures, &grid, limit, kept, depth),
        ONEDVA_OK);
    for (int t = 0; t < FRAMES; t++)
        for (int p = 0; p < planes; p++) {
            check_plane(name, &pairs[t][p], p ? 8 : 16, limit, kept, grid.gx);
            pair_close(&pairs[t][p]);
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
    static const int limits[] = {1, 2, 3, 6, 18, 31, 62, 63};
    struct random random = {1};

    for (int size = 1; size < 80; size++)
        check_size(backend, name, &random, size, 1 + random_below(&random, 80), limits[size % 8]);
    for (int size = 1; size < 8; size++)
        check_size(backend, name, &random, 1 + random_below(&random, 80), size, limits[size]);
    for (int i = 0; i < 24; i++)
        check_size(backend, name, &random, 1 + random_below(&random, 300),
                   1 + random_below(&random, 100), limits[i % 8]);
    check_size(backend, name, &random, 1500, 301, 18);
}

EACH_VERSION_MAIN(check)
