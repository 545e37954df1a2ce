/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The partition that is chosen, and what of it is predicted, against all that there are. */
#include "rate/partition_choice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rate/activity_mask.h"
#include "rate/bit_cost.h"
#include "tests/support/backend.h"
#include "tests/support/random_coder.h"
#include "tests/support/trained_tables.h"

#define BASIS           4
#define MOST            4096 /* partitions of a superblock */
#define PREDICTION_BITS (ODVA_BIT / 2)

/* Splits of a superblock whose tiles are all of a level. */
static const uint32_t uniform[ODVA_TILE_SIZES] = {0, 0x1, 0x1f, ODVA_ALL_SPLIT};

/* A clip all in tiles of one size, as it is [0] and less its prediction [1]. */
struct level {
    struct odva_latents latents; /* size and partition */
    float *y[2];
    double *energy[2]; /* of each tile, beside its squares: 0 of [0] */
    int32_t *q[2];
    struct odva_tile_cost *costs[2]; /* with what the prediction and saying so cost */
    int *tokens[2];
    int *is_wanted[2]; /* by the source, where that is noted */
};

struct bench {
    struct coder coder;
    struct odva_rate_distortion rd;
    struct odva_partition_choice choice;
    struct odva_tile_source source;
    struct level level[ODVA_TILE_SIZES];
    float *y;       /* of the partition chosen */
    double *weight; /* of each superblock's bits */
    int calls;      /* of the source until it fails; -1: it never does */
    int notes;      /* whether tiles that are wanted of the source are noted */
};

/* ---- the source -------------------------------------------------------------------------- */

/* The level that a strip is cut like. */
static struct level *level_of(struct bench *bench, const struct odva_latents *strip)
{
    int l = 0;

    while (uniform[l] != strip->splits[0])
        l++;
    assert_in_range(l, 0, ODVA_TILE_SIZES - 1);
    for (int i = 0; i < strip->grid.superblock_count; i++)
        assert_int_equal(strip->splits[i], uniform[l]);
    return &bench->level[l];
}

/* The tile of a clip that a strip of it begins with. */
static int first_tile(const struct odva_grid *clip, int64_t first_patch)
{
    int i = 0;

    while (clip->tiles[i].first_patch < first_patch)
        i++;
    assert_int_equal(clip->tiles[i].first_patch, first_patch);
    return i;
}

/* Let a call of the source fail now and then. */
static int next_call(struct bench *bench)
{
    if (bench->calls == 0)
        return ONEDVA_ERR_NOMEM;
    bench->calls -= bench->calls > 0;
    return ONEDVA_OK;
}

static void note_wanted(const struct bench *bench, const struct level *level,
                        const struct odva_latents *strip, int64_t first_patch, int p)
{
    int *is_wanted = level->is_wanted[p] + first_tile(&level->latents.grid, first_patch);

    for (int i = 0; i < strip->grid.tile_count && bench->notes; i++)
        is_wanted[i] = !strip->tiles[i].is_left_out;
}

static int transform(void *opaque, const struct odva_latents *strip, int64_t first_patch, float *y)
{
    struct bench *bench = opaque;
    const struct level *level = level_of(bench, strip);

    note_wanted(bench, level, strip, first_patch, 0);

    memcpy(y, level->y[0] + first_patch * strip->basis, odva_latents_count(strip) * sizeof(*y));
    return next_call(bench);
}

static int subtract(void *opaque, const struct odva_latents *strip, int64_t first_patch,
                    const float *y, float *difference, double *energy)
{
    struct bench *bench = opaque;
    const struct level *level = level_of(bench, strip);
    const size_t offset = first_patch * strip->basis, count = odva_latents_count(strip);

    note_wanted(bench, level, strip, first_patch, 1);
    assert_memory_equal(y, level->y[0] + offset, count * sizeof(*y));
    memcpy(difference, level->y[1] + offset, count * sizeof(*y));
    memcpy(energy, level->energy[1] + first_tile(&level->latents.grid, first_patch),
           strip->grid.tile_count * sizeof(*energy));
    return next_call(bench);
}

/* ---- levels ------------------------------------------------------------------------------ */

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    assert_non_null(memory);
    return memory;
}

static void free_level(struct level *level)
{
    odva_latents_free(&level->latents);
    for (int p = 0; p < 2; p++) {
        free(level->y[p]);
        free(level->energy[p]);
        free(level->q[p]);
        free(level->costs[p]);
        free(level->tokens[p]);
        free(level->is_wanted[p]);
    }
    *level = (struct level){0};
}

