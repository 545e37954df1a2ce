/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The partition that is chosen, against all that there are. */
#include "rate/partition_choice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/backend.h"
#include "rate/bit_cost.h"
#include "tests/support/random_coder.h"
#include "tests/support/trained_tables.h"

#define BASIS 4
#define MOST  4096 /* partitions of a superblock */

struct bench {
    struct coder coder;
    struct odva_backend *backend;
    struct odva_rate_distortion rd;
    struct odva_partition_choice choice;
    float *y; /* of the partition chosen */
};

static void bench_open(struct bench *bench, uint64_t seed, int thorough, double masking)
{
    memset(bench, 0, sizeof(*bench));
    coder_open(&bench->coder, seed, BASIS, 1, 0);
    use_trained_tables(bench->coder.model);
    assert_int_equal(odva_backend_open(&bench->backend, ONEDVA_BACKEND_CPU, 2, 1,
                                       ONEDVA_PRECISION_BFLOAT16, NULL),
                     ONEDVA_OK);
    assert_int_equal(
        odva_rate_distortion_init(&bench->rd, bench->coder.model, bench->backend, 0, thorough),
        ONEDVA_OK);
    bench->rd.masking = masking;
}

static void bench_close(struct bench *bench)
{
    odva_partition_choice_free(&bench->choice);
    odva_rate_distortion_free(&bench->rd);
    odva_backend_close(&bench->backend);
    coder_close(&bench->coder);
    free(bench->y);
}

/* Coefficients of each level as their scales announce, times a gain of each tile: the sizes that
 * are best change from place to place. */
static void make_levels(struct bench *bench, struct random *random, int frames, int gy, int gx)
{
    const struct odva_clip_size size = {frames, 16 * gx, 16 * gy};
    struct odva_latents *latents = &bench->coder.latents;
    const int detail = ODVA_DETAILS - 1;

    assert_int_equal(odva_latents_set_size(latents, &bench->coder.scans, detail, size), ONEDVA_OK);
    assert_int_equal(
        odva_partition_choice_set_size(&bench->choice, &bench->coder.scans, detail, size),
        ONEDVA_OK);
    free(bench->y);
    bench->y = malloc(odva_latents_count(latents) * sizeof(*bench->y));
    assert_non_null(bench->y);
    for (int l = 0; l < ODVA_TILE_SIZES; l++) {
        struct odva_tile_level *level = &bench->choice.level[l];

        for (int i = 0; i < level->latents.grid.tile_count; i++) {
            const struct odva_latent_tile *tile = &level->latents.tiles[i];
            const double gain = exp2(3 * random_unit(random) - 3);
            for (int c = 0; c < tile->coefficients; c++) {
                const double u = random_unit(random) - 0.5;
                level->y[tile->offset + c] = (float)(gain * exp2(tile->scan->scale[c] / 8.0) *
                                                     copysign(log(1 - 2 * fabs(u)), u));
            }
        }
    }
}

/* What the partition of a superblock costs: its tiles as in the levels, and a bit for each node
 * that is free. */
static void add_node(const struct bench *bench, uint32_t splits, int level, int index, int y, int x,
                     double split_cost, struct odva_tile_cost *sum)
{
    const struct odva_tile_level *whole = &bench->choice.level[level];
    const struct odva_grid *grid = &whole->latents.grid;
    const int half = 4 >> level;

    if (y >= grid->gy || x >= grid->gx)
        return;
    if (level < 3 && odva_grid_node(grid, level, y, x) == ODVA_NODE_FREE) {
        sum->cost += split_cost;
        sum->bits += ODVA_BIT;
    }
    if (level == 3 || (odva_grid_node(grid, level, y, x) == ODVA_NODE_FREE &&
                       !(splits & odva_split_bit(level, index)))) {
        const struct odva_tile_cost *cost = &whole->costs[grid->tile_of[y * grid->gx + x]];
        sum->cost += cost->cost;
        sum->bits += cost->bits;
        return;
    }
    for (int i = 0; i < 4; i++)
        add_node(bench, splits, level + 1, 4 * index + i, y + i / 2 * half, x + i % 2 * half,
                 split_cost, sum);
}

