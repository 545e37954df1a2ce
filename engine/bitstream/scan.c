/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/scan.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/layout.h"
#include "model/model.h"
#include "onedva/onedva.h"

/* Inverse of f -> floor(full * f / n): frequency[floor(full * f / n)] = f, -1 where none lands. */
static void invert_frequencies(int8_t *frequency, int full, int n)
{
    for (int i = 0; i < full; i++)
        frequency[i] = -1;
    for (int f = 0; f < n; f++)
        frequency[full * f / n] = (int8_t)f;
}

static int8_t clip_int8(int v)
{
    return (int8_t)(v < INT8_MIN ? INT8_MIN : v > INT8_MAX ? INT8_MAX : v);
}

/* Zone of a full tile's frequencies: at rest or not, wider or higher, how fine. */
static int zone_of(int full)
{
    const int t = full >> 6 & 3, y = full >> 3 & 7, x = full & 7;

    return 8 * (t > 0) + 4 * (x > y) + (x + y > 5 ? 3 : x + y > 2 ? 2 : x + y > 0);
}

static void set_entry(struct odva_scan *scan, int i, int full, int k, int ft, int fy, int fx)
{
    const int columns = scan->nx + 2, rows = scan->ny + 2;

    scan->entry[i] = (struct odva_scan_entry){
        .scale = scan->scale[i],
        .around = (((k + 1) * (scan->nt + 1) + ft + 1) * rows + fy + 2) * columns + fx + 2,
        .group = {0, 1 + (full >> 6 & 3), 5 + k, 261 + zone_of(full)},
    };
    scan->full[i] = full;
}

/* Walk the full tile's order and keep the positions that occur in this shape. */
static void restrict_order(struct odva_scan *scan, const struct onedva_model *model)
{
    const struct odva_model_tables *tables = &model->tables;
    const int nt = scan->nt, ny = scan->ny, nx = scan->nx;
    const int shift = tables->size_shift[nt - 1] + tables->size_shift[4 + ny - 1] +
                      tables->size_shift[12 + nx - 1];
    int8_t t_of[ODVA_TILE_FRAMES], y_of[ODVA_SUPERBLOCK_SIDE], x_of[ODVA_SUPERBLOCK_SIDE];
    int count = 0;

    invert_frequencies(t_of, ODVA_TILE_FRAMES, nt);
    invert_frequencies(y_of, ODVA_SUPERBLOCK_SIDE, ny);
    invert_frequencies(x_of, ODVA_SUPERBLOCK_SIDE, nx);
    for (int i = 0; i < model->config.basis * ODVA_TILE_PATCHES; i++) {
        const int full = tables->scan_order[i];
        const int k = full >> 8;
        const int ft = t_of[full >> 6 & 3], fy = y_of[full >> 3 & 7], fx = x_of[full & 7];
        if (ft < 0 || fy < 0 || fx < 0)
            continue;
        scan->position[count] = ((k * nt + ft) * ny + fy) * nx + fx;
        scan->padded[count] =
            (((k + 1) * (nt + 1) + ft + 1) * (ny + 1) + fy + 1) * (nx + 1) + fx + 1;
        scan->scale[count] = clip_int8(tables->scan_scale[full] + shift);
        set_entry(scan, count, full, k, ft, fy, fx);
        count++;
    }
}

/* The greatest f with floor(full * f / n) <= at. */
static int lower_frequency(int at, int full, int n)
{
    return ((at + 1) * n - 1) / full;
}

/* The scan index of a full position, or else of the next lower frequencies that the shape has. */
static void set_ranks(struct odva_scan *scan, int basis)
{
    const int nt = scan->nt, ny = scan->ny, nx = scan->nx;

    for (int i = 0; i < scan->count; i++)
        scan->rank[scan->full[i]] = i;
    for (int full = 0; full < basis * ODVA_TILE_PATCHES; full++) {
        const int t = lower_frequency(full >> 6 & 3, 4, nt),
                  y = lower_frequency(full >> 3 & 7, 8, ny), x = lower_frequency(full & 7, 8, nx);

        scan->rank[full] =
            scan->rank[((full >> 8) * 4 + 4 * t / nt) * 64 + 8 * y / ny * 8 + 8 * x / nx];
    }
}

int odva_scan_around_size(int basis)
{
    return (basis + 3) * (ODVA_TILE_FRAMES + 1) * (ODVA_SUPERBLOCK_SIDE + 2) *
           (ODVA_SUPERBLOCK_SIDE + 2);
}

void odva_scan_offsets(const struct odva_scan *scan, int offset[ODVA_SCAN_OFFSETS])
{
    const int x = 1, y = scan->nx + 2, t = y * (scan->ny + 2), k = t * (scan->nt + 1);
    const int all[ODVA_SCAN_OFFSETS] = {
        x, y, t, k, 2 * x, 2 * y, y + x, k + x, k + y, k + t, t + x, t + y, 2 * k, -x, -y, -t, -k};

    for (int i = 0; i < ODVA_SCAN_OFFSETS; i++)
        offset[i] = all[i];
}

uint64_t odva_expected_magnitude(int b)
{
    static const uint16_t eighths[8] = {2048, 2233, 2435, 2656, 2896, 3158, 3444, 3756};

    return (uint64_t)eighths[b & 7] << ((b >> 3) + 16);
}

