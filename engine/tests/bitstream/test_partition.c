/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Partitions against section 6 of doc/bitstream.md as it is written there. */
#include "bitstream/partition.h"

#include <stdlib.h>
#include <string.h>

#include "bitstream/adaptive_bit.h"
#include "onedva/onedva.h"
#include "tests/support/random_latents.h"

#define MOST_SUPERBLOCKS 25
#define MARK             0x5A5

/* Partitions that the text lets be coded: bits of nodes that are not free, or below one that is
 * not split, are 0. */
static uint32_t canonical(const struct odva_grid *grid, uint32_t splits, int level, int index,
                          int y, int x)
{
    static const int first[3] = {0, 1, 5};
    const int half = 4 >> level;
    uint32_t bits = 0;

    if (level == 3 || y >= grid->gy || x >= grid->gx)
        return 0;
    if (grid->gy - y > half || grid->gx - x > half) {
        bits = splits & UINT32_C(1) << (first[level] + index);
        if (!bits)
            return 0;
    }
    for (int i = 0; i < 4; i++)
        bits |=
            canonical(grid, splits, level + 1, 4 * index + i, y + i / 2 * half, x + i % 2 * half);
    return bits;
}

/* Whether the tile of a place is smaller than a node; there may be no such place. */
static int is_smaller(const struct odva_grid *grid, int y, int x, int side)
{
    return y >= 0 && x >= 0 && 1 << grid->tiles[grid->tile_of[y * grid->gx + x]].size < side;
}

/* Code the nodes of a grid whose partition is set, with contexts from its finished tiles. */
static void encode_node(struct odva_range_encoder *range, struct odva_adaptive_bit context[3][3],
                        const struct odva_grid *grid, int level, int y, int x)
{
    const int side = 8 >> level;
    int split;

    if (level == 3 || y >= grid->gy || x >= grid->gx)
        return;
    split = is_smaller(grid, y, x, side);
    if (grid->gy - y > side / 2 || grid->gx - x > side / 2) {
        odva_adaptive_bit_encode(
            range,
            &context[level][is_smaller(grid, y - 1, x, side) + is_smaller(grid, y, x - 1, side)],
            split);
        if (!split)
            return;
    }
    for (int i = 0; i < 4; i++)
        encode_node(range, context, grid, level + 1, y + i / 2 * side / 2, x + i % 2 * side / 2);
}

static void encode_as_text(struct odva_byte_writer *writer, const struct odva_grid *grid)
{
    struct odva_adaptive_bit context[3][3];
    struct odva_range_encoder range;

    for (int i = 0; i < 9; i++)
        context[i / 3][i % 3] = ODVA_ADAPTIVE_BIT_INIT;
    odva_range_encoder_init(&range, writer);
    for (int i = 0; i < grid->superblock_count; i++)
        encode_node(&range, context, grid, 0, grid->superblocks[i].y0, grid->superblocks[i].x0);
    odva_range_encode_bits(&range, MARK, 12);
    odva_range_encoder_finish(&range);
}

/* What is decoded is what was encoded, behind it stands the mark, and the bytes are the text's. */
static void round_trip(struct odva_grid *grid, const uint32_t *splits)
{
    struct odva_byte_writer written = {0}, expected = {0};
    uint32_t decoded[MOST_SUPERBLOCKS];
    struct odva_range_encoder encoder;
    struct odva_range_decoder decoder;

    odva_range_encoder_init(&encoder, &written);
    odva_partition_encode(&encoder, grid, splits, NULL);
    odva_range_encode_bits(&encoder, MARK, 12);
    odva_range_encoder_finish(&encoder);
    odva_range_decoder_init(&decoder, written.data, written.size);
    memset(decoded, 0xA5, sizeof(decoded));
    odva_partition_decode(&decoder, grid, decoded, NULL);
    assert_int_equal(odva_range_decode_bits(&decoder, 12), MARK);
    for (int i = 0; i < grid->superblock_count; i++) {
        const struct odva_superblock *superblock = &grid->superblocks[i];
        assert_int_equal(decoded[i],
                         canonical(grid, splits[i], 0, 0, superblock->y0, superblock->x0));
    }
    odva_grid_set_partition(grid, decoded);
    encode_as_text(&expected, grid);
    assert_int_equal(written.size, expected.size);
    assert_memory_equal(written.data, expected.data, written.size);
    odva_byte_writer_free(&written);
    odva_byte_writer_free(&expected);
}

static void every_grid(void **state)
{
    struct random random = {1};

    (void)state;
    for (int gy = 1; gy <= 40; gy++) {
        for (int gx = 1; gx <= 40; gx++) {
            struct odva_grid grid;
            uint32_t splits[MOST_SUPERBLOCKS];

            assert_int_equal(odva_grid_init(&grid, 1, 16 * gx, 16 * gy, 1), ONEDVA_OK);
            for (int run = 0; run < 4; run++) {
                for (int i = 0; i < grid.superblock_count; i++)
                    splits[i] = random_splits(&random);
                round_trip(&grid, splits);
            }
            odva_grid_free(&grid);
        }
    }
}

/* A picture without a node to choose takes no bit. */
static void nothing_to_choose(void **state)
{
    const uint32_t all = UINT32_MAX;
    struct odva_byte_writer writer = {0}, empty = {0};
    struct odva_range_encoder range;
    struct odva_grid grid;

    (void)state;
    assert_int_equal(odva_grid_init(&grid, 16, 16, 16, 1), ONEDVA_OK);
    odva_range_encoder_init(&range, &writer);
    odva_partition_encode(&range, &grid, &all, NULL);
    odva_range_encoder_finish(&range);
    odva_range_encoder_init(&range, &empty);
    odva_range_encoder_finish(&range);
    assert_int_equal(writer.size, empty.size);
    round_trip(&grid, &all);
    odva_byte_writer_free(&writer);
    odva_byte_writer_free(&empty);
    odva_grid_free(&grid);
}

/* Whatever bytes there are, they decode to a partition that would be coded so. */
static void random_payloads(void **state)
{
    struct random random = {2};

    (void)state;
    for (int run = 0; run < 4000; run++) {
        const int gy = 1 + random_below(&random, 40), gx = 1 + random_below(&random, 40);
        struct odva_range_decoder decoder;
        uint32_t splits[MOST_SUPERBLOCKS];
        struct odva_grid grid;
        uint8_t bytes[64];
        const int size = random_below(&random, sizeof(bytes) + 1);

        for (int i = 0; i < size; i++)
            bytes[i] = run % 3 ? (uint8_t)random_below(&random, 256) : run % 2 ? 255 : 0;
        assert_int_equal(odva_grid_init(&grid, 1, 16 * gx, 16 * gy, 1), ONEDVA_OK);
        odva_range_decoder_init(&decoder, bytes, size);
        odva_partition_decode(&decoder, &grid, splits, NULL);
        for (int i = 0; i < grid.superblock_count; i++)
            assert_int_equal(splits[i], canonical(&grid, splits[i], 0, 0, grid.superblocks[i].y0,
                                                  grid.superblocks[i].x0));
        round_trip(&grid, splits);
        odva_grid_free(&grid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_grid),
        cmocka_unit_test(nothing_to_choose),
        cmocka_unit_test(random_payloads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