/* All partitions of a node, each behind those of what comes before it in base. @return how many */
static int list_partitions(const struct odva_grid *grid, int level, int index, int y, int x,
                           const uint32_t *base, int count, uint32_t *out)
{
    const int half = 4 >> level;
    uint32_t *split, *next;
    int found = 0;

    if (level == 3 || odva_grid_node(grid, level, y, x) == ODVA_NODE_OUTSIDE) {
        memcpy(out, base, count * sizeof(*out));
        return count;
    }
    split = malloc(MOST * sizeof(*split));
    next = malloc(MOST * sizeof(*next));
    assert_non_null(split);
    assert_non_null(next);
    if (odva_grid_node(grid, level, y, x) == ODVA_NODE_FREE) {
        memcpy(out, base, count * sizeof(*out));
        found = count;
        for (int i = 0; i < count; i++)
            split[i] = base[i] | odva_split_bit(level, index);
    } else {
        memcpy(split, base, count * sizeof(*split));
    }
    for (int i = 0; i < 4; i++) {
        count = list_partitions(grid, level + 1, 4 * index + i, y + i / 2 * half, x + i % 2 * half,
                                split, count, next);
        memcpy(split, next, count * sizeof(*split));
    }
    assert_true(found + count <= MOST);
    memcpy(out + found, split, count * sizeof(*split));
    free(split);
    free(next);
    return found + count;
}

/* Bits of a partition's tiles and nodes, which no other partition of the superblock has cheaper. */
static int64_t check_superblock(const struct bench *bench, int index, double lambda)
{
    static uint32_t all[MOST];
    const uint32_t none = 0;
    const struct odva_grid *grid = &bench->coder.latents.grid;
    const struct odva_superblock *superblock = &grid->superblocks[index];
    const double weight = bench->rd.masking > 0 ? bench->rd.weight[index] : 1;
    const int count = list_partitions(grid, 0, 0, superblock->y0, superblock->x0, &none, 1, all);
    struct odva_tile_cost chosen = {0};
    int is_listed = 0;

    add_node(bench, bench->coder.latents.splits[index], 0, 0, superblock->y0, superblock->x0,
             lambda * weight, &chosen);
    for (int i = 0; i < count; i++) {
        struct odva_tile_cost other = {0};
        add_node(bench, all[i], 0, 0, superblock->y0, superblock->x0, lambda * weight, &other);
        assert_true(chosen.cost <= other.cost + 1e-9 * fabs(other.cost));
        is_listed |= all[i] == bench->coder.latents.splits[index];
    }
    assert_true(is_listed);
    return chosen.bits;
}

/* The tiles chosen have what their levels have. */
static void check_tiles(const struct bench *bench)
{
    const struct odva_latents *latents = &bench->coder.latents;

    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_tile *place = &latents->grid.tiles[i];
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const struct odva_tile_level *level = &bench->choice.level[3 - place->size];
        const struct odva_grid *grid = &level->latents.grid;
        const struct odva_latent_tile *same =
            &level->latents.tiles[grid->tile_of[place->y0 * grid->gx + place->x0]];

        assert_int_equal(tile->coefficients, same->coefficients);
        assert_int_equal(tile->offset, same->offset);
        assert_int_equal(tile->tokens, same->tokens);
        assert_int_equal(tile->length[0], same->tokens);
        assert_memory_equal(bench->y + tile->offset, level->y + same->offset,
                            tile->coefficients * sizeof(*bench->y));
        assert_memory_equal(latents->q + tile->offset, level->latents.q + same->offset,
                            tile->coefficients * sizeof(*latents->q));
    }
}

/* @return number of sizes that the partition has tiles of */
static int check_choice(struct bench *bench, double index)
{
    struct odva_latents *latents = &bench->coder.latents;
    const double step = exp2(index / 8), lambda = ODVA_LAMBDA * step * step;
    int64_t bits, expected = 0;
    unsigned sizes = 0;

    assert_int_equal(
        odva_partition_choice_run(&bench->choice, &bench->rd, index, latents, bench->y, &bits),
        ONEDVA_OK);
    assert_int_equal(latents->qidx, odva_qidx_of(index));
    assert_int_equal(latents->layers, 1);
    for (int i = 0; i < latents->grid.superblock_count; i++)
        expected += check_superblock(bench, i, lambda);
    assert_int_equal(bits, expected);
    check_tiles(bench);
    for (int i = 0; i < latents->grid.tile_count; i++)
        sizes |= 1u << latents->grid.tiles[i].size;
    return __builtin_popcount(sizes);
}

/* Sizes of which a superblock has few enough partitions to try them all. */
static void cheapest_of_all(void **state)
{
    static const int sizes[][2] = {{1, 1}, {2, 1}, {1, 8},  {3, 3},
                                   {4, 4}, {5, 4}, {4, 11}, {3, 17}};
    struct random random = {5};
    struct bench bench;
    int mixed = 0;

    (void)state;
    for (int run = 0; run < 4; run++) {
        bench_open(&bench, 700 + run, run % 2, run / 2);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            make_levels(&bench, &random, 1 + random_below(&random, 16), sizes[i][0], sizes[i][1]);
            for (int n = 0; n < 4; n++)
                mixed += check_choice(&bench, -30 + 15 * n - random_unit(&random)) > 1;
        }
        bench_close(&bench);
    }
    assert_in_range(mixed, 20, 128);
}

