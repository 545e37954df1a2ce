/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/scan.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/integers.h"
#include "model/model.h"
#include "onedva/onedva.h"

static void assert_shape(const struct odva_scan_shape *shape)
{
    ODVA_ASSERT(shape->detail >= 0 && shape->detail < ODVA_DETAILS);
    ODVA_ASSERT(shape->size >= 0 && shape->size < ODVA_TILE_SIZES);
    ODVA_ASSERT(shape->nt >= 1 && shape->nt <= ODVA_TILE_FRAMES);
    ODVA_ASSERT(shape->ny >= 1 && shape->ny <= 1 << shape->size);
    ODVA_ASSERT(shape->nx >= 1 && shape->nx <= 1 << shape->size);
}

/* ---- order ------------------------------------------------------------------------------- */

/** A patch of a tile, and where its coefficients stand among those of their k. */
struct patch {
    int32_t place;          /* in the tables */
    int32_t padded, around; /* as scan->padded and an entry's around have it */
    int t;                  /* frequency of a tile of all frames */
    int zone[2];            /* at frequency 0 of the token's frames, and at others */
};

/* Zone of a coefficient: at rest or not, wider or higher, how fine; y and x are a full tile's. */
static int zone_of(int moves, int y, int x)
{
    return 8 * moves + 4 * (x > y) + (x + y > 5 ? 3 : x + y > 2 ? 2 : x + y > 0);
}

static void list_patches(const struct odva_scan_shape *shape, struct patch *patch)
{
    const int side = 1 << shape->size;

    for (int t = 0; t < shape->nt; t++)
        for (int y = 0; y < shape->ny; y++)
            for (int x = 0; x < shape->nx; x++, patch++) {
                const int time = 4 * t / shape->nt, high = 8 * y / shape->ny,
                          wide = 8 * x / shape->nx;

                *patch = (struct patch){
                    .place = (time * side + side * y / shape->ny) * side + side * x / shape->nx,
                    .padded = ((t + 1) * (shape->ny + 1) + y + 1) * (shape->nx + 1) + x + 1,
                    .around = ((t + 1) * (shape->ny + 2) + y + 2) * (shape->nx + 2) + x + 2,
                    .t = time,
                    .zone = {zone_of(time > 0, high, wide), zone_of(1, high, wide)},
                };
            }
}

/** A coefficient on its way to its place in the scan. */
struct coefficient {
    int32_t position;
    int8_t scale; /* of the tables */
    uint8_t key;
};

/* All coefficients by position, which is also by place. */
static void list_coefficients(const struct odva_scan_shape *shape, const struct onedva_model *model,
                              const struct patch *patches, struct coefficient *list)
{
    const struct odva_model_tables *tables = &model->tables;
    const struct odva_bands *bands = &tables->bands[shape->detail];
    const struct odva_bands *all = &tables->bands[ODVA_DETAILS - 1];
    const int count = shape->nt * shape->ny * shape->nx;
    const int row_size = ODVA_TILE_FRAMES << 2 * shape->size;
    int n = 0, first = 0;

    for (int b = 0; b < ODVA_BANDS; first += all->count[b++])
        for (int row = first; row < first + bands->count[b]; row++)
            for (int i = 0; i < count; i++, n++) {
                const int place = row * row_size + patches[i].place;

                list[n] = (struct coefficient){.position = n,
                                               .scale = tables->scan_scale[shape->size][place],
                                               .key = tables->scan_key[shape->size][place]};
            }
}

static inline int rank_by_scale(const struct coefficient *c)
{
    return INT8_MAX - c->scale;
}

static inline int rank_by_key(const struct coefficient *c)
{
    return UINT8_MAX - c->key;
}

/* Stable. @param rank 0..255 */
static inline void sort_by(int (*rank)(const struct coefficient *), const struct coefficient *list,
                           struct coefficient *sorted, int count)
{
    int begin[257] = {0};

    for (int i = 0; i < count; i++)
        begin[rank(&list[i]) + 1]++;
    for (int r = 0; r < 256; r++)
        begin[r + 1] += begin[r];
    for (int i = 0; i < count; i++)
        sorted[begin[rank(&list[i])]++] = list[i];
}

static int shift_of(const struct odva_scan_shape *shape, const int8_t size_shift[20])
{
    const int side = 1 << shape->size;

    return size_shift[shape->nt - 1] + size_shift[4 + shape->ny - 1] - size_shift[4 + side - 1] +
           size_shift[12 + shape->nx - 1] - size_shift[12 + side - 1];
}

