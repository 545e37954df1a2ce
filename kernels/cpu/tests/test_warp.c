/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Every version of the warp against the formulas of doc/bitstream.md, section 10, sample by sample.
 * Planes fill their memory exactly, so that AddressSanitizer sees every read beside them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/layout.h"
#include "kernels/cpu/tests/each_version.h"
#include "kernels/cpu/tests/guarded.h"
#include "kernels/cpu/tests/sample.h"
#include "kernels/host_pictures.h"

#define CANARY 0xA5
#define ROUNDS 300

/** One plane; the stride may be negative, and a few bytes larger than the width. */
struct plane {
    uint8_t *memory, *data;
    ptrdiff_t stride;
    int width, height, depth;
};

struct warp_case {
    struct odva_warp warp;
    int planes, depth;
    int16_t (*nodes)[2];
    struct plane sources[ONEDVA_MAX_CLIP_FRAMES][3], pictures[ONEDVA_MAX_CLIP_FRAMES][3];
};

static void plane_new(struct plane *plane, struct random *random, int width, int height, int depth)
{
    const int bytes = odva_sample_bytes(depth);
    const int pitch = bytes * (width + (random_below(random, 2) ? 0 : random_below(random, 9)));
    const size_t size = (size_t)pitch * (height - 1) + (size_t)width * bytes;

    plane->depth = depth;
    plane->width = width;
    plane->height = height;
    plane->memory = guarded_new(size);
    memset(plane->memory, CANARY, size);
    plane->data = plane->memory;
    plane->stride = pitch;
    if (random_below(random, 8) == 0) {
        plane->data += (ptrdiff_t)pitch * (height - 1);
        plane->stride = -pitch;
    }
}

static void plane_fill(struct plane *plane, struct random *random, int extreme)
{
    for (int y = 0; y < plane->height; y++)
        for (int x = 0; x < plane->width; x++)
            sample_set(plane->data + y * plane->stride, x, plane->depth,
                       extreme ? sample_largest(plane->depth) * random_below(random, 2)
                               : random_below(random, sample_largest(plane->depth) + 1));
}

static int64_t floor_shift(int64_t v, int shift)
{
    const int64_t unit = (int64_t)1 << shift;

    return v >= 0 ? v / unit : -((-v + unit - 1) / unit);
}

static int clip(int64_t v, int64_t max)
{
    return (int)(v < 0 ? 0 : v > max ? max : v);
}

/* Component c of the vector of block (bx, by). */
static int64_t vector(const struct warp_case *w, int t, int e, int bx, int by, int c)
{
    const int log2_2s = w->warp.log2_spacing + 1, s2 = 1 << log2_2s;
    const int x = e * (8 * bx + 4) - 1, y = e * (8 * by + 4) - 1;
    const int i = x / s2, j = y / s2, fx = x - s2 * i, fy = y - s2 * j;
    const int16_t(*nodes)[2] = w->nodes + (size_t)t * w->warp.rows * w->warp.columns;
    int64_t sum = (int64_t)s2 * s2 / 2 * e;

    assert_true(i + 1 < w->warp.columns && j + 1 < w->warp.rows);
    for (int corner = 0; corner < 4; corner++) {
        const int right = corner % 2, below = corner / 2;

        sum += (int64_t)(right ? fx : s2 - fx) * (below ? fy : s2 - fy) *
               nodes[(j + below) * w->warp.columns + i + right][c];
    }
    return floor_shift(sum, 2 * log2_2s + e - 1);
}

static void filter_of(int phase, int taps[6])
{
    static const int table[9][6] = {
        {0, 0, 64, 0, 0, 0},    {1, -3, 63, 4, -1, 0},  {1, -5, 62, 8, -2, 0},
        {2, -7, 60, 12, -3, 0}, {2, -9, 57, 17, -4, 1}, {2, -9, 53, 23, -6, 1},
        {2, -9, 49, 28, -7, 1}, {2, -9, 44, 34, -8, 1}, {2, -9, 39, 39, -9, 2},
    };

    for (int i = 0; i < 6; i++)
        taps[i] = phase <= 8 ? table[phase][i] : table[16 - phase][5 - i];
}

static int expected_sample(const struct warp_case *w, int t, int plane, int x, int y)
{
    const struct plane *source = &w->sources[t][plane];
    const int e = plane ? 2 : 1;
    const int64_t px = 16 * (int64_t)(x + w->warp.left / e) + vector(w, t, e, x / 4, y / 4, 0);
    const int64_t py = 16 * (int64_t)(y + w->warp.top / e) + vector(w, t, e, x / 4, y / 4, 1);
    const int64_t ix = floor_shift(px, 4), iy = floor_shift(py, 4);
    int across[6], down[6];
    int64_t sum = 2048;

    filter_of((int)(px - 16 * ix), across);
    filter_of((int)(py - 16 * iy), down);
    for (int j = 0; j < 6; j++) {
        const uint8_t *row = source->data + clip(iy - 2 + j, source->height - 1) * source->stride;

        for (int i = 0; i < 6; i++)
            sum += down[j] * across[i] *
                   sample_get(row, clip(ix - 2 + i, source->width - 1), source->depth);
    }
    return clip(floor_shift(sum, 12), sample_largest(source->depth));
}

