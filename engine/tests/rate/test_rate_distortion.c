/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rate/rate_distortion.h"
#include "tests/support/backend.h"
#include "tests/support/random_coder.h"
#include "tests/support/trained_tables.h"
#include "transform/quantiser.h"

#define BASIS 8

/* A coder, and coefficients that fall along the scan. */
struct bench {
    struct coder coder;
    struct odva_rate_distortion rd;
    float *y;
};

static void bench_open(struct bench *bench, uint64_t seed, int layers, int max_tokens, int thorough)
{
    coder_open(&bench->coder, seed, BASIS, layers, 0);
    use_trained_tables(bench->coder.model);
    assert_int_equal(odva_rate_distortion_init(&bench->rd, bench->coder.model, test_threads(2),
                                               max_tokens, thorough),
                     ONEDVA_OK);
    bench->y = NULL;
}

static void bench_close(struct bench *bench)
{
    odva_rate_distortion_free(&bench->rd);
    coder_close(&bench->coder);
    free(bench->y);
}

/* Coefficients of the magnitude that the scan's scales announce, times a gain of each tile.
 * @param is_split whether the partition is random, else there are no splits */
static void make_coefficients(struct bench *bench, struct random *random, int frames, int width,
                              int height, int is_split)
{
    struct odva_latents *latents = &bench->coder.latents;

    bench->coder.stream.width = (uint32_t)width;
    bench->coder.stream.height = (uint32_t)height;
    assert_int_equal(odva_latents_set_size(latents, &bench->coder.scans, ODVA_DETAILS - 1,
                                           (struct odva_clip_size){frames, width, height}),
                     ONEDVA_OK);
    if (is_split)
        random_partition(random, latents);
    free(bench->y);
    bench->y = malloc(odva_latents_count(latents) * sizeof(*bench->y));
    assert_non_null(bench->y);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const double gain = exp2(2 * random_unit(random) - 2);
        for (int c = 0; c < tile->coefficients; c++) {
            const double u = random_unit(random) - 0.5;
            bench->y[tile->offset + c] = (float)(gain * exp2(tile->scan->scale[c] / 8.0) *
                                                 copysign(log(1 - 2 * fabs(u)), u));
        }
    }
}

/* Squared error of the latents as they are, from the dequantiser that decoders use. */
static double measure_distortion(const struct bench *bench)
{
    const struct odva_latents *latents = &bench->coder.latents;
    int32_t *decoded = malloc((odva_latents_held(latents) + 1) * sizeof(*decoded));
    const int32_t *next = decoded;
    double distortion = 0;

    assert_non_null(decoded);
    odva_dequantise_latents(latents, &bench->coder.model->tables, decoded);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const int held = odva_coefficients_of(tile, tile->tokens);
        for (int c = 0; c < tile->coefficients; c++) {
            const double y = c < held ? *next++ / (double)ODVA_LATENT_UNITS : 0;
            distortion += (bench->y[tile->offset + c] - y) * (bench->y[tile->offset + c] - y);
        }
    }
    free(decoded);
    return distortion;
}

static size_t measure_bytes(struct bench *bench)
{
    odva_layer_plan_init(&bench->coder.layer_plan, 1, 0, 8 * BASIS);
    assert_int_equal(odva_packet_encoder_write(&bench->coder.encoder, &bench->coder.latents,
                                               &bench->coder.layer_plan, NULL, &bench->coder.stream,
                                               NULL),
                     ONEDVA_OK);
    return bench->coder.encoder.payloads.size;
}

/* Choices are made by an estimate without what tiles beside and learning give: it is near what the
 * packet takes, on coefficients as their scales announce. */
static void cost_is_near(void **state)
{
    struct random random = {1};
    struct bench bench;
    int64_t bits;

    (void)state;
    for (int run = 0; run < 48; run++) {
        const int layers = 1 + run % 6;
        bench_open(&bench, 300 + run, layers, run % 5 == 4 ? 9 : 0, run % 2);
        make_coefficients(&bench, &random, 1 + random_below(&random, 16),
                          1 + random_below(&random, 400), 1 + random_below(&random, 300),
                          run % 4 > 1);
        for (int qidx = -36; qidx < 40; qidx += 9) {
            double estimate, actual;
            odva_rate_distortion_run(&bench.rd, &bench.coder.latents, bench.y, qidx, NULL, &bits,
                                     NULL);
            estimate = bits / (double)ODVA_BIT;
            actual = 8.0 * measure_bytes(&bench);
            assert_true(actual <= 1.1 * estimate + 500);
            assert_true(actual >= 0.9 * estimate - 200);
        }
        bench_close(&bench);
    }
}

static double joint_cost(struct bench *bench, double lambda)
{
    return measure_distortion(bench) + lambda * 8.0 * (double)measure_bytes(bench);
}

