/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>

#include "base/layout.h"
#include "onedva/onedva.h"
#include "tests/support/test.h"

#define BASIS 16

/* Every patch of the grid lies in exactly one tile, and tiles follow each other in memory. */
static void check_grid(const struct odva_grid *grid)
{
    uint8_t *covered = calloc(grid->gy * grid->gx, 1);
    int64_t first = 0;

    assert_non_null(covered);
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *tile = &grid->tiles[i];
        assert_int_equal(tile->first_patch, first);
        assert_int_equal(tile->patches, tile->nt * tile->ny * tile->nx);
        assert_int_equal(tile->nt, grid->gt);
        assert_in_range(tile->ny, 1, 8);
        assert_in_range(tile->nx, 1, 8);
        assert_int_equal(tile->tokens, (BASIS * tile->patches + 31) / 32);
        assert_int_equal(tile->y0, i / grid->tiles_x * 8);
        assert_int_equal(tile->x0, i % grid->tiles_x * 8);
        for (int y = tile->y0; y < tile->y0 + tile->ny; y++) {
            for (int x = tile->x0; x < tile->x0 + tile->nx; x++) {
                assert_true(y < grid->gy && x < grid->gx);
                covered[y * grid->gx + x]++;
            }
        }
        first += tile->patches;
    }
    assert_int_equal(first, grid->patches);
    for (int i = 0; i < grid->gy * grid->gx; i++)
        assert_int_equal(covered[i], 1);
    free(covered);
}

static void check_size(int frames, int width, int height)
{
    struct odva_grid grid;

    assert_int_equal(odva_grid_init(&grid, frames, width, height, BASIS), ONEDVA_OK);
    assert_int_equal(grid.gt, (frames + 3) / 4);
    assert_int_equal(grid.gy, (height + 15) / 16);
    assert_int_equal(grid.gx, (width + 15) / 16);
    assert_int_equal(grid.patches, (int64_t)grid.gt * grid.gy * grid.gx);
    check_grid(&grid);
    odva_grid_free(&grid);
    assert_null(grid.tiles);
}

static void small_sizes(void **state)
{
    (void)state;
    for (int height = 1; height <= 40; height++) {
        for (int width = 1; width <= 40; width++)
            check_size(1 + (width + height) % 16, width, height);
    }
}

static void tile_borders(void **state)
{
    (void)state;
    for (int frames = 1; frames <= 16; frames++) {
        check_size(frames, 128, 128);
        check_size(frames, 129, 127);
        check_size(frames, 640, 360);
        check_size(frames, 127, 1025);
    }
}

static void extreme_sizes(void **state)
{
    (void)state;
    check_size(16, 65535, 1);
    check_size(1, 1, 65535);
}

static void refused_sizes(void **state)
{
    static const int sizes[][4] = {
        {0, 16, 16, 1},    {17, 16, 16, 1}, {1, 0, 16, 1},   {1, 16, 0, 1},   {1, 65536, 16, 1},
        {1, 16, 65536, 1}, {-1, 16, 16, 1}, {1, -16, 16, 1}, {1, 16, -16, 1}, {1, 16, 16, 0}};
    struct odva_grid grid;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(odva_grid_init(&grid, sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3]),
                         ONEDVA_ERR_ARGUMENT);
        odva_grid_free(&grid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_sizes),
        cmocka_unit_test(tile_borders),
        cmocka_unit_test(extreme_sizes),
        cmocka_unit_test(refused_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