/* Entries by position. */
static void set_entries(struct odva_scan *scan, const struct odva_bands *bands,
                        const struct patch *patches)
{
    const struct odva_scan_shape *shape = &scan->shape;
    const int count = shape->nt * shape->ny * shape->nx;
    const int padded = (shape->nt + 1) * (shape->ny + 1) * (shape->nx + 1);
    const int around = (shape->nt + 1) * (shape->ny + 2) * (shape->nx + 2);
    const int32_t *index = scan->index;

    for (int band = 0, k = 1; band < ODVA_BANDS; band++)
        for (int vector = 0; vector < bands->count[band]; vector++, k++)
            for (int p = 0; p < count; p++) {
                const int i = *index++;

                scan->padded[i] = k * padded + patches[p].padded;
                scan->at[scan->padded[i]] = i;
                scan->entry[i] = (struct odva_scan_entry){
                    .scale = scan->scale[i],
                    .around = k * around + patches[p].around,
                    .group = {0, (uint16_t)(1 + 4 * band + patches[p].t), (uint16_t)(17 + vector),
                              (uint16_t)(17 + ODVA_FRAME_SAMPLES + patches[p].zone[band > 0])},
                };
            }
}

/* @param list, sorted memory for all coefficients each */
static void set_order(struct odva_scan *scan, const struct onedva_model *model,
                      struct coefficient *list, struct coefficient *sorted)
{
    const int shift = shift_of(&scan->shape, model->tables.size_shift);
    struct patch patches[ODVA_TILE_PATCHES];

    for (int i = 0; i < scan->padded_count; i++)
        scan->at[i] = scan->count;
    list_patches(&scan->shape, patches);
    list_coefficients(&scan->shape, model, patches, list);
    sort_by(rank_by_scale, list, sorted, scan->count);
    sort_by(rank_by_key, sorted, list, scan->count);
    for (int i = 0; i < scan->count; i++) {
        scan->position[i] = list[i].position;
        scan->index[list[i].position] = i;
        scan->scale[i] = (int8_t)odva_clip(list[i].scale + shift, INT8_MIN, INT8_MAX);
    }
    set_entries(scan, &model->tables.bands[scan->shape.detail], patches);
}

/* The greatest frequency of to's n whose place among 8 is not above that of f of from's. */
static void map_frequencies(int8_t *map, int from, int to)
{
    for (int f = 0; f < from; f++)
        map[f] = (int8_t)(((8 * f / from + 1) * to - 1) / 8);
}

void odva_scan_map(struct odva_scan_mapping *mapping, const struct odva_scan *from,
                   const struct odva_scan *to)
{
    ODVA_ASSERT(from->shape.nt == to->shape.nt && from->shape.detail == to->shape.detail);
    *mapping = (struct odva_scan_mapping){.from = from, .to = to};
    map_frequencies(mapping->y, from->shape.ny, to->shape.ny);
    map_frequencies(mapping->x, from->shape.nx, to->shape.nx);
}

/* ---- expectations ------------------------------------------------------------------------ */

int odva_scan_around_size(int basis)
{
    return (basis + 3) * (ODVA_TILE_FRAMES + 1) * (ODVA_SUPERBLOCK_SIDE + 2) *
           (ODVA_SUPERBLOCK_SIDE + 2);
}