static void cut_uniformly(struct odva_latents *latents, int level)
{
    for (int i = 0; i < latents->grid.superblock_count; i++)
        latents->splits[i] = uniform[level];
    odva_latents_set_partition(latents);
}

static void init_level(struct bench *bench, int index, struct odva_clip_size size)
{
    struct level *level = &bench->level[index];
    size_t count, tiles;

    free_level(level);
    assert_int_equal(
        odva_latents_set_size(&level->latents, &bench->coder.scans, ODVA_DETAILS - 1, size),
        ONEDVA_OK);
    cut_uniformly(&level->latents, index);
    count = odva_latents_count(&level->latents);
    tiles = level->latents.grid.tile_count;
    for (int p = 0; p < 2; p++) {
        level->y[p] = take(count, sizeof(*level->y[p]));
        level->q[p] = take(count, sizeof(*level->q[p]));
        level->energy[p] = take(tiles, sizeof(*level->energy[p]));
        level->costs[p] = take(tiles, sizeof(*level->costs[p]));
        level->tokens[p] = take(tiles, sizeof(*level->tokens[p]));
        level->is_wanted[p] = take(tiles, sizeof(*level->is_wanted[p]));
    }
}

/* Coefficients as their scales announce, times a gain of each tile: the sizes that are best change
 * from place to place. What the prediction leaves of a tile is less than all of it, or more. */
static void fill_level(struct level *level, struct random *random)
{
    for (int i = 0; i < level->latents.grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &level->latents.tiles[i];
        const double gain = exp2(3 * random_unit(random) - 3);
        const double left = exp2(2 * random_unit(random) - 1.5);

        for (int c = 0; c < tile->coefficients; c++) {
            const double u = random_unit(random) - 0.5, v = random_unit(random) - 0.5;
            const double size = gain * exp2(tile->scan->scale[c] / 8.0);
            const float y = (float)(size * copysign(log(1 - 2 * fabs(u)), u));
            const float d = (float)(left * size * copysign(log(1 - 2 * fabs(v)), v));

            level->y[0][tile->offset + c] = y;
            level->y[1][tile->offset + c] = d;
            level->energy[1][i] += (double)d * d - (double)y * y;
        }
    }
}

/* What the tiles of a row of superblocks cost. */
static void measure_strip(struct bench *bench, struct level *level, int index, int row, int p,
                          double qidx)
{
    const struct odva_grid *grid = &level->latents.grid;
    const int superblock = row * grid->superblocks_x;
    const int64_t patch = grid->superblocks[superblock].first_patch;
    const int first = first_tile(grid, patch), top = row * 128;
    const double bit = odva_rate_distortion_lambda(qidx);
    const struct odva_clip_size size = {grid->frames, grid->width,
                                        grid->height - top < 128 ? grid->height - top : 128};
    struct odva_latents strip = {0};
    int64_t bits;

    assert_int_equal(odva_latents_set_size(&strip, &bench->coder.scans, ODVA_DETAILS - 1, size),
                     ONEDVA_OK);
    cut_uniformly(&strip, index);
    assert_int_equal(odva_rate_distortion_run(&bench->rd, &strip, level->y[p] + patch * strip.basis,
                                              qidx, bench->weight + superblock, &bits,
                                              level->costs[p] + first),
                     ONEDVA_OK);
    memcpy(level->q[p] + patch * strip.basis, strip.q,
           odva_latents_count(&strip) * sizeof(*strip.q));
    for (int i = 0; i < strip.grid.tile_count; i++) {
        struct odva_tile_cost *cost = &level->costs[p][first + i];
        const double weight = bench->weight[superblock + strip.grid.tiles[i].superblock];

        level->tokens[p][first + i] = strip.tiles[i].tokens;
        cost->cost += level->energy[p][first + i];
        if (bench->source.subtract) {
            cost->cost += bit * weight * PREDICTION_BITS;
            cost->bits += PREDICTION_BITS;
        }
    }
    odva_latents_free(&strip);
}

