/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>

#include "base/layout.h"
#include "onedva/onedva.h"
#include "tests/support/test.h"

#define BASIS 16

/* A tile is what the grid has of its node, and no quarter of the node is all of it. */
static void check_tile(const struct odva_grid *grid, const struct odva_tile *tile)
{
    const int side = 1 << tile->size, down = grid->gy - tile->y0, right = grid->gx - tile->x0;

    assert_in_range(tile->size, 0, ODVA_TILE_SIZES - 1);
    assert_int_equal(tile->y0 % side + tile->x0 % side, 0);
    assert_int_equal(tile->nt, grid->gt);
    assert_int_equal(tile->ny, down < side ? down : side);
    assert_int_equal(tile->nx, right < side ? right : side);
    assert_true(side == 1 || down > side / 2 || right > side / 2);
    assert_int_equal(tile->superblock, tile->y0 / 8 * grid->superblocks_x + tile->x0 / 8);
    assert_int_equal(tile->patches, tile->nt * tile->ny * tile->nx);
    assert_int_equal(tile->tokens, (BASIS * tile->patches + odva_token_length(tile->size) - 1) /
                                       odva_token_length(tile->size));
}

/* Its patches are stored where both tables say. */
static void check_places(const struct odva_grid *grid, int index)
{
    const struct odva_tile *tile = &grid->tiles[index];
    int32_t rows[ODVA_TILE_PATCHES];

    odva_tile_rows(rows, tile->nt, tile->ny, tile->nx);
    for (int y = 0; y < tile->ny; y++) {
        for (int x = 0; x < tile->nx; x++) {
            const int place = (tile->y0 + y) * grid->gx + tile->x0 + x;
            assert_int_equal(grid->tile_of[place], index);
            for (int t = 0; t < tile->nt; t++)
                assert_int_equal(tile->first_patch + rows[(t * tile->ny + y) * tile->nx + x],
                                 grid->place[place] + t);
        }
    }
}

/* Every patch of the grid lies in exactly one tile, and tiles follow each other in memory. */
static void check_grid(const struct odva_grid *grid)
{
    int64_t first = 0;
    int superblock = 0;

    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *tile = &grid->tiles[i];
        check_tile(grid, tile);
        check_places(grid, i);
        assert_int_equal(tile->first_patch, first);
        assert_true(tile->superblock == superblock || tile->superblock == superblock + 1);
        superblock = tile->superblock;
        first += tile->patches;
    }
    assert_int_equal(first, grid->patches);
    assert_int_equal(superblock, grid->superblock_count - 1);
}

/* No superblock is split, all are, and drawn partitions. */
static void check_partitions(struct odva_grid *grid)
{
    struct random random = {5};
    uint32_t *splits = malloc(grid->superblock_count * sizeof(*splits));

    assert_non_null(splits);
    check_grid(grid);
    for (int run = 0; run < 3; run++) {
        for (int i = 0; i < grid->superblock_count; i++)
            splits[i] = run ? (uint32_t)random_u64(&random) : ODVA_ALL_SPLIT;
        odva_grid_set_partition(grid, splits);
        check_grid(grid);
        if (run == 0)
            assert_int_equal(grid->tile_count, grid->gy * grid->gx);
    }
    free(splits);
}

static void check_size(int frames, int width, int height)
{
    struct odva_grid grid;

    assert_int_equal(odva_grid_init(&grid, frames, width, height, BASIS), ONEDVA_OK);
    assert_int_equal(grid.gt, (frames + 3) / 4);
    assert_int_equal(grid.gy, (height + 15) / 16);
    assert_int_equal(grid.gx, (width + 15) / 16);
    assert_int_equal(grid.patches, (int64_t)grid.gt * grid.gy * grid.gx);
    check_partitions(&grid);
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