/* The sum of what the tiles cost is what all cost. */
static void tile_costs_add_up(void **state)
{
    struct random random = {5};
    struct bench bench;
    int64_t bits;

    (void)state;
    for (int run = 0; run < 8; run++) {
        const int qidx = -30 + 7 * run;
        const double step = odva_quantiser_step(qidx);
        struct odva_tile_cost *costs, sum = {0};
        double distortion = 0;
        int count;

        bench_open(&bench, 700 + run, 1, 0, run % 2);
        make_coefficients(&bench, &random, 16, 300, 200, 1);
        count = bench.coder.latents.grid.tile_count;
        costs = malloc(count * sizeof(*costs));
        assert_non_null(costs);
        odva_rate_distortion_run(&bench.rd, &bench.coder.latents, bench.y, qidx, NULL, &bits,
                                 costs);
        for (int i = 0; i < count; i++) {
            sum.cost += costs[i].cost;
            sum.bits += costs[i].bits;
        }
        assert_int_equal(sum.bits, bits);
        for (size_t i = 0; i < odva_latents_count(&bench.coder.latents); i++)
            distortion -= (double)bench.y[i] * bench.y[i];
        for (int i = 0; i < count; i++) {
            const struct odva_latent_tile *tile = &bench.coder.latents.tiles[i];
            const int held = odva_coefficients_of(tile, tile->tokens);
            memset(bench.coder.latents.q + tile->offset + held, 0,
                   (tile->coefficients - held) * sizeof(*bench.coder.latents.q));
        }
        distortion += measure_distortion(&bench);
        assert_true(fabs(sum.cost - distortion - ODVA_LAMBDA * step * step * bits / ODVA_BIT) <
                    1e-3 * fabs(distortion));
        free(costs);
        bench_close(&bench);
    }
}

/* With a single tile no other length is better than the chosen one, but for what the estimate
 * misses. */
static void length_is_best(void **state)
{
    struct random random = {2};
    struct bench bench;
    int64_t bits;

    (void)state;
    for (int run = 0; run < 12; run++) {
        const int qidx = -30 + 4 * run;
        const double step = odva_quantiser_step(qidx);
        const double lambda = ODVA_LAMBDA * step * step;
        struct odva_latent_tile *tile;
        double best, tolerance;
        int chosen;
        bench_open(&bench, 400 + run, 1 + run % 3, 0, 0);
        make_coefficients(&bench, &random, 16, 128, 128, 0);
        odva_rate_distortion_run(&bench.rd, &bench.coder.latents, bench.y, qidx, NULL, &bits, NULL);
        tile = bench.coder.latents.tiles;
        chosen = tile->tokens;
        best = joint_cost(&bench, lambda);
        tolerance = lambda * (0.05 * 8.0 * (double)measure_bytes(&bench) + 16 * 3);
        for (int n = 0; n < chosen; n++) {
            tile->tokens = tile->length[0] = n;
            assert_true(joint_cost(&bench, lambda) >= best - tolerance);
        }
        bench_close(&bench);
    }
}

static void max_tokens_bounds_lengths(void **state)
{
    struct random random = {3};
    struct bench bench;
    int64_t bits;

    (void)state;
    for (int max_tokens = 1; max_tokens < 50; max_tokens += 7) {
        int reached = 0;
        bench_open(&bench, 500, 1, max_tokens, 0);
        make_coefficients(&bench, &random, 16, 300, 200, max_tokens > 16);
        odva_rate_distortion_run(&bench.rd, &bench.coder.latents, bench.y, -64, NULL, &bits, NULL);
        for (int i = 0; i < bench.coder.latents.grid.tile_count; i++) {
            const int limit = odva_token_limit(bench.coder.latents.grid.tiles[i].size, max_tokens);
            assert_in_range(bench.coder.latents.tiles[i].tokens, 0, limit);
            reached |= bench.coder.latents.tiles[i].tokens == limit;
        }
        assert_true(reached);
        bench_close(&bench);
    }
}

/* Trying two levels for each coefficient lowers the joint cost. */
static void thorough_is_better(void **state)
{
    struct random random = {4};
    double cost[2] = {0};
    struct bench bench;
    int64_t bits;

    (void)state;
    for (int run = 0; run < 16; run++) {
        const int qidx = -30 + 3 * (run / 2);
        const double step = odva_quantiser_step(qidx);
        random.state = (uint64_t)run / 2;
        bench_open(&bench, 600, 1, 0, run % 2);
        make_coefficients(&bench, &random, 16, 256, 256, run / 2 % 2);
        odva_rate_distortion_run(&bench.rd, &bench.coder.latents, bench.y, qidx, NULL, &bits, NULL);
        cost[run % 2] += joint_cost(&bench, ODVA_LAMBDA * step * step) / (step * step);
        bench_close(&bench);
    }
    assert_true(cost[1] < cost[0]);
}

/* D = 2^(qidx/8); a level never exceeds what an escape can hold. */
static void quantiser(void **state)
{
    const float dead_zone = 0.25f;

    (void)state;
    for (int qidx = -64; qidx <= 63; qidx++) {
        const float step = odva_quantiser_step(qidx);
        assert_true(fabs(step / exp2(qidx / 8.0) - 1) < 1e-7);
        assert_int_equal(odva_quantise(0, 1 / step, dead_zone), 0);
        assert_int_equal(odva_quantise(step * 0.74f, 1 / step, dead_zone), 0);
        assert_int_equal(odva_quantise(step * 0.76f, 1 / step, dead_zone), 1);
        assert_int_equal(odva_quantise(step * 6.74f, 1 / step, dead_zone), 6);
        assert_int_equal(odva_quantise(1e30f, 1 / step, dead_zone), ODVA_MAX_LEVEL);
        assert_int_equal(odva_quantise(INFINITY, 1 / step, dead_zone), ODVA_MAX_LEVEL);
        assert_int_equal(odva_quantise(NAN, 1 / step, dead_zone), ODVA_MAX_LEVEL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cost_is_near),       cmocka_unit_test(tile_costs_add_up),
        cmocka_unit_test(length_is_best),     cmocka_unit_test(max_tokens_bounds_lengths),
        cmocka_unit_test(thorough_is_better), cmocka_unit_test(quantiser),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
