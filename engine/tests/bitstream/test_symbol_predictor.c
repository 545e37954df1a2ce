/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The predictor against section 6 of doc/bitstream.md as it is written there, without tables. */
#include "bitstream/symbol_predictor.h"

#include "bitstream/logistic.h"
#include "tests/support/random_latents.h"
#include "tests/support/random_model.h"

#define BASIS      6
#define RATIOS     ODVA_PREDICTOR_RATIOS
#define MOST_TILES 400

/* What the text calls M and X of a running mean. */
struct mean {
    uint64_t m, x;
};

/* A mean for each value of what groups coefficients. */
struct means {
    struct mean all, of_time[4][4], of_vector[BASIS], of_zone[16];
};

/* A decoder as the text describes it. */
struct reference {
    struct odva_latents *latents;
    const struct odva_bands *bands; /* of the latents' detail */
    int w[ODVA_PREDICTOR_WEIGHTS][ODVA_PREDICTOR_DECISIONS];
    struct means means; /* of the tile */
    struct means last;  /* of the layer: sums of m and of E(b) >> 11 of the tile coded last */
    int place[BASIS][4][8][8]; /* scan index of (k, ft, fy, fx) in the tile, -1: outside of it */
};

static int lg(uint64_t v)
{
    int o = 0;

    if (v == 0)
        return 0;
    while (v >> o > 1)
        o++;
    return 8 * o + (int)((o >= 3 ? v >> (o - 3) : v << (3 - o)) & 7);
}

