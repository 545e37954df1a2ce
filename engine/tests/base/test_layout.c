/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>

#include "base/layout.h"
#include "onedva/onedva.h"
#include "tests/support/test.h"

#define BASIS 16

/* Place along the z-curve of a row and column below 8. */
static int z_of(int y, int x)
{
    int z = 0;

    for (int bit = 0; bit < 3; bit++)
        z |= (x >> bit & 1) << 2 * bit | (y >> bit & 1) << (2 * bit + 1);
    return z;
}

/* Superblocks follow each other row by row, and their places along the z-curve. */
static void check_places(const struct odva_grid *grid)
{
    int64_t first = 0;

    assert_int_equal(grid->superblocks_y, (grid->gy + 7) / 8);
    assert_int_equal(grid->superblocks_x, (grid->gx + 7) / 8);
    assert_int_equal(grid->superblock_count, grid->superblocks_y * grid->superblocks_x);
    for (int i = 0; i < grid->superblock_count; i++) {
        const struct odva_superblock *superblock = &grid->superblocks[i];
        int64_t at_z[64], row = first;
        int count = 0;

        assert_int_equal(superblock->y0, i / grid->superblocks_x * 8);
        assert_int_equal(superblock->x0, i % grid->superblocks_x * 8);
        assert_int_equal(superblock->ny,
                         grid->gy - superblock->y0 < 8 ? grid->gy - superblock->y0 : 8);
        assert_int_equal(superblock->nx,
                         grid->gx - superblock->x0 < 8 ? grid->gx - superblock->x0 : 8);
        assert_int_equal(superblock->first_patch, first);
        for (int z = 0; z < 64; z++)
            at_z[z] = -1;
        for (int y = 0; y < superblock->ny; y++)
            for (int x = 0; x < superblock->nx; x++, count++)
                at_z[z_of(y, x)] =
                    grid->place[(superblock->y0 + y) * grid->gx + superblock->x0 + x];
        for (int z = 0; z < 64; z++) {
            if (at_z[z] < 0)
                continue;
            assert_int_equal(at_z[z], row);
            row += grid->gt;
        }
        first += (int64_t)grid->gt * count;
        assert_int_equal(row, first);
    }
    assert_int_equal(first, grid->patches);
}

/* The tiles cover every place once and follow each other in memory; a place's side is wanted[]. */
static void check_tiles(const struct odva_grid *grid, const int *wanted)
{
    static const int token_length[4] = {8, 8, 16, 32};
    uint8_t *covered = calloc(grid->gy * grid->gx, 1);
    int64_t first = 0;

    assert_non_null(covered);
    for (int i = 0; i < grid->tile_count; i++) {
        const struct odva_tile *tile = &grid->tiles[i];
        const int side = 1 << tile->size;
        assert_int_equal(tile->first_patch, first);
        assert_int_equal(tile->patches, tile->nt * tile->ny * tile->nx);
        assert_int_equal(tile->nt, grid->gt);
        assert_int_equal(tile->y0 % side, 0);
        assert_int_equal(tile->x0 % side, 0);
        assert_int_equal(tile->ny, grid->gy - tile->y0 < side ? grid->gy - tile->y0 : side);
        assert_int_equal(tile->nx, grid->gx - tile->x0 < side ? grid->gx - tile->x0 : side);
        assert_int_equal(tile->superblock, tile->y0 / 8 * grid->superblocks_x + tile->x0 / 8);
        assert_int_equal(tile->tokens, (BASIS * tile->patches + token_length[tile->size] - 1) /
                                           token_length[tile->size]);
        for (int y = tile->y0; y < tile->y0 + tile->ny; y++) {
            for (int x = tile->x0; x < tile->x0 + tile->nx; x++) {
                const int at = y * grid->gx + x;
                covered[at]++;
                assert_int_equal(grid->tile_of[at], i);
                assert_int_equal(side, wanted[at]);
                assert_true(grid->place[at] >= first);
                assert_true(grid->place[at] + grid->gt <= first + tile->patches);
            }
        }
        first += tile->patches;
    }
    assert_int_equal(first, grid->patches);
    for (int i = 0; i < grid->gy * grid->gx; i++)
        assert_int_equal(covered[i], 1);
    free(covered);
}