/* Weights of superblocks, and costs of all levels' tiles. */
static void measure_levels(struct bench *bench, double qidx)
{
    const struct odva_grid *grid = &bench->coder.latents.grid;

    free(bench->weight);
    bench->weight = take(grid->superblock_count, sizeof(*bench->weight));
    odva_activity_measure(&bench->level[0].latents, bench->level[0].y[0], bench->weight);
    odva_activity_weights(bench->weight, grid->superblock_count, bench->choice.masking);
    for (int l = 0; l < ODVA_TILE_SIZES; l++)
        for (int row = 0; row < grid->superblocks_y; row++)
            for (int p = 0; p < 2; p++)
                measure_strip(bench, &bench->level[l], l, row, p, qidx);
}

/* ---- the bench --------------------------------------------------------------------------- */

static void bench_open(struct bench *bench, uint64_t seed, int thorough, double masking,
                       int predicts)
{
    memset(bench, 0, sizeof(*bench));
    coder_open(&bench->coder, seed, BASIS, 1, 0);
    use_trained_tables(bench->coder.model);
    assert_int_equal(
        odva_rate_distortion_init(&bench->rd, bench->coder.model, test_threads(2), 0, thorough),
        ONEDVA_OK);
    bench->choice.masking = masking;
    bench->source = (struct odva_tile_source){bench, transform, predicts ? subtract : NULL};
    bench->calls = -1;
}

static void bench_close(struct bench *bench)
{
    odva_partition_choice_free(&bench->choice);
    odva_rate_distortion_free(&bench->rd);
    coder_close(&bench->coder);
    for (int l = 0; l < ODVA_TILE_SIZES; l++)
        free_level(&bench->level[l]);
    free(bench->y);
    free(bench->weight);
}

static void make_levels(struct bench *bench, struct random *random, int frames, int width,
                        int height)
{
    const struct odva_clip_size size = {frames, width, height};
    struct odva_latents *latents = &bench->coder.latents;

    assert_int_equal(odva_latents_set_size(latents, &bench->coder.scans, ODVA_DETAILS - 1, size),
                     ONEDVA_OK);
    bench->coder.stream.width = (uint32_t)width;
    bench->coder.stream.height = (uint32_t)height;
    free(bench->y);
    bench->y = take(odva_latents_count(latents), sizeof(*bench->y));
    for (int l = 0; l < ODVA_TILE_SIZES; l++) {
        init_level(bench, l, size);
        fill_level(&bench->level[l], random);
    }
}

/* Choose. @return bits */
static int64_t choose(struct bench *bench, double index)
{
    struct odva_latents *latents = &bench->coder.latents;
    int64_t bits;

    assert_int_equal(odva_partition_choice_run(&bench->choice, &bench->rd, &bench->coder.scans,
                                               &bench->source, index, latents, bench->y, &bits),
                     ONEDVA_OK);
    assert_int_equal(latents->qidx, odva_qidx_of(index));
    assert_int_equal(latents->layers, 1);
    assert_int_equal(latents->is_inter, bench->source.subtract != NULL);
    return bits;
}

/* ---- all partitions ---------------------------------------------------------------------- */

/* Whether a level's tile is cheaper when it is predicted. */
static int is_cheaper_predicted(const struct bench *bench, const struct level *level, int tile)
{
    return bench->source.subtract && level->costs[1][tile].cost < level->costs[0][tile].cost;
}

/* What the partition of a superblock costs: its tiles as in the levels, each as it costs less, and
 * a bit for each node that is free. */
static void add_node(const struct bench *bench, uint32_t splits, int level, int index, int y, int x,
                     double split_cost, struct odva_tile_cost *sum)
{
    const struct level *whole = &bench->level[level];
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
        const int tile = grid->tile_of[y * grid->gx + x];
        const struct odva_tile_cost *cost =
            &whole->costs[is_cheaper_predicted(bench, whole, tile)][tile];

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
    const double split_cost = lambda * bench->weight[index];
    const int count = list_partitions(grid, 0, 0, superblock->y0, superblock->x0, &none, 1, all);
    struct odva_tile_cost chosen = {0};
    int is_listed = 0;

    add_node(bench, bench->coder.latents.splits[index], 0, 0, superblock->y0, superblock->x0,
             split_cost, &chosen);
    for (int i = 0; i < count; i++) {
        struct odva_tile_cost other = {0};
        add_node(bench, all[i], 0, 0, superblock->y0, superblock->x0, split_cost, &other);
        assert_true(chosen.cost <= other.cost + 1e-9 * fabs(other.cost));
        is_listed |= all[i] == bench->coder.latents.splits[index];
    }
    assert_true(is_listed);
    return chosen.bits;
}