/* Nodes: anything, small, whole samples, or one vector for all with or without a fraction. */
static void nodes_fill(struct warp_case *w, struct random *random)
{
    const size_t count = (size_t)w->warp.frames * w->warp.rows * w->warp.columns;
    const int kind = random_below(random, 5);
    const int all[2] = {random_below(random, 257) - 128, random_below(random, 257) - 128};

    w->nodes = guarded_new(count * sizeof(*w->nodes));
    for (size_t i = 0; i < count; i++) {
        for (int c = 0; c < 2; c++) {
            static const int ranges[3] = {32768, 400, 40};
            int v = all[c];

            if (kind < 3)
                v = random_below(random, ranges[kind]) - ranges[kind] / 2;
            else if (kind == 3)
                v -= v % 32;
            if (random_below(random, 50) == 0 && kind == 0)
                v = v < 0 ? -16384 : 16383;
            w->nodes[i][c] = (int16_t)v;
        }
    }
}

static void warp_case_new(struct warp_case *w, struct random *random, int width, int height,
                          int depth)
{
    const int s = random_below(random, 5) + 3, extreme = random_below(random, 4) == 0;

    *w = (struct warp_case){.planes = random_below(random, 4) ? 3 : 1, .depth = depth};
    w->warp = (struct odva_warp){
        .frames = 1 + random_below(random, 3),
        .width = width,
        .height = height,
        .source_width = 1 + random_below(random, 120),
        .source_height = 1 + random_below(random, 90),
        .left = 2 * (random_below(random, 33) - 16),
        .top = 2 * (random_below(random, 33) - 16),
        .log2_spacing = s,
        .columns = ((width + (1 << s) - 1) >> s) + 1,
        .rows = ((height + (1 << s) - 1) >> s) + 1,
    };
    nodes_fill(w, random);
    for (int t = 0; t < w->warp.frames; t++) {
        for (int p = 0; p < w->planes; p++) {
            const int shift = p > 0;

            plane_new(&w->sources[t][p], random, (w->warp.source_width + shift) >> shift,
                      (w->warp.source_height + shift) >> shift, depth);
            plane_fill(&w->sources[t][p], random, extreme);
            plane_new(&w->pictures[t][p], random, (width + shift) >> shift,
                      (height + shift) >> shift, depth);
        }
    }
}

static void warp_case_free(struct warp_case *w)
{
    for (int t = 0; t < w->warp.frames; t++) {
        for (int p = 0; p < w->planes; p++) {
            guarded_free(w->sources[t][p].memory);
            guarded_free(w->pictures[t][p].memory);
        }
    }
    guarded_free(w->nodes);
}

static void run(struct odva_backend *backend, const struct warp_case *w)
{
    struct onedva_picture pictures[ONEDVA_MAX_CLIP_FRAMES] = {0};
    struct onedva_const_picture sources[ONEDVA_MAX_CLIP_FRAMES] = {0};

    for (int t = 0; t < w->warp.frames; t++) {
        for (int p = 0; p < w->planes; p++) {
            pictures[t].data[p] = w->pictures[t][p].data;
            pictures[t].stride[p] = w->pictures[t][p].stride;
            sources[t].data[p] = w->sources[t][p].data;
            sources[t].stride[p] = w->sources[t][p].stride;
        }
    }
    assert_int_equal(odva_host_warp(backend, pictures, sources, &w->warp,
                                    (const int16_t(*)[2])w->nodes, w->depth),
                     ONEDVA_OK);
}

/* All samples, and that the bytes between rows are as they were. */
static void compare(const struct warp_case *w, int t, int p, const char *name)
{
    const struct plane *plane = &w->pictures[t][p];
    const int pitch = (int)(plane->stride < 0 ? -plane->stride : plane->stride);

    for (int y = 0; y < plane->height; y++) {
        for (int x = 0; x < plane->width; x++) {
            const int found = sample_get(plane->data + y * plane->stride, x, plane->depth);
            const int expected = expected_sample(w, t, p, x, y);

            if (found != expected)
                fail_msg("%s: plane %d of %dx%d, %d bits, sample %d,%d is %d instead of %d", name,
                         p, plane->width, plane->height, plane->depth, x, y, found, expected);
        }
        if (y + 1 < plane->height)
            for (int i = plane->width * odva_sample_bytes(plane->depth); i < pitch; i++)
                assert_int_equal(plane->memory[y * pitch + i], CANARY);
    }
}

static void check_depth(struct odva_backend *backend, const char *name, struct random *random,
                        int width, int height, int depth)
{
    struct warp_case w;

    warp_case_new(&w, random, width, height, depth);
    run(backend, &w);
    for (int t = 0; t < w.warp.frames; t++)
        for (int p = 0; p < w.planes; p++)
            compare(&w, t, p, name);
    warp_case_free(&w);
}

static void check_size(struct odva_backend *backend, const char *name, struct random *random,
                       int width, int height)
{
    for (int depth = 8; depth <= 10; depth += 2)
        check_depth(backend, name, random, width, height, depth);
}

static void check(struct odva_backend *backend, const char *name)
{
    static const int sizes[][2] = {{1, 1},  {2, 3},   {3, 2},   {4, 4},   {5, 9},   {7, 64},
                                   {64, 7}, {33, 17}, {128, 1}, {129, 8}, {16, 65}, {257, 130}};
    struct random random = {1};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (int j = 0; j < 4; j++)
            check_size(backend, name, &random, sizes[i][0], sizes[i][1]);
    for (int i = 0; i < ROUNDS; i++)
        check_size(backend, name, &random, 1 + random_below(&random, 90),
                   1 + random_below(&random, 70));
}

static void formulas(void **state)
{
    (void)state;
    each_version(check);
}

/* More bands than one task has: the threads share the work. */
static void check_large(struct odva_backend *backend, const char *name)
{
    struct random random = {2};

    check_size(backend, name, &random, 700, 210);
}

static void large(void **state)
{
    (void)state;
    each_version(check_large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas),
        cmocka_unit_test(large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