void odva_scan_offsets(const struct odva_scan *scan, int offset[ODVA_SCAN_OFFSETS])
{
    const int x = 1, y = scan->shape.nx + 2, t = y * (scan->shape.ny + 2),
              k = t * (scan->shape.nt + 1);
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

/* What is expected around a coefficient, of those before it. @param scales from 1 on; 0 where there
 * is none @param magnitude of them */
static uint64_t sum_around(const uint16_t *scales, const int offset[ODVA_SCAN_OFFSETS],
                           const uint64_t magnitude[257])
{
    uint64_t nearest = 0, others = 0;

    for (int n = 0; n < ODVA_SCAN_NEAREST; n++)
        nearest += magnitude[scales[-offset[n]]];
    for (int n = ODVA_SCAN_NEAREST; n < ODVA_SCAN_OFFSETS; n++)
        others += magnitude[scales[-offset[n]]];
    return 2 * nearest + others;
}

/* Replay what decoding does to magnitudes with their expectations. @param scales all 0, at places
 * as an entry's around has them, with as many before as a k has */
static void set_expectations(struct odva_scan *scan, uint16_t *scales)
{
    uint64_t mean[ODVA_SCAN_GROUPS] = {0}, magnitudes[257] = {0};
    int offset[ODVA_SCAN_OFFSETS];

    odva_scan_offsets(scan, offset);
    start_means(scan, mean);
    for (int b = -128; b < 128; b++)
        magnitudes[b + 129] = odva_expected_magnitude(b);
    for (int i = 0; i < scan->count; i++) {
        struct odva_scan_entry *entry = &scan->entry[i];
        const uint16_t scale = (uint16_t)(scan->scale[i] + 129);
        const uint64_t magnitude = magnitudes[scale];
        for (int g = 0; g < ODVA_SCAN_MEANS; g++) {
            uint64_t *m = &mean[entry->group[g]];
            entry->expected[g] = log_expected(*m, 0);
            *m += (magnitude << 8) - (*m >> 4);
        }
        entry->around_expected =
            log_expected(sum_around(scales + entry->around, offset, magnitudes), 4);
        entry->beside = log_expected(9 * magnitude, 4);
        scales[entry->around] = scale;
    }
}

static int alloc_scan(struct odva_scan *scan)
{
    const size_t count = scan->count;

    scan->position = malloc(count * sizeof(*scan->position));
    scan->index = malloc(count * sizeof(*scan->index));
    scan->padded = malloc(count * sizeof(*scan->padded));
    scan->at = malloc(scan->padded_count * sizeof(*scan->at));
    scan->scale = malloc(count * sizeof(*scan->scale));
    scan->entry = malloc(count * sizeof(*scan->entry));
    return scan->position && scan->index && scan->padded && scan->at && scan->scale && scan->entry;
}

int odva_scan_init(struct odva_scan *scan, const struct onedva_model *model,
                   const struct odva_scan_shape *shape)
{
    const int basis = model->tables.bands[shape->detail].basis;
    struct coefficient *list, *sorted;
    uint16_t *scales;
    int status = ONEDVA_ERR_NOMEM, of_k;

    assert_shape(shape);
    *scan = (struct odva_scan){.shape = *shape};
    scan->count = basis * shape->nt * shape->ny * shape->nx;
    scan->padded_count = (basis + 2) * (shape->nt + 1) * (shape->ny + 1) * (shape->nx + 1);
    of_k = (shape->nt + 1) * (shape->ny + 2) * (shape->nx + 2);
    scan->around_count = (basis + 3) * of_k;
    scales = calloc(scan->around_count + of_k, sizeof(*scales));
    list = malloc(scan->count * sizeof(*list));
    sorted = malloc(scan->count * sizeof(*sorted));
    if (alloc_scan(scan) && scales && list && sorted) {
        set_order(scan, model, list, sorted);
        set_expectations(scan, scales + of_k);
        status = ONEDVA_OK;
    }
    free(scales);
    free(list);
    free(sorted);
    if (status < 0)
        odva_scan_free(scan);
    return status;
}

void odva_scan_free(struct odva_scan *scan)
{
    free(scan->position);
    free(scan->index);
    free(scan->padded);
    free(scan->at);
    free(scan->scale);
    free(scan->entry);
    *scan = (struct odva_scan){0};
}

const struct odva_scan *odva_scan_get(struct odva_scan_cache *cache,
                                      const struct odva_scan_shape *shape)
{
    _Atomic(struct odva_scan *) *slot;
    struct odva_scan *scan, *expected = NULL;

    ODVA_ASSERT(cache->model);
    assert_shape(shape);
    slot = &cache->scans[shape->detail][shape->size][shape->nt - 1][shape->ny - 1][shape->nx - 1];
    scan = atomic_load(slot);
    if (scan)
        return scan;
    scan = malloc(sizeof(*scan));
    if (!scan)
        return NULL;
    if (odva_scan_init(scan, cache->model, shape) < 0) {
        free(scan);
        return NULL;
    }
    if (atomic_compare_exchange_strong(slot, &expected, scan))
        return scan;
    odva_scan_free(scan); /* another thread was first */
    free(scan);
    return expected;
}

void odva_scan_cache_free(struct odva_scan_cache *cache)
{
    _Atomic(struct odva_scan *) *slot = &cache->scans[0][0][0][0][0];

    for (size_t i = 0; i < sizeof(cache->scans) / sizeof(*slot); i++) {
        struct odva_scan *scan = atomic_exchange(&slot[i], NULL);

        if (scan)
            odva_scan_free(scan);
        free(scan);
    }
}

static void free_shared(struct odva_shared *shared)
{
    odva_scan_cache_free((struct odva_scan_cache *)shared);
    free(shared);
}

struct odva_scan_cache *odva_scan_cache_of(const struct onedva_model *model)
{
    struct odva_shared *scans = atomic_load(&model->shared->scans);
    struct odva_scan_cache *cache;

    if (scans)
        return (struct odva_scan_cache *)scans;
    cache = calloc(1, sizeof(*cache));
    if (!cache)
        return NULL;
    cache->shared.free = free_shared;
    cache->model = model;
    if (atomic_compare_exchange_strong(&model->shared->scans, &scans, &cache->shared))
        return cache;
    free(cache); /* another thread was first */
    return (struct odva_scan_cache *)scans;
}
