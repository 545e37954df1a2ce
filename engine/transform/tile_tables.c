/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "transform/tile_tables.h"

#include <stdlib.h>

#include "base/integers.h"
#include "kernels/backend.h"

struct odva_tile_tables {
    struct odva_shared shared; /* of the device's weights */
    const struct onedva_model *model;
    struct odva_device *device;
    _Atomic(struct odva_tile_table *) slots[ODVA_DETAILS][ODVA_TILE_SIZES][ODVA_TILE_FRAMES]
                                           [ODVA_SUPERBLOCK_SIDE][ODVA_SUPERBLOCK_SIDE];
};

/* ---- one shape --------------------------------------------------------------------------- */

static void free_indices(struct odva_device *device, struct odva_buffer *buffer)
{
    if (buffer)
        device->ops->free_constant(device, buffer);
}

static void free_table(struct odva_device *device, struct odva_tile_table *table)
{
    if (!table)
        return;
    free_indices(device, table->order);
    free_indices(device, table->rows);
    free_indices(device, table->still_order);
    free_indices(device, table->still_rows);
    free(table->still);
    free(table);
}

static struct odva_buffer *indices_on(struct odva_device *device, const int32_t *data, int count)
{
    return device->ops->constant(device, data, count * sizeof(*data));
}

static struct odva_buffer *rows_on(struct odva_device *device, int32_t *scratch, int nt, int ny,
                                   int nx)
{
    odva_tile_rows(scratch, nt, ny, nx);
    return indices_on(device, scratch, nt * ny * nx);
}

/* The scan with k innermost, as the transform has it. */
static struct odva_buffer *order_on(struct odva_device *device, int32_t *scratch,
                                    const struct odva_scan *scan)
{
    const int patches = scan->shape.nt * scan->shape.ny * scan->shape.nx;

    for (int i = 0; i < scan->count; i++)
        scratch[i] = scan->position[i] % patches << ODVA_ORDER_BITS | scan->position[i] / patches;
    return indices_on(device, scratch, scan->count);
}

/* What of the scan pictures at rest have: band 0 at frequency 0 of time. @param vectors of band 0
 */
static struct odva_buffer *still_order_on(struct odva_device *device, int32_t *scratch,
                                          struct odva_tile_table *table,
                                          const struct odva_scan *scan, int vectors)
{
    const int places = scan->shape.ny * scan->shape.nx, patches = scan->shape.nt * places;

    for (int i = 0; i < scan->count; i++) {
        const int k = scan->position[i] / patches, place = scan->position[i] % patches;

        if (k >= vectors || place >= places)
            continue;
        scratch[table->still_count] = place << ODVA_ORDER_BITS | k;
        table->still[table->still_count++] = i;
    }
    /* a band may have no vectors, a buffer not be empty */
    return indices_on(device, scratch, odva_max(table->still_count, 1));
}

/* @return NULL when memory ran out */
static struct odva_tile_table *make_table(const struct odva_tile_tables *tables,
                                          const struct odva_scan *scan)
{
    const int nt = scan->shape.nt, ny = scan->shape.ny, nx = scan->shape.nx;
    const int vectors = tables->model->tables.bands[scan->shape.detail].count[0];
    int32_t *scratch = calloc(odva_max(scan->count, nt * ny * nx), sizeof(*scratch));
    struct odva_tile_table *table = calloc(1, sizeof(*table));

    if (table)
        table->still = malloc((size_t)odva_max(vectors, 1) * ny * nx * sizeof(*table->still));
    if (scratch && table && table->still) {
        table->still_order = still_order_on(tables->device, scratch, table, scan, vectors);
        table->order = order_on(tables->device, scratch, scan);
        table->rows = rows_on(tables->device, scratch, nt, ny, nx);
        table->still_rows = rows_on(tables->device, scratch, 1, ny, nx);
    }
    free(scratch);
    if (table && table->order && table->rows && table->still_order && table->still_rows)
        return table;
    free_table(tables->device, table);
    return NULL;
}

const struct odva_tile_table *odva_tile_table(struct odva_tile_tables *tables,
                                              const struct odva_scan *scan)
{
    const struct odva_scan_shape *shape = &scan->shape;
    _Atomic(struct odva_tile_table *) *slot =
        &tables->slots[shape->detail][shape->size][shape->nt - 1][shape->ny - 1][shape->nx - 1];
    struct odva_tile_table *table = atomic_load(slot), *expected = NULL;

    if (table)
        return table;
    table = make_table(tables, scan);
    if (!table || atomic_compare_exchange_strong(slot, &expected, table))
        return table;
    free_table(tables->device, table); /* another thread was first */
    return expected;
}

/* ---- all of a device --------------------------------------------------------------------- */

static void free_shared(struct odva_shared *shared)
{
    struct odva_tile_tables *tables = (struct odva_tile_tables *)shared;
    _Atomic(struct odva_tile_table *) *slots = &tables->slots[0][0][0][0][0];

    for (size_t i = 0; i < sizeof(tables->slots) / sizeof(*slots); i++)
        free_table(tables->device, atomic_load(&slots[i]));
    free(tables);
}

struct odva_tile_tables *odva_tile_tables_of(const struct onedva_model *model,
                                             struct odva_device *device)
{
    struct odva_device_weights *weights = odva_device_weights_of(model, device);
    struct odva_tile_tables *tables;
    struct odva_shared *before;

    if (!weights)
        return NULL;
    before = atomic_load(odva_device_shared(weights));
    if (before)
        return (struct odva_tile_tables *)before;
    tables = calloc(1, sizeof(*tables));
    if (!tables)
        return NULL;
    tables->shared.free = free_shared;
    tables->model = model;
    tables->device = device;
    if (atomic_compare_exchange_strong(odva_device_shared(weights), &before, &tables->shared))
        return tables;
    free(tables); /* another thread was first */
    return (struct odva_tile_tables *)before;
}