/* All tokens of a tile say the same of its prediction. */
static void check_predicted(const struct odva_latents *latents, int tile, int is_predicted)
{
    const struct odva_tile *place = &latents->grid.tiles[tile];

    assert_int_equal(odva_tile_is_predicted(latents, tile), is_predicted);
    for (int y = place->y0; y < place->y0 + place->ny; y++)
        for (int x = place->x0; x < place->x0 + place->nx; x++)
            assert_int_equal((latents->predicted[place->superblock] & odva_token_bit(y, x)) != 0,
                             is_predicted);
}

/* The tiles chosen have what their levels have, predicted where that is cheaper.
 * @return how many are predicted */
static int check_tiles(const struct bench *bench)
{
    const struct odva_latents *latents = &bench->coder.latents;
    int predicted = 0;

    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_tile *place = &latents->grid.tiles[i];
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const struct level *level = &bench->level[3 - place->size];
        const struct odva_grid *grid = &level->latents.grid;
        const int index = grid->tile_of[place->y0 * grid->gx + place->x0];
        const struct odva_latent_tile *same = &level->latents.tiles[index];
        const int p = is_cheaper_predicted(bench, level, index);

        check_predicted(latents, i, p);
        assert_int_equal(tile->coefficients, same->coefficients);
        assert_int_equal(tile->offset, same->offset);
        assert_int_equal(tile->tokens, level->tokens[p][index]);
        assert_int_equal(tile->length[0], level->tokens[p][index]);
        assert_memory_equal(bench->y + tile->offset, level->y[p] + same->offset,
                            tile->coefficients * sizeof(*bench->y));
        assert_memory_equal(latents->q + tile->offset, level->q[p] + same->offset,
                            odva_coefficients_of(tile, tile->tokens) * sizeof(*latents->q));
        for (int c = 0; c < tile->coefficients; c++)
            assert_int_equal(latents->seen[tile->offset + c], ODVA_CODED);
        predicted += p;
    }
    return predicted;
}

static void check_weights(const struct bench *bench)
{
    const double *weights = odva_partition_choice_weights(&bench->choice);

    if (bench->choice.masking == 0) {
        assert_null(weights);
        return;
    }
    for (int i = 0; i < bench->coder.latents.grid.superblock_count; i++)
        assert_true(fabs(weights[i] / bench->weight[i] - 1) < 1e-12);
}

/** What partitions are made of. */
struct variety {
    int mixed;            /* partitions of several sizes */
    int tiles, predicted; /* of all of them */
};

static void check_choice(struct bench *bench, double index, struct variety *variety)
{
    struct odva_latents *latents = &bench->coder.latents;
    const double step = exp2(index / 8), lambda = ODVA_LAMBDA * step * step;
    const int64_t bits = choose(bench, index);
    int64_t expected = 0;
    unsigned sizes = 0;

    measure_levels(bench, index);
    check_weights(bench);
    for (int i = 0; i < latents->grid.superblock_count; i++)
        expected += check_superblock(bench, i, lambda);
    assert_int_equal(bits, expected);
    variety->predicted += check_tiles(bench);
    variety->tiles += latents->grid.tile_count;
    for (int i = 0; i < latents->grid.tile_count; i++)
        sizes |= 1u << latents->grid.tiles[i].size;
    variety->mixed += __builtin_popcount(sizes) > 1;
}

/* Sizes of which a superblock has few enough partitions to try them all, of one row of superblocks
 * and of several. */
static void cheapest_of_all(void **state)
{
    static const int sizes[][2] = {{1, 1},  {2, 1},  {1, 8}, {3, 3},  {4, 4},  {5, 4},
                                   {4, 11}, {3, 17}, {9, 1}, {10, 4}, {19, 3}, {25, 2}};
    struct variety variety[2] = {{0}};
    struct random random = {5};
    struct bench bench;

    (void)state;
    for (int run = 0; run < 8; run++) {
        const int predicts = run / 4;

        bench_open(&bench, 700 + run, run % 2, run / 2 % 2, predicts);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            make_levels(&bench, &random, 1 + random_below(&random, 16),
                        16 * sizes[i][1] - random_below(&random, 16),
                        16 * sizes[i][0] - random_below(&random, 16));
            for (int n = 0; n < 4; n++)
                check_choice(&bench, -30 + 15 * n - random_unit(&random), &variety[predicts]);
        }
        bench_close(&bench);
    }
    assert_int_equal(variety[0].predicted, 0);
    assert_in_range(variety[1].predicted, variety[1].tiles / 5, variety[1].tiles * 4 / 5);
    for (int predicts = 0; predicts < 2; predicts++)
        assert_in_range(variety[predicts].mixed, 40, 192);
}