static int clip(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* >> 4 of a negative number is a floor. */
static int level(uint64_t v, int x, int qidx)
{
    return clip((int)((((lg(v) - x + qidx) * 5 + 16 * 65536) >> 4) - 65536) + 14, 1, 23);
}

static uint64_t expected(int b)
{
    static const uint64_t u[8] = {2048, 2233, 2435, 2656, 2896, 3158, 3444, 3756};

    return u[(b + 128) % 8] << ((b + 128) / 8);
}

/* m: what is seen of a coefficient. */
static int magnitude(const struct reference *r, int tile, int j)
{
    return r->latents->seen[r->latents->tiles[tile].offset + j] & 15;
}

/* Frequencies k, t, y, x of scan index i in its own tile, or in a full one. */
static void frequencies(const struct odva_scan *scan, int i, int full, int f[4])
{
    const struct odva_scan_shape *shape = &scan->shape;

    f[3] = scan->position[i] % shape->nx;
    f[2] = scan->position[i] / shape->nx % shape->ny;
    f[1] = scan->position[i] / shape->nx / shape->ny % shape->nt;
    f[0] = scan->position[i] / shape->nx / shape->ny / shape->nt;
    if (full) {
        f[1] = 4 * f[1] / shape->nt;
        f[2] = 8 * f[2] / shape->ny;
        f[3] = 8 * f[3] / shape->nx;
    }
}

/* Those of the groups that coefficient i is in. */
static void means_of(const struct reference *r, struct means *means, const struct odva_scan *scan,
                     int i, struct mean *mean[4])
{
    int f[4], sum, band = 0, j;

    frequencies(scan, i, 1, f);
    for (j = f[0]; j >= r->bands->count[band]; band++)
        j -= r->bands->count[band];
    sum = f[2] + f[3];
    mean[0] = &means->all;
    mean[1] = &means->of_time[band][f[1]];
    mean[2] = &means->of_vector[j];
    mean[3] = &means->of_zone[8 * (band > 0 || f[1] > 0) + 4 * (f[3] > f[2]) +
                              (sum == 0   ? 0
                               : sum <= 2 ? 1
                               : sum <= 5 ? 2
                                          : 3)];
}

/* Magnitudes around, and what to expect of those before i. */
static void around(const struct reference *r, int tile, int i, uint64_t *m, uint64_t *x)
{
    static const int8_t distance[17][5] = {
        {2, 0, 0, 0, -1},  {2, 0, 0, -1, 0},  {2, 0, -1, 0, 0},  {2, -1, 0, 0, 0},
        {1, 0, 0, 0, -2},  {1, 0, 0, -2, 0},  {1, -2, 0, 0, 0},  {1, 0, 0, -1, -1},
        {1, -1, 0, 0, -1}, {1, -1, 0, -1, 0}, {1, -1, -1, 0, 0}, {1, 0, -1, 0, -1},
        {1, 0, -1, -1, 0}, {1, 0, 0, 0, 1},   {1, 0, 0, 1, 0},   {1, 0, 1, 0, 0},
        {1, 1, 0, 0, 0},
    };
    const struct odva_scan *scan = r->latents->tiles[tile].scan;
    int f[4];

    *m = *x = 0;
    frequencies(scan, i, 0, f);
    for (int n = 0; n < 17; n++) {
        const int8_t *d = distance[n];
        const int k = f[0] + d[1], t = f[1] + d[2], y = f[2] + d[3], z = f[3] + d[4];
        int j;
        if (k < 0 || k >= r->bands->basis || t < 0 || t >= scan->shape.nt || y < 0 ||
            y >= scan->shape.ny || z < 0 || z >= scan->shape.nx)
            continue;
        j = r->place[k][t][y][z];
        *m += (uint64_t)(d[0] * magnitude(r, tile, j));
        if (j < i)
            *x += (uint64_t)d[0] * expected(scan->scale[j]);
    }
}

/* The greatest frequency of n that stands at F or below in a full tile. */
static int greatest_below(int f, int n)
{
    int g = n - 1;

    while (8 * g / n > f)
        g--;
    return g;
}

/* Where in its scan a tile has the coefficient of these k and ft and full frequencies y and x, or
 * what is next below it. */
static int place_beside(const struct odva_scan *scan, int k, int ft, int y, int x)
{
    const int wanted[4] = {k, ft, greatest_below(y, scan->shape.ny),
                           greatest_below(x, scan->shape.nx)};
    int g[4], j = -1;

    do {
        frequencies(scan, ++j, 0, g);
    } while (memcmp(g, wanted, sizeof(g)) != 0);
    return j;
}

/* Level from the tile that holds the patch beside; shown[] coefficients of each tile count. */
static int beside(const struct reference *r, int tile, int y, int x, int i, const int *shown)
{
    const struct odva_grid *grid = &r->latents->grid;
    const int other = y < 0 || x < 0 ? -1 : grid->tile_of[y * grid->gx + x];
    int f[4], full[4], j, m = 0;

    if (other < 0)
        return 0;
    frequencies(r->latents->tiles[tile].scan, i, 0, f);
    frequencies(r->latents->tiles[tile].scan, i, 1, full);
    j = place_beside(r->latents->tiles[other].scan, f[0], f[1], full[2], full[3]);
    if (j >= shown[other])
        return 0;
    for (int d = -3; d <= 3; d++)
        if (j + d >= 0 && j + d < shown[other])
            m += (d ? 1 : 3) * magnitude(r, other, j + d);
    return level((uint64_t)(16 * m + 1),
                 lg(9 * expected(r->latents->tiles[other].scan->scale[j])) - 184, r->latents->qidx);
}

static void rows_of(struct reference *r, int tile, int i, const int *shown, int row[1 + RATIOS])
{
    const struct odva_tile *place = &r->latents->grid.tiles[tile];
    const struct odva_scan *scan = r->latents->tiles[tile].scan;
    const int qidx = r->latents->qidx, b = scan->scale[i] - qidx + 40;
    struct mean *mean[4];
    int of[RATIOS] = {0};
    uint64_t m, x;

    means_of(r, &r->means, scan, i, mean);
    for (int n = 0; n < 4; n++)
        of[n] = level(mean[n]->m + 16, lg(mean[n]->x) - 216, qidx);
    around(r, tile, i, &m, &x);
    if (x)
        of[4] = level(16 * m + 1, lg(x) - 184, qidx);
    of[5] = beside(r, tile, place->y0 + (place->ny - 1) / 2, place->x0 - 1, i, shown);
    of[6] = beside(r, tile, place->y0 - 1, place->x0 + (place->nx - 1) / 2, i, shown);
    row[0] = clip(b < 0 ? 0 : b / 2, 0, 63);
    for (int n = 0; n < RATIOS; n++)
        row[1 + n] = 64 + (32 * n + (b < 0 ? 0 : clip(b / 4, 0, 31))) * 24 + of[n];
}

/* What a running mean begins with. @param b of its first coefficient in the tile
 * @param last sums of the tile coded last, of which there may be none */
static struct mean first_mean(const struct reference *r, int b, const struct mean *last)
{
    const int carry = last->x ? lg(16 * last->m + 4) - 32 - (lg(last->x) - 128) : -r->latents->qidx;
    struct mean mean = {0, expected(b) << 11};
    const int log = lg(mean.x) - 216 + carry;

    if (log >= 0)
        mean.m = expected(clip(log, 0, 127)) >> 27;
    return mean;
}

static void start_tile(struct reference *r, int tile)
{
    const struct odva_scan *scan = r->latents->tiles[tile].scan;
    struct mean *mean[4], *last[4];
    int f[4];

    for (int i = scan->count - 1; i >= 0; i--) {
        frequencies(scan, i, 0, f);
        r->place[f[0]][f[1]][f[2]][f[3]] = i;
        means_of(r, &r->means, scan, i, mean);
        means_of(r, &r->last, scan, i, last);
        for (int n = 0; n < 4; n++)
            *mean[n] = first_mean(r, scan->scale[i], last[n]);
    }
}

/* Let the tiles behind it know a tile's first coefficients, in place of what groups had before. */
static void end_tile(struct reference *r, int tile, int count)
{
    const struct odva_scan *scan = r->latents->tiles[tile].scan;
    struct mean *mean[4];

    for (int i = 0; i < count; i++) {
        means_of(r, &r->last, scan, i, mean);
        for (int n = 0; n < 4; n++)
            *mean[n] = (struct mean){0};
    }
    for (int i = 0; i < count; i++) {
        means_of(r, &r->last, scan, i, mean);
        for (int n = 0; n < 4; n++) {
            mean[n]->m += (uint64_t)magnitude(r, tile, i);
            mean[n]->x += expected(scan->scale[i]) >> 11;
        }
    }
}

static void note(struct reference *r, int tile, int i)
{
    const struct odva_scan *scan = r->latents->tiles[tile].scan;
    struct mean *mean[4];

    means_of(r, &r->means, scan, i, mean);
    for (int n = 0; n < 4; n++) {
        mean[n]->m = mean[n]->m - (mean[n]->m >> 4) + ((uint64_t)magnitude(r, tile, i) << 8);
        mean[n]->x = mean[n]->x - (mean[n]->x >> 4) + (expected(scan->scale[i]) << 8);
    }
}

/* Learn the decisions of a coefficient in both, and compare all that they depend on. */
static void walk_symbol(struct reference *r, struct odva_symbol_predictor *predictor, int tile,
                        int i, const int *shown)
{
    const size_t place = r->latents->tiles[tile].offset + (size_t)i;
    const int symbol = clip(abs(r->latents->q[place]), 0, 15);
    struct odva_symbol_features features;
    uint64_t changes = 0;
    int row[1 + RATIOS];

    rows_of(r, tile, i, shown, row);
    odva_symbol_features(predictor, i, &features);
    for (int f = 0; f <= RATIOS; f++)
        assert_int_equal(features.row[f] - predictor->weight, row[f]);
    for (int d = 0; d < ODVA_PREDICTOR_DECISIONS && symbol >= d; d++) {
        const int bit = symbol > d;
        int logit = 0, probability, change;
        for (int f = 0; f <= RATIOS; f++)
            logit += r->w[row[f]][d];
        assert_int_equal(odva_symbol_logit(&features, d), logit);
        probability = odva_logistic(logit);
        change = (((bit << 15) - probability + 512 + 1024 * 64) >> 10) - 64;
        for (int f = 0; f <= RATIOS; f++)
            r->w[row[f]][d] = clip(r->w[row[f]][d] + change, -32767, 32767);
        changes += odva_symbol_change(d, probability, bit);
    }
    odva_symbol_learn(predictor, &features, changes);
    if (symbol > 0)
        odva_symbol_note(predictor, i, symbol);
    r->latents->seen[place] = (uint8_t)(symbol | ODVA_CODED);
    note(r, tile, i);
}

/* Coefficients [first, end) of a tile; in one of several sweeps, those that are not 0 are coded by
 * turns, and of the others those that are left. */
static void walk_tile(struct reference *r, struct odva_symbol_predictor *predictor, int tile,
                      int first, int end, int sweep, int *shown)
{
    const struct odva_latent_tile *of = &r->latents->tiles[tile];
    const uint8_t *seen = r->latents->seen + of->offset;

    start_tile(r, tile);
    for (int i = 0; i < first; i++)
        note(r, tile, i);
    odva_symbol_predictor_start_tile(predictor, r->latents, tile, first, end);
    for (int i = first; i < end; i++) {
        if (seen[i] & ODVA_CODED || (sweep == 0 && (seen[i] || i % 3 == 0))) {
            odva_symbol_skip(predictor, i);
            note(r, tile, i);
        } else {
            walk_symbol(r, predictor, tile, i, shown);
        }
    }
    odva_symbol_predictor_end_tile(predictor, r->latents, tile, end);
    shown[tile] = end > shown[tile] ? end : shown[tile];
    end_tile(r, tile, shown[tile]);
}

static void start_layer(struct reference *r, struct odva_symbol_predictor *predictor,
                        const struct odva_model_tables *tables)
{
    odva_symbol_predictor_start_layer(predictor, tables);
    r->last = (struct means){0};
    for (int row = 0; row < ODVA_PREDICTOR_WEIGHTS; row++)
        for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++)
            r->w[row][d] = tables->symbol_weight[row][d];
}

