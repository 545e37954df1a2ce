/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The CPU backend's operators of the linear path: pictures to coefficients, latents to pictures. */
#include <math.h>
#include <string.h>

#include "base/integers.h"
#include "base/thread_pool.h"
#include "kernels/cpu/cpu_tasks.h"
#include "kernels/cpu/image.h"
#include "kernels/cpu/patches.h"
#include "kernels/cpu/wide.h"

#define SAMPLES ODVA_FRAME_SAMPLES
#define PATCH   ODVA_PATCH_SAMPLES
#define ROWS    4 /* patches of a product */
#define GROUPS  4 /* of ROWS, in a task */

/* What a sum of project is in: 1/8 of a sample's step times 1/16384, of 127.5 steps. */
#define SUM_UNIT (1.0f / (127.5f * 8 * 16384))

/* ---- projection -------------------------------------------------------------------------- */

struct project_job {
    const struct odva_cpu_backend *cpu;
    struct odva_matrix coefs;
    const struct odva_grid *grid;
    const struct onedva_const_picture *pictures;
    const int32_t *position;
    int64_t count;
    const struct odva_basis *basis;
    const struct odva_bands *bands;
    int is_wide;
};

/** What a worker needs for ROWS patches. */
struct project_scratch {
    union odva_cpu_samples samples;
    int16_t bands[ROWS][ODVA_BANDS][SAMPLES];
    int32_t sums[ROWS][SAMPLES];
};

/* A patch's bands. */
static void split_patch(const struct project_job *job, struct project_scratch *s, int16_t *bands,
                        int32_t position)
{
    const struct odva_cpu_operators *operators = job->cpu->operators;

    odva_cpu_read_samples(s->samples.bytes, job->is_wide ? 2 : 1, job->grid, job->pictures,
                          position);
    if (job->is_wide)
        operators->wide->split_bands(bands, s->samples.words, job->basis->mean);
    else
        operators->split_bands(bands, s->samples.bytes, job->basis->mean);
}

static void project_rows(const struct project_job *job, struct project_scratch *s, int64_t first,
                         int rows)
{
    const struct odva_cpu_operators *operators = job->cpu->operators;
    int done = 0;

    for (int r = 0; r < rows; r++)
        split_patch(job, s, s->bands[r][0], job->position[first + r]);
    for (int b = 0; b < ODVA_BANDS; done += job->bands->count[b++]) {
        const int count = job->bands->count[b];
        const struct odva_cpu_pairs product = {
            .dst = s->sums[0],
            .dst_stride = SAMPLES,
            .src = s->bands[0][b],
            .src_stride = PATCH,
            .rows = rows,
            .weights = job->basis->forward,
            .weight_outputs = job->basis->outputs,
            .pairs = SAMPLES / 2,
            .outputs = odva_cpu_round_up(count, ODVA_CPU_PAIR_OUTPUTS),
        };

        operators->multiply_pairs(&product);
        for (int r = 0; r < rows; r++) {
            float *coefs = odva_cpu_row(job->coefs, first + r) + done;

            for (int j = 0; j < count; j++)
                coefs[j] = SUM_UNIT * (float)s->sums[r][j];
        }
    }
}

static void project_task(void *opaque, int64_t index, int worker)
{
    const struct project_job *job = opaque;
    struct project_scratch *scratch = (void *)odva_cpu_scratch_of(job->cpu, worker);
    const int64_t end = odva_min64((index + 1) * GROUPS * ROWS, job->count);

    for (int64_t first = index * GROUPS * ROWS; first < end; first += ROWS)
        project_rows(job, scratch, first, (int)odva_min64(ROWS, end - first));
}