/* Tiles of one size are not cheaper than the partition. */
static void check_uniform(const struct bench *bench, int index, double lambda)
{
    static const uint32_t splits[] = {0, 0x1, 0x1f, ODVA_ALL_SPLIT};
    const struct odva_superblock *superblock = &bench->coder.latents.grid.superblocks[index];
    struct odva_tile_cost chosen = {0};

    add_node(bench, bench->coder.latents.splits[index], 0, 0, superblock->y0, superblock->x0,
             lambda, &chosen);
    for (int i = 0; i < 4; i++) {
        struct odva_tile_cost other = {0};
        add_node(bench, splits[i], 0, 0, superblock->y0, superblock->x0, lambda, &other);
        assert_true(chosen.cost <= other.cost + 1e-9 * fabs(other.cost));
    }
}

/* A large picture: never dearer than tiles that are all of one size; the packet holds it. */
static void large_picture(void **state)
{
    struct random random = {6};
    struct bench bench;
    struct onedva_clip clip;

    (void)state;
    bench_open(&bench, 800, 0, 0);
    make_levels(&bench, &random, 16, 19, 21);
    for (int qidx = -30; qidx < 20; qidx += 10) {
        struct odva_latents *latents = &bench.coder.latents;
        const struct odva_latents *got = &bench.coder.decoder.latents;
        int64_t bits;

        assert_int_equal(
            odva_partition_choice_run(&bench.choice, &bench.rd, qidx, latents, bench.y, &bits),
            ONEDVA_OK);
        check_tiles(&bench);
        for (int i = 0; i < latents->grid.superblock_count; i++)
            check_uniform(&bench, i, ODVA_LAMBDA * exp2(qidx / 4.0));
        odva_layer_plan_init(&bench.coder.layer_plan, 1, qidx, odva_tile_tokens(BASIS));
        bench.coder.stream.width = 16 * 21;
        bench.coder.stream.height = 16 * 19;
        assert_int_equal(odva_packet_encoder_write(&bench.coder.encoder, latents,
                                                   &bench.coder.layer_plan, NULL,
                                                   &bench.coder.stream, NULL),
                         ONEDVA_OK);
        assert_int_equal(odva_packet_decoder_read(&bench.coder.decoder,
                                                  bench.coder.encoder.packet.data,
                                                  bench.coder.encoder.packet.size, &clip),
                         ONEDVA_OK);
        assert_int_equal(got->grid.tile_count, latents->grid.tile_count);
        for (int i = 0; i < latents->grid.superblock_count; i++)
            assert_int_equal(got->splits[i], latents->splits[i]);
        for (int i = 0; i < latents->grid.tile_count; i++) {
            const struct odva_latent_tile *tile = &latents->tiles[i];
            assert_int_equal(got->tiles[i].tokens, tile->tokens);
            assert_memory_equal(got->q + tile->offset, latents->q + tile->offset,
                                odva_coefficients_of(tile, tile->tokens) * sizeof(*got->q));
        }
    }
    bench_close(&bench);
}

/* With a bound of tokens no superblock keeps more, however it is cut. @return tiles */
static int check_bound(struct bench *bench, int max_tokens)
{
    struct odva_latents *latents = &bench->coder.latents;
    int kept[4] = {0}, most = 0;
    int64_t bits;

    bench->rd.max_tokens = max_tokens;
    assert_int_equal(
        odva_partition_choice_run(&bench->choice, &bench->rd, -40, latents, bench->y, &bits),
        ONEDVA_OK);
    for (int i = 0; i < latents->grid.tile_count; i++)
        kept[latents->grid.tiles[i].superblock] +=
            odva_coefficients_of(&latents->tiles[i], latents->tiles[i].tokens);
    for (int i = 0; i < 4; i++)
        most = kept[i] > most ? kept[i] : most;
    assert_in_range(most, 1, max_tokens * ODVA_LATENT_TOKEN);
    return latents->grid.tile_count;
}

static void tokens_are_bounded(void **state)
{
    struct random random = {7};
    struct bench bench;

    (void)state;
    bench_open(&bench, 900, 0, 0);
    make_levels(&bench, &random, 16, 16, 16);
    assert_int_equal(check_bound(&bench, 1), 4);
    for (int max_tokens = 2; max_tokens < 16; max_tokens++)
        check_bound(&bench, max_tokens);
    assert_true(check_bound(&bench, 20) > 16);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cheapest_of_all),
        cmocka_unit_test(large_picture),
        cmocka_unit_test(tokens_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
