/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures to patches and back: order, edges, rounding. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/integers.h"
#include "kernels/cpu/patches.h"
#include "kernels/cpu/tests/each_version.h"
#include "kernels/cpu/tests/guarded.h"
#include "kernels/cpu/tests/sample.h"
#include "kernels/cpu/wide.h"

#define PADDING 6 /* bytes behind each row, which have to stay as they are */
#define CANARY  0xA5

struct planes {
    uint8_t *data[ONEDVA_MAX_CLIP_FRAMES][3];
    int width[3], height[3], frames, depth;
};

/* Bytes from row to row. */
static int stride_of(const struct planes *planes, int p)
{
    return planes->width[p] * odva_sample_bytes(planes->depth) + PADDING;
}

static void planes_new(struct planes *planes, int frames, int width, int height, int depth)
{
    planes->frames = frames;
    planes->depth = depth;
    for (int p = 0; p < 3; p++) {
        planes->width[p] = p ? (width + 1) / 2 : width;
        planes->height[p] = p ? (height + 1) / 2 : height;
        for (int t = 0; t < frames; t++) {
            const size_t size = (size_t)stride_of(planes, p) * planes->height[p];

            planes->data[t][p] = guarded_new(size);
            memset(planes->data[t][p], CANARY, size);
        }
    }
}

static void planes_free(struct planes *planes)
{
    for (int t = 0; t < planes->frames; t++)
        for (int p = 0; p < 3; p++)
            guarded_free(planes->data[t][p]);
}

static uint8_t *row_of(const struct planes *planes, int t, int p, int y)
{
    return &planes->data[t][p][y * stride_of(planes, p)];
}

/* The bitstream's definition, sample by sample. */
static int expected_sample(const struct planes *planes, const struct odva_grid *grid,
                           int32_t position, int i)
{
    const int x = position % grid->gx, y = position / grid->gx % grid->gy;
    const int t = position / grid->gx / grid->gy * 4 + i / 384, inside = i % 384;
    const int p = inside < 256 ? 0 : inside < 320 ? 1 : 2, side = p ? 8 : 16;
    const int j = inside - (p == 0 ? 0 : p == 1 ? 256 : 320);
    const int sy = odva_min(y * side + j / side, planes->height[p] - 1);
    const int sx = odva_min(x * side + j % side, planes->width[p] - 1);

    return sample_get(row_of(planes, odva_min(t, planes->frames - 1), p, sy), sx, planes->depth);
}

/* The samples themselves, to and fro; a block between guard pages is not left. */
static void check_samples(const struct planes *planes, const struct odva_grid *grid,
                          const struct onedva_const_picture *sources,
                          const struct onedva_picture *targets, int32_t position)
{
    const int t = position / grid->gx / grid->gy, bytes = odva_sample_bytes(planes->depth);
    uint8_t *samples = guarded_new(ODVA_PATCH_SAMPLES * bytes);
    uint8_t *frame = guarded_new(ODVA_FRAME_SAMPLES * bytes);

    odva_cpu_read_frame(frame, bytes, grid, &sources[odva_min(4 * t, grid->frames - 1)], position);
    for (int i = 0; i < ODVA_FRAME_SAMPLES; i++)
        assert_int_equal(sample_get(frame, i, planes->depth),
                         expected_sample(planes, grid, position, i));
    guarded_free(frame);
    odva_cpu_read_samples(samples, bytes, grid, sources, position);
    for (int i = 0; i < ODVA_PATCH_SAMPLES; i++)
        assert_int_equal(sample_get(samples, i, planes->depth),
                         expected_sample(planes, grid, position, i));
    odva_cpu_write_samples(targets, grid, samples, bytes, position);
    guarded_free(samples);
}

static odva_cpu_read_block_fn read_block_of(const struct odva_cpu_operators *operators, int depth)
{
    return depth > 8 ? operators->wide->read_block : operators->read_block;
}

static odva_cpu_write_block_fn write_block_of(const struct odva_cpu_operators *operators, int depth)
{
    return depth > 8 ? operators->wide->write_block : operators->write_block;
}