/* Tiles of one size are not cheaper than the partition. */
static void check_uniform(const struct bench *bench, int index, double lambda)
{
    const struct odva_superblock *superblock = &bench->coder.latents.grid.superblocks[index];
    struct odva_tile_cost chosen = {0};

    add_node(bench, bench->coder.latents.splits[index], 0, 0, superblock->y0, superblock->x0,
             lambda, &chosen);
    for (int i = 0; i < ODVA_TILE_SIZES; i++) {
        struct odva_tile_cost other = {0};
        add_node(bench, uniform[i], 0, 0, superblock->y0, superblock->x0, lambda, &other);
        assert_true(chosen.cost <= other.cost + 1e-9 * fabs(other.cost));
    }
}

/* The packet holds what was chosen. */
static void check_packet(struct bench *bench)
{
    struct odva_latents *latents = &bench->coder.latents;
    const struct odva_latents *got = &bench->coder.decoder.latents;
    struct onedva_clip clip;

    odva_layer_plan_init(&bench->coder.layer_plan, 1, latents->qidx, odva_tile_tokens(BASIS));
    assert_int_equal(odva_packet_encoder_write(&bench->coder.encoder, latents,
                                               &bench->coder.layer_plan, NULL, &bench->coder.stream,
                                               NULL),
                     ONEDVA_OK);
    assert_int_equal(odva_packet_decoder_read(&bench->coder.decoder,
                                              bench->coder.encoder.packet.data,
                                              bench->coder.encoder.packet.size, &clip),
                     ONEDVA_OK);
    assert_int_equal(got->is_inter, latents->is_inter);
    assert_int_equal(got->grid.tile_count, latents->grid.tile_count);
    for (int i = 0; i < latents->grid.superblock_count; i++)
        assert_int_equal(got->splits[i], latents->splits[i]);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];

        assert_int_equal(odva_tile_is_predicted(got, i), odva_tile_is_predicted(latents, i));
        assert_int_equal(got->tiles[i].tokens, tile->tokens);
        assert_memory_equal(got->q + tile->offset, latents->q + tile->offset,
                            odva_coefficients_of(tile, tile->tokens) * sizeof(*got->q));
    }
}

/* A large picture, an inter clip and then a key clip: never dearer than tiles that are all of one
 * size; the packet holds it. */
static void large_picture(void **state)
{
    struct random random = {6};
    struct bench bench;

    (void)state;
    bench_open(&bench, 800, 0, 0, 1);
    make_levels(&bench, &random, 16, 16 * 21, 16 * 19);
    for (int predicts = 1; predicts >= 0; predicts--) {
        bench.source.subtract = predicts ? subtract : NULL;
        for (int qidx = -30; qidx < 20; qidx += 10) {
            struct odva_latents *latents = &bench.coder.latents;

            choose(&bench, qidx);
            measure_levels(&bench, qidx);
            assert_int_equal(check_tiles(&bench) > 0, predicts);
            for (int i = 0; i < latents->grid.superblock_count; i++)
                check_uniform(&bench, i, ODVA_LAMBDA * exp2(qidx / 4.0));
            check_packet(&bench);
        }
    }
    bench_close(&bench);
}

/* With a bound of tokens no superblock keeps more, however it is cut. @return tiles */
static int check_bound(struct bench *bench, int max_tokens)
{
    struct odva_latents *latents = &bench->coder.latents;
    int kept[4] = {0}, most = 0;

    bench->rd.max_tokens = max_tokens;
    choose(bench, -40);
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
    for (int predicts = 0; predicts < 2; predicts++) {
        bench_open(&bench, 900, 0, 0, predicts);
        make_levels(&bench, &random, 16, 16 * 16, 16 * 16);
        assert_int_equal(check_bound(&bench, 1), 4);
        for (int max_tokens = 2; max_tokens < 16; max_tokens++)
            check_bound(&bench, max_tokens);
        assert_true(check_bound(&bench, 20) > 16);
        bench_close(&bench);
    }
}

/* All tiles are as large as asked, but where the picture ends, or where a bound of tokens keeps
 * them from being cut. */