int odva_cpu_backend_project(struct odva_backend *backend, struct odva_matrix coefs,
                             const struct odva_grid *grid, struct odva_image *const *images,
                             const struct odva_buffer *position, int64_t first, int64_t count,
                             const struct odva_basis *basis, const struct odva_bands *bands)
{
    struct onedva_const_picture sources[ONEDVA_MAX_CLIP_FRAMES];
    struct project_job job = {.cpu = odva_cpu_backend_of(backend),
                              .coefs = coefs,
                              .grid = grid,
                              .pictures = sources,
                              .position = odva_cpu_indices(position) + first,
                              .count = count,
                              .basis = basis,
                              .bands = bands,
                              .is_wide = odva_cpu_is_wide(images[0])};
    const int status = odva_cpu_reserve_scratch(odva_cpu_backend_of(backend),
                                                sizeof(struct project_scratch) / sizeof(float));

    if (status < 0)
        return status;
    odva_cpu_sources(sources, images, grid->frames);
    odva_cpu_run(backend, odva_ceil_div64(count, GROUPS * ROWS), project_task, &job);
    return ONEDVA_OK;
}

/* ---- reconstruction ---------------------------------------------------------------------- */

struct reconstruct_job {
    const struct odva_cpu_backend *cpu;
    const struct onedva_picture *pictures;
    const struct odva_grid *grid;
    const int32_t *latents;
    const struct odva_basis *basis;
    const struct odva_bands *bands;
    const struct odva_dct_tile *tiles;
    const struct onedva_const_picture *prediction;
    int is_wide;
};

/** A tile at work. Of the basis only those pairs of vectors take part of which it has something. */
struct tile {
    const struct odva_dct_tile *tile;
    int16_t pair[ODVA_BANDS][SAMPLES / 2];
    int pairs[ODVA_BANDS];
    int begin[ODVA_BANDS];            /* of the bands' columns */
    int columns;                      /* of all pairs, rounded up */
    int16_t column[ODVA_MOST_COEFS];  /* of k */
    uint8_t place[ODVA_TILE_PATCHES]; /* whether something is there */
    int most_t, most_y, most_x;       /* highest frequencies */
    int is_at_rest;                   /* all tokens' frames are the same */
    int32_t *data, *other;            /* [nt][ny][nx][columns] */
    int32_t sums[ROWS][ODVA_BANDS][SAMPLES];
    int16_t mean[SAMPLES]; /* of a patch that is predicted */
    union odva_cpu_samples samples;
};

static int most_columns(const struct odva_bands *bands)
{
    return odva_cpu_round_up(bands->basis + ODVA_BANDS, ODVA_CPU_PAIR_OUTPUTS);
}

/* @param used by k, [most_columns] */
static void choose_columns(struct tile *t, const struct odva_bands *bands, const uint8_t *used)
{
    int columns = 0;

    for (int b = 0, k = 0; b < ODVA_BANDS; b++) {
        const int end = k + bands->count[b];

        t->begin[b] = columns;
        t->pairs[b] = 0;
        for (int p = 0; k < end; p++, k += 2) {
            if (!used[k] && !(k + 1 < end && used[k + 1]))
                continue;
            t->pair[b][t->pairs[b]++] = (int16_t)p;
            t->column[k] = (int16_t)columns++;
            if (k + 1 < end)
                t->column[k + 1] = (int16_t)columns;
            columns++;
        }
        k = end;
    }
    t->columns = odva_cpu_round_up(columns, ODVA_CPU_PAIR_OUTPUTS);
}

static void find_extent(struct tile *t)
{
    const int ny = t->tile->ny, nx = t->tile->nx, patches = t->tile->nt * ny * nx;

    t->most_t = t->most_y = t->most_x = 0;
    for (int i = 0; i < patches; i++) {
        if (!t->place[i])
            continue;
        t->most_t = odva_max(t->most_t, i / (ny * nx));
        t->most_y = odva_max(t->most_y, i / nx % ny);
        t->most_x = odva_max(t->most_x, i % nx);
    }
}