/* What is seen at the start of a refinement: nothing, or magnitudes without their last bit. */
static void start_pass(struct odva_latents *latents, int are_seen)
{
    for (int t = 0; t < latents->grid.tile_count; t++) {
        struct odva_latent_tile *tile = &latents->tiles[t];
        const int count = odva_coefficients_of(tile, tile->tokens);
        uint8_t *seen = latents->seen + tile->offset;
        memset(seen, 0, tile->coefficients);
        tile->shown = 0;
        tile->seen_count = count;
        for (int i = 0; i < count && are_seen; i++)
            seen[i] = (uint8_t)clip(abs(latents->q[tile->offset + (size_t)i]) & ~1, 0, 15);
    }
}

/* All tiles, in layers as long as a third of each. */
static void walk_shares(struct reference *r, struct odva_symbol_predictor *predictor,
                        const struct odva_model_tables *tables)
{
    int shown[MOST_TILES] = {0};

    start_pass(r->latents, 0);
    for (int share = 0; share < 3; share++) {
        start_layer(r, predictor, tables);
        for (int i = 0; i < r->latents->grid.tile_count; i++) {
            const struct odva_latent_tile *tile = &r->latents->tiles[i];
            const int start = odva_coefficients_of(tile, tile->tokens * share / 3);
            const int end = odva_coefficients_of(tile, tile->tokens * (share + 1) / 3);
            if (end > start)
                walk_tile(r, predictor, i, start, end, 1, shown);
        }
    }
}