static void check_depth(const struct odva_cpu_operators *operators, struct random *random,
                        int frames, int width, int height, int depth)
{
    const int largest = sample_largest(depth);
    const float half = 127.5f * (float)(1 << (depth - 8));
    struct planes source, target, copy;
    struct onedva_const_picture sources[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_picture targets[ONEDVA_MAX_CLIP_FRAMES], copies[ONEDVA_MAX_CLIP_FRAMES];
    struct odva_grid grid;

    assert_int_equal(odva_grid_init(&grid, frames, width, height, 8), ONEDVA_OK);
    planes_new(&source, frames, width, height, depth);
    planes_new(&target, frames, width, height, depth);
    planes_new(&copy, frames, width, height, depth);
    for (int t = 0; t < frames; t++) {
        for (int p = 0; p < 3; p++) {
            for (int y = 0; y < source.height[p]; y++)
                for (int x = 0; x < source.width[p]; x++)
                    sample_set(row_of(&source, t, p, y), x, depth,
                               random_below(random, largest + 1));
            sources[t].data[p] = source.data[t][p];
            targets[t].data[p] = target.data[t][p];
            copies[t].data[p] = copy.data[t][p];
            sources[t].stride[p] = targets[t].stride[p] = copies[t].stride[p] =
                stride_of(&source, p);
        }
    }
    for (int32_t i = 0; i < grid.patches; i++) {
        float patch[ODVA_PATCH_SAMPLES];

        odva_cpu_read_patch(read_block_of(operators, depth), patch, &grid, sources, i);
        for (int j = 0; j < ODVA_PATCH_SAMPLES; j++)
            assert_true(patch[j] == (float)expected_sample(&source, &grid, i, j) / half - 1.0f);
        odva_cpu_write_patch(write_block_of(operators, depth), targets, &grid, patch, i);
        check_samples(&source, &grid, sources, copies, i);
    }
    for (int t = 0; t < frames; t++)
        for (int p = 0; p < 3; p++) {
            const size_t size = (size_t)stride_of(&source, p) * source.height[p];

            assert_memory_equal(source.data[t][p], target.data[t][p], size);
            assert_memory_equal(source.data[t][p], copy.data[t][p], size);
        }
    planes_free(&source);
    planes_free(&target);
    planes_free(&copy);
    odva_grid_free(&grid);
}

static void check_size(const struct odva_cpu_operators *operators, struct random *random,
                       int frames, int width, int height)
{
    for (int depth = 8; depth <= 10; depth += 2)
        check_depth(operators, random, frames, width, height, depth);
}

/* All samples survive both ways, and nothing beside them is touched. */
static void check_round_trip(const struct odva_cpu_operators *operators)
{
    struct random random = {1};

    check_size(operators, &random, 1, 1, 1);
    check_size(operators, &random, 2, 2, 2);
    check_size(operators, &random, 16, 17, 33);
    check_size(operators, &random, 4, 16, 16);
    check_size(operators, &random, 5, 15, 31);
    for (int i = 0; i < 20; i++)
        check_size(operators, &random, 1 + random_below(&random, 16), 1 + random_below(&random, 70),
                   1 + random_below(&random, 70));
}

static void check_rounding_of(const struct odva_cpu_operators *operators, int depth)
{
    const float unit = 1 / (127.5f * (float)(1 << (depth - 8)));
    const int largest = sample_largest(depth), top = 255 << (depth - 8); /* what 1 stands for */
    const float in[] = {-1.0f,           1.0f,   -5.0f, 7.0f,     0.0f,
                        1e30f,           -1e30f, NAN,   unit - 1, 0.45f * unit - 1,
                        0.55f * unit - 1};
    const int out[] = {0, top, 0, largest, (top + 1) / 2, largest, 0, 0, 1, 0, 1};
    float patch[ODVA_PATCH_SAMPLES] = {0};
    struct planes planes;
    struct onedva_picture picture;
    struct odva_grid grid;

    assert_int_equal(odva_grid_init(&grid, 1, 16, 16, 8), ONEDVA_OK);
    planes_new(&planes, 1, 16, 16, depth);
    for (int p = 0; p < 3; p++) {
        picture.data[p] = planes.data[0][p];
        picture.stride[p] = stride_of(&planes, p);
    }
    memcpy(patch, in, sizeof(in));
    odva_cpu_write_patch(write_block_of(operators, depth), &picture, &grid, patch, 0);
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
        assert_int_equal(sample_get(planes.data[0][0], (int)i, depth), out[i]);
    planes_free(&planes);
    odva_grid_free(&grid);
}

static void check_rounding(const struct odva_cpu_operators *operators)
{
    for (int depth = 8; depth <= 10; depth += 2)
        check_rounding_of(operators, depth);
}

static void round_trip(void **state)
{
    (void)state;
    each_operators(check_round_trip);
}

static void rounding(void **state)
{
    (void)state;
    each_operators(check_rounding);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(rounding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