/* Latents to [nt][ny][nx][columns]. */
static void spread_latents(struct tile *t, const struct odva_bands *bands, const int32_t *latents)
{
    const int32_t *order = odva_cpu_indices(t->tile->order);
    const int patches = t->tile->nt * t->tile->ny * t->tile->nx;
    uint8_t used[ODVA_MOST_COEFS] = {0};

    memset(t->place, 0, patches);
    for (int i = 0; i < t->tile->coefficients; i++) {
        used[order[i] & ODVA_ORDER_MASK] |= latents[i] != 0;
        t->place[order[i] >> ODVA_ORDER_BITS] |= latents[i] != 0;
    }
    choose_columns(t, bands, used);
    find_extent(t);
    memset(t->data, 0, (size_t)patches * t->columns * sizeof(*t->data));
    for (int i = 0; i < t->tile->coefficients; i++)
        if (latents[i])
            t->data[(size_t)(order[i] >> ODVA_ORDER_BITS) * t->columns +
                    t->column[order[i] & ODVA_ORDER_MASK]] = latents[i];
}

static void swap(struct tile *t)
{
    int32_t *data = t->data;

    t->data = t->other;
    t->other = data;
}

/* Along x, y and t; of tokens that are all the same only the first one is made. */
static void transform(struct tile *t, const struct odva_cpu_backend *cpu)
{
    const int nt = t->tile->nt, ny = t->tile->ny, nx = t->tile->nx;
    const int64_t row = (int64_t)nx * t->columns, plane = ny * row;
    const int32_t(*matrices)[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX] = cpu->dct->exact;

    for (int i = 0; i <= t->most_t; i++)
        for (int j = 0; j <= t->most_y; j++)
            cpu->operators->inverse_transform(t->other + i * plane + j * row,
                                              t->data + i * plane + j * row, matrices[nx], nx,
                                              t->most_x + 1, t->columns);
    swap(t);
    for (int i = 0; i <= t->most_t; i++)
        cpu->operators->inverse_transform(t->other + i * plane, t->data + i * plane, matrices[ny],
                                          ny, t->most_y + 1, row);
    swap(t);
    cpu->operators->inverse_transform(t->other, t->data, matrices[nt], t->most_t > 0 ? nt : 1,
                                      t->most_t + 1, plane);
    swap(t);
}

/* Columns in 1/4 of a sample's step, over data itself. @return them */
static const int16_t *round_columns(struct tile *t, int64_t count)
{
    int16_t *c = (int16_t *)t->other;

    for (int64_t i = 0; i < count; i++)
        c[i] = (int16_t)odva_clip((t->data[i] + 4) >> 3, INT16_MIN, INT16_MAX);
    return c;
}

/* Place in the grid of a tile's patch, as it is in the clip's first frames. */
static int32_t place_of(const struct odva_grid *grid, const struct odva_dct_tile *tile, int index)
{
    const int y = index / tile->nx % tile->ny, x = index % tile->nx;

    return (tile->y0 + y) * grid->gx + tile->x0 + x;
}

/* What is added to the sums of a patch's frames, in 1/8 of a sample's step. */
static const int16_t *mean_of(const struct reconstruct_job *job, struct tile *t, int index)
{
    union odva_cpu_samples *samples = &t->samples; /* which are not made yet */

    if (!t->tile->is_predicted)
        return job->basis->mean;
    odva_cpu_read_frame(samples->bytes, job->is_wide ? 2 : 1, job->grid, job->prediction,
                        place_of(job->grid, t->tile, index));
    if (job->is_wide)
        for (int i = 0; i < SAMPLES; i++)
            t->mean[i] = (int16_t)((8 >> ODVA_WIDE_SHIFT) * samples->words[i]);
    else
        for (int i = 0; i < SAMPLES; i++)
            t->mean[i] = (int16_t)(8 * samples->bytes[i]);
    return t->mean;
}

