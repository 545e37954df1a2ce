/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>

#include "bitstream/scan.h"
#include "onedva/onedva.h"
#include "tests/support/random_model.h"

#define BASIS 5

/* Where a coefficient of a smaller tile stands in the full one. */
static int full_position(const struct odva_scan *scan, int position)
{
    const int fx = position % scan->nx;
    const int fy = position / scan->nx % scan->ny;
    const int ft = position / (scan->nx * scan->ny) % scan->nt;
    const int k = position / (scan->nx * scan->ny * scan->nt);

    return ((k * 4 + 4 * ft / scan->nt) * 8 + 8 * fy / scan->ny) * 8 + 8 * fx / scan->nx;
}

static int padded_position(const struct odva_scan *scan, int position)
{
    const int fx = position % scan->nx;
    const int fy = position / scan->nx % scan->ny;
    const int ft = position / (scan->nx * scan->ny) % scan->nt;
    const int k = position / (scan->nx * scan->ny * scan->nt);

    return (((k + 1) * (scan->nt + 1) + ft + 1) * (scan->ny + 1) + fy + 1) * (scan->nx + 1) + fx +
           1;
}

/* The highest of a shape's n frequencies that stands at f or below among the full tile's. */
static int next_below(int f, int n, int full)
{
    int g = n - 1;

    while (full * g / n > f)
        g--;
    return g;
}

/* Each full position has the scan index of itself, or of what is next below it in every axis. */
static void check_ranks(const struct odva_scan *scan)
{
    for (int full = 0; full < BASIS * 256; full++) {
        const int k = full >> 8, ft = next_below(full >> 6 & 3, scan->nt, 4);
        const int fy = next_below(full >> 3 & 7, scan->ny, 8),
                  fx = next_below(full & 7, scan->nx, 8);

        assert_int_equal(scan->position[scan->rank[full]],
                         ((k * scan->nt + ft) * scan->ny + fy) * scan->nx + fx);
    }
}

static void check_shape(const struct onedva_model *model, const int *rank, int nt, int ny, int nx)
{
    const int count = BASIS * nt * ny * nx;
    uint8_t seen[BASIS * 256] = {0};
    struct odva_scan scan;
    int last_rank = -1;

    assert_int_equal(odva_scan_init(&scan, model, nt, ny, nx), ONEDVA_OK);
    assert_int_equal(scan.count, count);
    for (int i = 0; i < count; i++) {
        const int full = full_position(&scan, scan.position[i]);
        int scale = model->tables.scan_scale[full] + model->tables.size_shift[nt - 1] +
                    model->tables.size_shift[4 + ny - 1] + model->tables.size_shift[12 + nx - 1];
        scale = scale < -128 ? -128 : scale > 127 ? 127 : scale;
        assert_in_range(scan.position[i], 0, count - 1);
        assert_int_equal(seen[scan.position[i]]++, 0);
        assert_true(rank[full] > last_rank);
        last_rank = rank[full];
        assert_int_equal(scan.scale[i], scale);
        assert_int_equal(scan.padded[i], padded_position(&scan, scan.position[i]));
        assert_true(scan.padded[i] < scan.padded_count);
    }
    check_ranks(&scan);
    odva_scan_free(&scan);
}

static void every_shape(void **state)
{
    struct onedva_model *model = random_model_new(7, BASIS);
    int rank[BASIS * 256];

    (void)state;
    model->tables.size_shift[0] = -127;
    for (int i = 0; i < BASIS * 256; i++)
        rank[model->tables.scan_order[i]] = i;
    for (int nt = 1; nt <= 4; nt++) {
        for (int ny = 1; ny <= 8; ny++) {
            for (int nx = 1; nx <= 8; nx++)
                check_shape(model, rank, nt, ny, nx);
        }
    }
    random_model_free(model);
}

static void cache_keeps_scans(void **state)
{
    struct onedva_model *model = random_model_new(8, BASIS);
    struct odva_scan_cache cache = {.model = model};
    const struct odva_scan *scan = odva_scan_get(&cache, 4, 8, 3);

    (void)state;
    assert_non_null(scan);
    assert_int_equal(scan->nx, 3);
    assert_ptr_equal(odva_scan_get(&cache, 4, 8, 3), scan);
    assert_ptr_not_equal(odva_scan_get(&cache, 4, 3, 8), scan);
    odva_scan_cache_free(&cache);
    assert_null(cache.scans[3][7][2]);
    random_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape),
        cmocka_unit_test(cache_keeps_scans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