static void size_is_as_asked(void **state)
{
    struct random random = {9};
    struct bench bench;

    (void)state;
    for (int predicts = 0; predicts < 2; predicts++) {
        bench_open(&bench, 950, 0, 0, predicts);
        make_levels(&bench, &random, 16, 16 * 21, 16 * 19);
        bench.choice.prunes = 1;
        for (int size = 0; size < 4; size++) {
            const struct odva_grid *grid = &bench.coder.latents.grid;
            int whole = 0;

            bench.choice.tile_size = 16 << size;
            choose(&bench, -10);
            for (int i = 0; i < grid->tile_count; i++) {
                assert_true(grid->tiles[i].size <= size);
                whole += grid->tiles[i].nx == 1 << size && grid->tiles[i].ny == 1 << size;
            }
            assert_int_equal(whole, (21 >> size) * (19 >> size));
            check_packet(&bench);
        }
        bench.rd.max_tokens = 1;
        choose(&bench, -40);
        assert_int_equal(bench.coder.latents.grid.tiles[0].size, 3);
        bench_close(&bench);
    }
}

/* What the source gives is given back, whichever call fails. */
static void source_fails(void **state)
{
    struct random random = {8};
    struct bench bench;
    int64_t bits;
    int calls = 0;

    (void)state;
    bench_open(&bench, 950, 0, 1, 1);
    make_levels(&bench, &random, 4, 16 * 3, 16 * 9);
    for (int status = ONEDVA_ERR_NOMEM; status < 0; calls++) {
        bench.calls = calls;
        status = odva_partition_choice_run(&bench.choice, &bench.rd, &bench.coder.scans,
                                           &bench.source, 0, &bench.coder.latents, bench.y, &bits);
        assert_int_equal(status, calls < 18 ? ONEDVA_ERR_NOMEM : ONEDVA_OK);
    }
    /* of two rows: once for weights, four sizes as they are and predicted */
    assert_int_equal(calls, 2 * (1 + 4 * 2) + 1);
    bench_close(&bench);
}

/* Splits of a node's quarters that may be split themselves; the node's first token is (y, x). */
static uint32_t quarter_splits(int level, int y, int x)
{
    uint32_t splits = 0;
    int index = 0;

    for (int l = 0; l < level; l++)
        index = 4 * index + 2 * (y >> (2 - l) & 1) + (x >> (2 - l) & 1);
    for (int i = 0; i < 4 && level < ODVA_TILE_SIZES - 2; i++)
        splits |= odva_split_bit(level + 1, 4 * index + i);
    return splits;
}

/* A tile is tried where none of its quarters is split in the end: where it was not, they are.
 * @return tiles that were left out */
static int check_wanted(const struct bench *bench, int index)
{
    const struct level *level = &bench->level[index];
    int left_out = 0;

    for (int i = 0; i < level->latents.grid.tile_count; i++) {
        const struct odva_tile *tile = &level->latents.grid.tiles[i];
        const uint32_t splits = bench->coder.latents.splits[tile->superblock];

        if (tile->size != ODVA_TILE_SIZES - 1 - index) { /* of a node that is implied */
            assert_int_equal(level->is_wanted[0][i], 0);
            continue;
        }
        assert_int_equal(level->is_wanted[0][i],
                         !(splits & quarter_splits(index, tile->y0 % 8, tile->x0 % 8)));
        assert_true(!bench->source.subtract || level->is_wanted[1][i] == level->is_wanted[0][i]);
        left_out += !level->is_wanted[0][i];
    }
    return left_out;
}

/* With pruning large tiles are left out where smaller ones speak against them. */
static void pruned(void **state)
{
    struct random random = {9};
    struct bench bench;
    int left_out = 0;

    (void)state;
    for (int predicts = 0; predicts < 2; predicts++) {
        bench_open(&bench, 960, 0, predicts, predicts);
        bench.choice.prunes = bench.notes = 1;
        for (int run = 0; run < 8; run++) {
            make_levels(&bench, &random, 9, 16 * 21 - run, 16 * 19 + 16 * run);
            choose(&bench, -30 + 5 * run);
            for (int l = 0; l < ODVA_TILE_SIZES; l++)
                left_out += check_wanted(&bench, l);
            check_packet(&bench);
        }
        bench_close(&bench);
    }
    assert_in_range(left_out, 200, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cheapest_of_all),    cmocka_unit_test(large_picture),
        cmocka_unit_test(tokens_are_bounded), cmocka_unit_test(size_is_as_asked),
        cmocka_unit_test(source_fails),       cmocka_unit_test(pruned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