static void write_patch(const struct reconstruct_job *job, const struct tile *t, int index)
{
    const struct odva_grid *grid = job->grid;
    const int first = index / (t->tile->ny * t->tile->nx);
    const int end = t->most_t > 0 ? first + 1 : t->tile->nt;

    for (int token = first; token < end; token++)
        odva_cpu_write_samples(job->pictures, grid, t->samples.bytes, job->is_wide ? 2 : 1,
                               token * grid->gy * grid->gx + place_of(grid, t->tile, index));
}

static void reconstruct_rows(const struct reconstruct_job *job, struct tile *t, const int16_t *c,
                             int first, int rows)
{
    const struct odva_cpu_operators *operators = job->cpu->operators;
    int is_at_rest = 1;

    for (int b = 0; b < ODVA_BANDS; b++) {
        const struct odva_cpu_pairs product = {
            .dst = t->sums[0][b],
            .dst_stride = ODVA_BANDS * SAMPLES,
            .src = c + (int64_t)first * t->columns + t->begin[b],
            .src_stride = t->columns,
            .rows = rows,
            .weights = job->basis->inverse,
            .weight_outputs = SAMPLES,
            .pair = t->pair[b],
            .pairs = t->pairs[b],
            .outputs = SAMPLES,
        };

        operators->multiply_pairs(&product);
        is_at_rest &= b == 0 || t->pairs[b] == 0;
    }
    for (int r = 0; r < rows; r++) {
        const int16_t *mean = mean_of(job, t, first + r);

        if (job->is_wide)
            operators->wide->join_bands(t->samples.words, t->sums[r][0], mean, is_at_rest);
        else
            operators->join_bands(t->samples.bytes, t->sums[r][0], mean, is_at_rest);
        write_patch(job, t, first + r);
    }
}

static void reconstruct_task(void *opaque, int64_t index, int worker)
{
    const struct reconstruct_job *job = opaque;
    struct tile *t = (void *)odva_cpu_scratch_of(job->cpu, worker);
    const struct odva_dct_tile *tile = &job->tiles[index];
    const int patches = tile->ny * tile->nx * tile->nt;
    const int16_t *c;
    int made;

    t->tile = tile;
    t->data = (int32_t *)(t + 1);
    t->other = t->data + (size_t)patches * most_columns(job->bands);
    spread_latents(t, job->bands, job->latents + tile->offset);
    transform(t, job->cpu);
    made = t->most_t > 0 ? patches : tile->ny * tile->nx;
    c = round_columns(t, (int64_t)made * t->columns);
    for (int first = 0; first < made; first += ROWS)
        reconstruct_rows(job, t, c, first, odva_min(ROWS, made - first));
}

int odva_cpu_backend_reconstruct(struct odva_backend *backend, struct odva_image *const *images,
                                 const struct odva_grid *grid, const struct odva_buffer *latents,
                                 const struct odva_basis *basis, const struct odva_bands *bands,
                                 const struct odva_dct_tile *tiles, int count,
                                 struct odva_image *prediction)
{
    struct onedva_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    struct onedva_const_picture source;
    struct reconstruct_job job = {.cpu = odva_cpu_backend_of(backend),
                                  .pictures = pictures,
                                  .grid = grid,
                                  .latents = odva_cpu_indices(latents),
                                  .basis = basis,
                                  .bands = bands,
                                  .tiles = tiles,
                                  .prediction = prediction ? &source : NULL,
                                  .is_wide = odva_cpu_is_wide(images[0])};
    size_t most = 0;
    int status;

    for (int i = 0; i < count; i++)
        most = odva_max((int)most, tiles[i].nt * tiles[i].ny * tiles[i].nx);
    status = odva_cpu_reserve_scratch(odva_cpu_backend_of(backend),
                                      odva_ceil_div64(sizeof(struct tile), sizeof(float)) +
                                          2 * most * most_columns(bands));
    if (status < 0)
        return status;
    odva_cpu_pictures(pictures, images, grid->frames);
    if (prediction)
        source = odva_cpu_source(prediction);
    odva_cpu_run(backend, count, reconstruct_task, &job);
    return ONEDVA_OK;
}
