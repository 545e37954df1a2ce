/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The order of coefficients as section 4 of doc/bitstream.md says it. */
#include "bitstream/scan.h"

#include <pthread.h>
#include <stdlib.h>

#include "onedva/onedva.h"
#include "tests/support/random_model.h"

#define BASIS 7

/* What the text says of a coefficient (k, ft, fy, fx) of a tile. */
struct coefficient {
    int f[4];     /* k, ft, fy, fx */
    int band, j;  /* of k */
    int place[4]; /* row, floor(4 ft / nt), floor(S fy / ny), floor(S fx / nx) */
    int key, scale;
};

static int clip(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

static struct coefficient describe(const struct odva_model_tables *tables,
                                   const struct odva_scan_shape *shape, int position)
{
    const struct odva_bands *bands = &tables->bands[shape->detail], *all = &tables->bands[3];
    const int side = 1 << shape->size;
    struct coefficient c = {.f = {position / (shape->nx * shape->ny * shape->nt),
                                  position / (shape->nx * shape->ny) % shape->nt,
                                  position / shape->nx % shape->ny, position % shape->nx}};
    int index;

    c.j = c.f[0];
    while (c.j >= bands->count[c.band]) {
        c.j -= bands->count[c.band];
        c.place[0] += all->count[c.band++];
    }
    c.place[0] += c.j;
    c.place[1] = 4 * c.f[1] / shape->nt;
    c.place[2] = side * c.f[2] / shape->ny;
    c.place[3] = side * c.f[3] / shape->nx;
    index = ((c.place[0] * 4 + c.place[1]) * side + c.place[2]) * side + c.place[3];
    c.key = tables->scan_key[shape->size][index];
    c.scale = tables->scan_scale[shape->size][index];
    return c;
}

/* Whether a comes before b. */
static int precedes(const struct coefficient *a, const struct coefficient *b)
{
    if (a->key != b->key)
        return a->key > b->key;
    if (a->scale != b->scale)
        return a->scale > b->scale;
    for (int i = 0; i < 4; i++)
        if (a->place[i] != b->place[i])
            return a->place[i] < b->place[i];
    return 0;
}

static int cut_scale(const int8_t z[20], const struct odva_scan_shape *shape, int scale)
{
    const int side = 1 << shape->size;

    return clip(scale + z[shape->nt - 1] + z[4 + shape->ny - 1] - z[4 + side - 1] +
                    z[12 + shape->nx - 1] - z[12 + side - 1],
                -128, 127);
}

static int zone(const struct coefficient *c, const struct odva_scan_shape *shape)
{
    const int y = 8 * c->f[2] / shape->ny, x = 8 * c->f[3] / shape->nx, sum = y + x;

    return 8 * (c->band > 0 || c->place[1] > 0) + 4 * (x > y) +
           (sum == 0   ? 0
            : sum <= 2 ? 1
            : sum <= 5 ? 2
                       : 3);
}

/* Coefficients are of one mean where the text says so: the group's numbers are the engine's own. */
static void check_groups(const struct odva_scan *scan, const struct coefficient *c)
{
    const struct odva_scan_shape *shape = &scan->shape;
    int of_time[ODVA_SCAN_GROUPS], of_vector[ODVA_SCAN_GROUPS], of_zone[ODVA_SCAN_GROUPS];

    memset(of_time, -1, sizeof(of_time));
    memset(of_vector, -1, sizeof(of_vector));
    memset(of_zone, -1, sizeof(of_zone));
    for (int i = 0; i < scan->count; i++) {
        const uint16_t *group = scan->entry[i].group;
        const int meant[3] = {4 * c[i].band + c[i].place[1], c[i].j, zone(&c[i], shape)};
        int *found[3] = {&of_time[group[1]], &of_vector[group[2]], &of_zone[group[3]]};

        assert_int_equal(group[0], 0);
        for (int g = 0; g < 3; g++) {
            assert_true(group[1 + g] > 0 && group[1 + g] < ODVA_SCAN_GROUPS);
            assert_true(*found[g] < 0 || *found[g] == meant[g]);
            *found[g] = meant[g];
        }
        assert_true(group[1] < group[2] && group[2] < group[3]);
    }
}

static void check_entry(const struct odva_scan *scan, int i, const struct coefficient *c)
{
    const int nt = scan->shape.nt, ny = scan->shape.ny, nx = scan->shape.nx;

    assert_int_equal(scan->entry[i].scale, scan->scale[i]);
    assert_int_equal(scan->padded[i],
                     (((c->f[0] + 1) * (nt + 1) + c->f[1] + 1) * (ny + 1) + c->f[2] + 1) *
                             (nx + 1) +
                         c->f[3] + 1);
    assert_true(scan->padded[i] < scan->padded_count);
    assert_int_equal(scan->at[scan->padded[i]], i);
    assert_true(scan->entry[i].around >= 0 && scan->entry[i].around < scan->around_count);
}

static void check_shape(const struct onedva_model *model, const struct odva_scan_shape *shape)
{
    const int count = model->tables.bands[shape->detail].basis * shape->nt * shape->ny * shape->nx;
    struct coefficient *c = malloc(count * sizeof(*c));
    uint8_t *seen = calloc(count, 1);
    struct odva_scan scan;

    assert_non_null(c);
    assert_non_null(seen);
    assert_int_equal(odva_scan_init(&scan, model, shape), ONEDVA_OK);
    assert_int_equal(scan.count, count);
    for (int i = 0; i < count; i++) {
        assert_in_range(scan.position[i], 0, count - 1);
        assert_int_equal(seen[scan.position[i]]++, 0);
        assert_int_equal(scan.index[scan.position[i]], i);
        c[i] = describe(&model->tables, shape, scan.position[i]);
        assert_true(i == 0 || precedes(&c[i - 1], &c[i]));
        assert_int_equal(scan.scale[i], cut_scale(model->tables.size_shift, shape, c[i].scale));
        check_entry(&scan, i, &c[i]);
    }
    check_groups(&scan, c);
    odva_scan_free(&scan);
    free(seen);
    free(c);
}

typedef void (*shape_fn)(const struct onedva_model *model, const struct odva_scan_shape *shape);

static void for_each_shape(const struct onedva_model *model, int detail, int size, shape_fn fn)
{
    for (int nt = 1; nt <= 4; nt++)
        for (int ny = 1; ny <= 1 << size; ny++)
            for (int nx = 1; nx <= 1 << size; nx++)
                fn(model, &(struct odva_scan_shape){detail, size, nt, ny, nx});
}

static void every_shape(void **state)
{
    (void)state;
    for (int run = 0; run < 2; run++) {
        struct onedva_model *model = random_model_new(7 + run, BASIS);

        if (run) /* so that sums are clipped at both ends */
            for (int i = 0; i < 20; i++)
                model->tables.size_shift[i] = i % 2 ? 120 : -128;
        for (int detail = 0; detail < ODVA_DETAILS; detail++)
            for (int size = 0; size < ODVA_TILE_SIZES; size++)
                for_each_shape(model, detail, size, check_shape);
        random_model_free(model);
    }
}

/* Keys and scales that are all the same leave the order of places. */
static void places_decide(void **state)
{
    struct onedva_model *model = random_model_new(9, BASIS);

    (void)state;
    for (int size = 0; size < ODVA_TILE_SIZES; size++) {
        memset(model->tables.scan_key[size], 1, (BASIS * 4) << 2 * size);
        memset(model->tables.scan_scale[size], 2, (BASIS * 4) << 2 * size);
        for_each_shape(model, 3, size, check_shape);
    }
    random_model_free(model);
}

/* ---- the tile beside --------------------------------------------------------------------- */

/* The greatest f' of n with floor(8 f' / n) <= F. */
static int greatest_below(int f, int n)
{
    int g = n - 1;

    while (8 * g / n > f)
        g--;
    return g;
}

static void check_map(const struct odva_scan *from, const struct odva_scan *to)
{
    const struct odva_scan_shape *a = &from->shape, *b = &to->shape;
    struct odva_scan_mapping mapping;

    odva_scan_map(&mapping, from, to);
    for (int i = 0; i < from->count; i++) {
        const int x = from->position[i] % a->nx, y = from->position[i] / a->nx % a->ny;
        const int k_and_t = from->position[i] / (a->nx * a->ny);
        const int position = (k_and_t * b->ny + greatest_below(8 * y / a->ny, b->ny)) * b->nx +
                             greatest_below(8 * x / a->nx, b->nx);

        assert_int_equal(to->position[odva_scan_mapped(&mapping, i)], position);
    }
}

static const struct odva_scan *random_scan_of(struct random *random, struct odva_scan_cache *cache,
                                              int detail, int nt)
{
    const int size = random_below(random, ODVA_TILE_SIZES), side = 1 << size;
    const struct odva_scan_shape shape = {detail, size, nt, 1 + random_below(random, side),
                                          1 + random_below(random, side)};
    const struct odva_scan *scan = odva_scan_get(cache, &shape);

    assert_non_null(scan);
    return scan;
}

static void scans_map(void **state)
{
    struct onedva_model *model = random_model_new(10, BASIS);
    struct odva_scan_cache cache = {.model = model};
    struct random random = {3};

    (void)state;
    for (int run = 0; run < 2000; run++) {
        const int detail = random_below(&random, ODVA_DETAILS), nt = 1 + random_below(&random, 4);

        check_map(random_scan_of(&random, &cache, detail, nt),
                  random_scan_of(&random, &cache, detail, nt));
    }
    odva_scan_cache_free(&cache);
    random_model_free(model);
}

/* ---- cache ------------------------------------------------------------------------------- */

static void cache_keeps_scans(void **state)
{
    static const struct odva_scan_shape shape = {3, 3, 4, 8, 3};
    const struct odva_scan_shape others[] = {
        {3, 3, 4, 3, 8}, {2, 3, 4, 8, 3}, {3, 3, 3, 8, 3}, {3, 2, 4, 3, 3}};
    struct onedva_model *model = random_model_new(8, BASIS);
    struct odva_scan_cache cache = {.model = model};
    const struct odva_scan *scan = odva_scan_get(&cache, &shape);

    (void)state;
    assert_non_null(scan);
    assert_memory_equal(&scan->shape, &shape, sizeof(shape));
    assert_ptr_equal(odva_scan_get(&cache, &shape), scan);
    for (int i = 0; i < 4; i++) {
        const struct odva_scan *other = odva_scan_get(&cache, &others[i]);

        assert_ptr_not_equal(other, scan);
        assert_memory_equal(&other->shape, &others[i], sizeof(shape));
    }
    odva_scan_cache_free(&cache);
    assert_null(cache.scans[3][3][3][7][2]);
    random_model_free(model);
}

#define THREADS 6
#define SHAPES  16

struct worker {
    pthread_t thread;
    const onedva_model *model;
    const struct odva_scan_cache *cache;
    const struct odva_scan *scans[SHAPES];
};

static void *get_scans(void *opaque)
{
    struct worker *worker = opaque;
    struct odva_scan_cache *cache = odva_scan_cache_of(worker->model);

    worker->cache = cache;
    for (int i = 0; i < SHAPES; i++)
        worker->scans[i] =
            odva_scan_get(cache, &(struct odva_scan_shape){i % 4, 1, 1 + i / 4, 2, 1 + i % 2});
    return NULL;
}

/* All that use a model at once have the same scans. */
static void threads_share_scans(void **state)
{
    struct worker workers[THREADS];
    onedva_model *model;

    (void)state;
    for (int run = 0; run < 8; run++) {
        assert_int_equal(onedva_model_open(&model, NULL, NULL), ONEDVA_OK);
        for (int i = 0; i < THREADS; i++) {
            workers[i] = (struct worker){.model = model};
            assert_int_equal(pthread_create(&workers[i].thread, NULL, get_scans, &workers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        for (int i = 0; i < THREADS; i++) {
            assert_non_null(workers[i].cache);
            assert_ptr_equal(workers[i].cache, workers[0].cache);
            for (int n = 0; n < SHAPES; n++) {
                assert_non_null(workers[i].scans[n]);
                assert_ptr_equal(workers[i].scans[n], workers[0].scans[n]);
            }
        }
        onedva_model_close(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape),         cmocka_unit_test(places_decide),
        cmocka_unit_test(scans_map),           cmocka_unit_test(cache_keeps_scans),
        cmocka_unit_test(threads_share_scans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
