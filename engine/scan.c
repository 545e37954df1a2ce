/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "scan.h"

#include <stdlib.h>

#include "layout.h"
#include "model.h"
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

/* Walk the full tile's order and keep the positions that occur in this shape. */
static void restrict_order(struct odva_scan *scan, const struct onedva_model *model)
{
    const struct odva_model_tables *tables = &model->tables;
    const int nt = scan->nt, ny = scan->ny, nx = scan->nx;
    const int shift = tables->size_shift[nt - 1] + tables->size_shift[4 + ny - 1] +
                      tables->size_shift[12 + nx - 1];
    int8_t t_of[ODVA_TILE_FRAMES], y_of[ODVA_TILE_SIDE], x_of[ODVA_TILE_SIDE];
    int count = 0;

    invert_frequencies(t_of, ODVA_TILE_FRAMES, nt);
    invert_frequencies(y_of, ODVA_TILE_SIDE, ny);
    invert_frequencies(x_of, ODVA_TILE_SIDE, nx);
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
        count++;
    }
}

int odva_scan_init(struct odva_scan *scan, const struct onedva_model *model, int nt, int ny, int nx)
{
    *scan = (struct odva_scan){.nt = nt, .ny = ny, .nx = nx};
    scan->count = model->config.basis * nt * ny * nx;
    scan->padded_count = (model->config.basis + 1) * (nt + 1) * (ny + 1) * (nx + 1);
    scan->position = malloc(scan->count * sizeof(*scan->position));
    scan->padded = malloc(scan->count * sizeof(*scan->padded));
    scan->scale = malloc(scan->count * sizeof(*scan->scale));
    if (!scan->position || !scan->padded || !scan->scale) {
        odva_scan_free(scan);
        return ONEDVA_ERR_NOMEM;
    }
    restrict_order(scan, model);
    return ONEDVA_OK;
}

void odva_scan_free(struct odva_scan *scan)
{
    free(scan->position);
    free(scan->padded);
    free(scan->scale);
    *scan = (struct odva_scan){0};
}

const struct odva_scan *odva_scan_get(struct odva_scan_cache *cache, int nt, int ny, int nx)
{
    struct odva_scan **slot = &cache->scans[nt - 1][ny - 1][nx - 1];

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
        for (int y = 0; y < ODVA_TILE_SIDE; y++) {
            for (int x = 0; x < ODVA_TILE_SIDE; x++) {
                if (!cache->scans[t][y][x])
                    continue;
                odva_scan_free(cache->scans[t][y][x]);
                free(cache->scans[t][y][x]);
                cache->scans[t][y][x] = NULL;
            }
        }
    }
}