/* @param units log2 of the unit that the sum is in, over that of expected_magnitude */
static int16_t log_expected(uint64_t sum, int units)
{
    return (int16_t)(sum ? odva_log2_eighths(sum) + 8 * (units - 27) : ODVA_NOTHING_EXPECTED);
}

/* A running mean begins as if half of what it remembers had been as its first coefficient's. */
static void start_means(struct odva_scan *scan, uint64_t mean[ODVA_SCAN_GROUPS])
{
    for (int i = scan->count - 1; i >= 0; i--)
        for (int g = 0; g < ODVA_SCAN_MEANS; g++)
            mean[scan->entry[i].group[g]] = odva_expected_magnitude(scan->scale[i]) << 11;
    for (int g = 0; g < ODVA_SCAN_GROUPS; g++)
        scan->prior[g] = log_expected(mean[g], 0);
}

/* Replay what decoding does to magnitudes with their expectations. */
static void set_expectations(struct odva_scan *scan, uint64_t *around)
{
    uint64_t mean[ODVA_SCAN_GROUPS] = {0};
    int offset[ODVA_SCAN_OFFSETS];

    odva_scan_offsets(scan, offset);
    start_means(scan, mean);
    for (int i = 0; i < scan->count; i++) {
        struct odva_scan_entry *entry = &scan->entry[i];
        const uint64_t magnitude = odva_expected_magnitude(scan->scale[i]);
        for (int g = 0; g < ODVA_SCAN_MEANS; g++) {
            uint64_t *m = &mean[entry->group[g]];
            entry->expected[g] = log_expected(*m, 0);
            *m += (magnitude << 8) - (*m >> 4);
        }
        entry->around_expected = log_expected(around[entry->around], 4);
        entry->beside = log_expected(9 * magnitude, 4);
        for (int n = 0; n < ODVA_SCAN_OFFSETS; n++)
            around[entry->around + offset[n]] += n < ODVA_SCAN_NEAREST ? 2 * magnitude : magnitude;
    }
}

int odva_scan_init(struct odva_scan *scan, const struct onedva_model *model, int nt, int ny, int nx)
{
    const int full_count = model->config.basis * ODVA_TILE_PATCHES;
    uint64_t *around;

    ODVA_ASSERT(nt >= 1 && nt <= ODVA_TILE_FRAMES);
    ODVA_ASSERT(ny >= 1 && ny <= ODVA_SUPERBLOCK_SIDE);
    ODVA_ASSERT(nx >= 1 && nx <= ODVA_SUPERBLOCK_SIDE);
    *scan = (struct odva_scan){.nt = nt, .ny = ny, .nx = nx};
    scan->count = model->config.basis * nt * ny * nx;
    scan->padded_count = (model->config.basis + 1) * (nt + 1) * (ny + 1) * (nx + 1);
    scan->around_count = (model->config.basis + 3) * (nt + 1) * (ny + 2) * (nx + 2);
    scan->rank = malloc(full_count * sizeof(*scan->rank));
    scan->entry = malloc(scan->count * sizeof(*scan->entry));
    around = calloc(scan->around_count, sizeof(*around));
    scan->position = malloc(scan->count * sizeof(*scan->position));
    scan->padded = malloc(scan->count * sizeof(*scan->padded));
    scan->scale = malloc(scan->count * sizeof(*scan->scale));
    scan->full = malloc(scan->count * sizeof(*scan->full));
    if (!scan->position || !scan->padded || !scan->scale || !scan->full || !scan->rank ||
        !scan->entry || !around) {
        free(around);
        odva_scan_free(scan);
        return ONEDVA_ERR_NOMEM;
    }
    restrict_order(scan, model);
    set_ranks(scan, model->config.basis);
    set_expectations(scan, around);
    free(around);
    return ONEDVA_OK;
}

void odva_scan_free(struct odva_scan *scan)
{
    free(scan->position);
    free(scan->padded);
    free(scan->scale);
    free(scan->full);
    free(scan->entry);
    free(scan->rank);
    *scan = (struct odva_scan){0};
}

const struct odva_scan *odva_scan_get(struct odva_scan_cache *cache, int nt, int ny, int nx)
{
    struct odva_scan **slot = &cache->scans[nt - 1][ny - 1][nx - 1];

    ODVA_ASSERT(cache->model);
    ODVA_ASSERT(nt >= 1 && nt <= ODVA_TILE_FRAMES);
    ODVA_ASSERT(ny >= 1 && ny <= ODVA_SUPERBLOCK_SIDE);
    ODVA_ASSERT(nx >= 1 && nx <= ODVA_SUPERBLOCK_SIDE);
    if (*slot)
        return *slot;
    *slot = malloc(sizeof(**slot));
    if (*slot && odva_scan_init(*slot, cache->model, nt, ny, nx) < 0) {
        free(*slot);
        *slot = NULL;
    }
    return *slot;
}

void odva_scan_cache_free(struct odva_scan_cache *cache)
{
    for (int t = 0; t < ODVA_TILE_FRAMES; t++) {
        for (int y = 0; y < ODVA_SUPERBLOCK_SIDE; y++) {
            for (int x = 0; x < ODVA_SUPERBLOCK_SIDE; x++) {
                if (!cache->scans[t][y][x])
                    continue;
                odva_scan_free(cache->scans[t][y][x]);
                free(cache->scans[t][y][x]);
                cache->scans[t][y][x] = NULL;
            }
        }
    }
}