/* Side of the tile that a place of a superblock is in. */
static int wanted_side(const struct odva_grid *grid, uint32_t splits, int y, int x)
{
    for (int level = 0; level < 3; level++) {
        const int side = 8 >> level, y0 = y / side * side, x0 = x / side * side;
        const int is_its_quarter = grid->gy - y0 <= side / 2 && grid->gx - x0 <= side / 2;
        const int index = z_of(y0 % 8 / side, x0 % 8 / side);
        const int first[3] = {0, 1, 5};

        assert_int_equal(odva_grid_node(grid, level, y0, x0),
                         is_its_quarter ? ODVA_NODE_IMPLIED : ODVA_NODE_FREE);
        if (!is_its_quarter && !(splits >> (first[level] + index) & 1))
            return side;
    }
    return 1;
}

static void check_partition(struct odva_grid *grid, const uint32_t *splits)
{
    int *wanted = malloc(grid->gy * grid->gx * sizeof(*wanted));

    assert_non_null(wanted);
    for (int y = 0; y < grid->gy; y++)
        for (int x = 0; x < grid->gx; x++)
            wanted[y * grid->gx + x] =
                wanted_side(grid, splits ? splits[y / 8 * grid->superblocks_x + x / 8] : 0, y, x);
    check_tiles(grid, wanted);
    free(wanted);
}

/* Unsplit as it begins, all split, then some nodes of each superblock. */
static void check_partitions(struct odva_grid *grid, struct random *random)
{
    uint32_t *splits = malloc(grid->superblock_count * sizeof(*splits));

    assert_non_null(splits);
    check_partition(grid, NULL);
    for (int run = 0; run < 3; run++) {
        for (int i = 0; i < grid->superblock_count; i++)
            splits[i] = run ? (uint32_t)random_u64(random) : UINT32_MAX;
        odva_grid_set_partition(grid, splits);
        assert_true(run || grid->tile_count == grid->gy * grid->gx);
        check_partition(grid, splits);
    }
    odva_grid_set_partition(grid, NULL);
    check_partition(grid, NULL);
    free(splits);
}

static void check_size(int frames, int width, int height)
{
    struct random random = {(uint64_t)width * 65536 + height};
    struct odva_grid grid;

    assert_int_equal(odva_grid_init(&grid, frames, width, height, BASIS), ONEDVA_OK);
    assert_int_equal(grid.gt, (frames + 3) / 4);
    assert_int_equal(grid.gy, (height + 15) / 16);
    assert_int_equal(grid.gx, (width + 15) / 16);
    assert_int_equal(grid.patches, (int64_t)grid.gt * grid.gy * grid.gx);
    check_places(&grid);
    check_partitions(&grid, &random);
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

/* Every way in which the picture's end can cut superblocks. */
static void cut_superblocks(void **state)
{
    (void)state;
    for (int gy = 1; gy <= 17; gy++) {
        for (int gx = 1; gx <= 17; gx++)
            check_size(1 + (gy + gx) % 16, 16 * gx, 16 * gy - 3);
    }
}

static void superblock_borders(void **state)
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

/* Nodes beyond the picture's end. */
static void nodes_outside(void **state)
{
    struct odva_grid grid;

    (void)state;
    assert_int_equal(odva_grid_init(&grid, 4, 16 * 5, 16 * 6, BASIS), ONEDVA_OK);
    assert_int_equal(odva_grid_node(&grid, 2, 4, 6), ODVA_NODE_OUTSIDE);
    assert_int_equal(odva_grid_node(&grid, 2, 6, 4), ODVA_NODE_OUTSIDE);
    assert_int_equal(odva_grid_node(&grid, 0, 8, 0), ODVA_NODE_OUTSIDE);
    odva_grid_free(&grid);
}

/* A tile's own rows lead to where the grid keeps its patches. */
static void tile_rows(void **state)
{
    (void)state;
    for (int nt = 1; nt <= 4; nt++) {
        for (int ny = 1; ny <= 8; ny++) {
            for (int nx = 1; nx <= 8; nx++) {
                int32_t rows[256];
                struct odva_grid grid;

                odva_tile_rows(rows, nt, ny, nx);
                assert_int_equal(odva_grid_init(&grid, 4 * nt, 16 * nx, 16 * ny, BASIS), ONEDVA_OK);
                for (int i = 0; i < nt * ny * nx; i++)
                    assert_int_equal(rows[i],
                                     grid.place[i / nx % ny * nx + i % nx] + i / (ny * nx));
                odva_grid_free(&grid);
            }
        }
    }
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
        cmocka_unit_test(small_sizes),        cmocka_unit_test(cut_superblocks),
        cmocka_unit_test(superblock_borders), cmocka_unit_test(extreme_sizes),
        cmocka_unit_test(nodes_outside),      cmocka_unit_test(tile_rows),
        cmocka_unit_test(refused_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
