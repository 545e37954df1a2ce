/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "encoder/detail_choice.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/integers.h"
#include "base/reserve.h"
#include "model/model.h"
#include "transform/quantiser.h"

/* Places of the grid that are looked at: one of so many, but no fewer than a small clip needs. */
#define EVERY  13
#define FEWEST 48

/* Share of the squared error that a clip may lose. Rate at equal PSNR of six clips at crf 5 to 45,
 * against 0.02: 0.05: +0.0 %, 0.1: +0.2 % in 0.91 of the time, 0.2: +1.3 %. */
#define LOSS 0.1

/* Coefficients of a clip, at most: an encoder takes about 60 bytes for each. 1920x1080 with 16
 * frames gets no more than detail 1, 1280x720 than 2. */
#define MOST_COEFFICIENTS 12500000

/* What a coefficient must exceed, in steps, so that it is coded, and the error that is left, in
 * squared steps. */
#define CODED 0.7f
#define ERROR 0.25f

void odva_detail_choice_free(struct odva_detail_choice *choice, struct odva_backend *backend)
{
    odva_device_array_free(backend, &choice->position);
    odva_device_array_free(backend, &choice->coefs);
    free(choice->host);
    *choice = (struct odva_detail_choice){0};
}

/* Positions of all token times of some places, one place after the other. @return their number, or
 * an error */
static int64_t set_positions(struct odva_detail_choice *choice, struct odva_backend *backend,
                             const struct odva_grid *grid)
{
    const int places = grid->gy * grid->gx;
    const int step = odva_clip(places / FEWEST, 1, EVERY);
    const int64_t count = (int64_t)odva_ceil_div(places, step) * grid->gt;
    int32_t *position = malloc(count * sizeof(*position));
    int64_t n = 0;
    int status;

    if (!position)
        return ONEDVA_ERR_NOMEM;
    for (int place = 0; place < places; place += step)
        for (int t = 0; t < grid->gt; t++)
            position[n++] = t * places + place;
    status = odva_device_array_set(backend, &choice->position, position, n, sizeof(*position));
    free(position);
    return status < 0 ? status : n;
}

/* Coefficients of such patches with all detail, in choice->host. */
static int project(struct odva_detail_choice *choice, const struct odva_linear_path *path,
                   const struct odva_grid *grid, const struct onedva_const_picture *pictures,
                   int64_t count)
{
    const struct odva_bands *bands = &path->model->tables.bands[ODVA_DETAILS - 1];
    const size_t numbers = (size_t)count * bands->basis;
    struct odva_backend *backend = path->backend;
    int status = odva_device_array_reserve(backend, &choice->coefs, numbers, sizeof(float));

    choice->host = odva_reserve(choice->host, &choice->capacity, numbers, sizeof(*choice->host));
    if (!choice->host)
        return ONEDVA_ERR_NOMEM;
    if (status == ONEDVA_OK)
        status =
            odva_project_pictures(path, odva_device_array_rows(&choice->coefs, 0, bands->basis),
                                  grid, pictures, choice->position.buffer, count, bands);
    return status < 0 ? status
                      : backend->ops->download(backend, choice->coefs.buffer, 0, choice->host,
                                               numbers * sizeof(float));
}

/* Squared size of the largest coefficient over time, at rest or not, of gt that are stride apart.
 */
static float peak_over_time(const float *c, int gt, int64_t stride)
{
    float sum = 0, peak = 0;

    for (int t = 0; t < gt; t++) {
        const float squared = c[t * stride] * c[t * stride];

        sum += c[t * stride];
        peak = squared > peak ? squared : peak;
    }
    sum = sum * sum / (float)gt;
    return sum > peak ? sum : peak;
}

/** Squared error, in squared steps. */
struct sums {
    double error;              /* of the clip when all are coded that can be */
    double gain[ODVA_DETAILS]; /* of those that a detail leaves out */
};

static void add_place(struct sums *sums, const struct odva_bands bands[ODVA_DETAILS],
                      const float *c, int gt, float inverse_square)
{
    const int basis = bands[ODVA_DETAILS - 1].basis;

    for (int b = 0, k = 0; b < ODVA_BANDS; b++)
        for (int j = 0; j < bands[ODVA_DETAILS - 1].count[b]; j++, k++) {
            const float peak = inverse_square * peak_over_time(c + k, gt, basis);

            sums->error += peak < ERROR ? peak : ERROR;
            if (peak <= CODED * CODED)
                continue;
            for (int d = 0; j >= bands[d].count[b]; d++)
                sums->gain[d] += peak - ERROR;
        }
}

/* The most detail that a clip has memory for. */
static int most_detail(const struct odva_bands bands[ODVA_DETAILS], const struct odva_grid *grid)
{
    int detail = ODVA_DETAILS - 1;

    while (detail > 0 && grid->patches * bands[detail].basis > MOST_COEFFICIENTS)
        detail--;
    return detail;
}

int odva_detail_choice_run(struct odva_detail_choice *choice, const struct odva_linear_path *path,
                           struct odva_clip_size size, const struct onedva_const_picture *pictures,
                           int qidx)
{
    const struct odva_bands *bands = path->model->tables.bands;
    const float inverse_step = odva_quantiser_step(-qidx);
    struct sums sums = {0};
    struct odva_grid grid;
    int64_t count;
    int detail = 0, most;
    int status = odva_grid_init(&grid, size.frames, size.width, size.height, bands[0].basis);

    ODVA_ASSERT(qidx >= ONEDVA_MIN_QIDX && qidx <= ONEDVA_MAX_QIDX);
    if (status < 0)
        return status;
    most = most_detail(bands, &grid);
    count = set_positions(choice, path->backend, &grid);
    status = count < 0 ? (int)count : project(choice, path, &grid, pictures, count);
    for (int64_t first = 0; first < count && status == ONEDVA_OK; first += grid.gt)
        add_place(&sums, bands, choice->host + first * bands[ODVA_DETAILS - 1].basis, grid.gt,
                  inverse_step * inverse_step);
    odva_grid_free(&grid);
    if (status < 0)
        return status;
    while (detail < most && sums.gain[detail] > LOSS * sums.error)
        detail++;
    return detail;
}