/* All tiles, in two sweeps of a refinement that refines; the first one is half as long. */
static void walk_sweeps(struct reference *r, struct odva_symbol_predictor *predictor,
                        const struct odva_model_tables *tables)
{
    int shown[MOST_TILES] = {0};

    start_pass(r->latents, 1);
    for (int sweep = 0; sweep < 2; sweep++) {
        start_layer(r, predictor, tables);
        for (int tile = 0; tile < r->latents->grid.tile_count; tile++) {
            const int count =
                odva_coefficients_of(&r->latents->tiles[tile], r->latents->tiles[tile].tokens);
            if (count > 1)
                walk_tile(r, predictor, tile, 0, sweep ? count : count / 2, sweep, shown);
        }
    }
}

/* Weights of every size; scales and quantisers from end to end. */
static void extreme_tables(struct random *random, struct odva_model_tables *tables, int width)
{
    for (int row = 0; row < ODVA_PREDICTOR_WEIGHTS; row++) {
        for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
            const int kind = random_below(random, 4);
            tables->symbol_weight[row][d] =
                (int16_t)(kind == 0   ? 32767 - random_below(random, 64)
                          : kind == 1 ? -32767 + random_below(random, 64)
                                      : random_below(random, 2 * width + 1) - width);
        }
    }
    for (int size = 0; size < ODVA_TILE_SIZES; size++)
        for (int i = 0; i < (BASIS * 4) << 2 * size; i++)
            tables->scan_scale[size][i] = (int8_t)(random_below(random, 256) - 128);
}

static void as_the_text_says(void **state)
{
    static const int sizes[][3] = {{16, 300, 270}, {3, 129, 128}, {1, 16, 16}, {9, 200, 140}};
    static struct reference reference;
    struct random random = {11};

    (void)state;
    for (int run = 0; run < 24; run++) {
        struct onedva_model *model = random_model_new(200 + run, BASIS);
        struct odva_scan_cache scans = {.model = model};
        struct odva_symbol_predictor predictor;
        struct odva_latents latents = {0};
        struct odva_layer_plan layer_plan;
        const int *size = sizes[run % 4];

        if (run >= 8)
            extreme_tables(&random, &model->tables, run >= 16 ? 32767 : 4096);
        assert_int_equal(odva_symbol_predictor_init(&predictor, BASIS), ONEDVA_OK);
        random_latents(&random, &latents, &scans, size[0], size[1], size[2], &layer_plan, 1);
        if (run % 3 == 0)
            latents.qidx = run % 2 ? ONEDVA_MAX_QIDX : ONEDVA_MIN_QIDX;
        reference.latents = &latents;
        reference.bands = &model->tables.bands[latents.detail];
        walk_shares(&reference, &predictor, &model->tables);
        walk_sweeps(&reference, &predictor, &model->tables);
        odva_latents_free(&latents);
        odva_symbol_predictor_free(&predictor);
        odva_scan_cache_free(&scans);
        random_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_text_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
