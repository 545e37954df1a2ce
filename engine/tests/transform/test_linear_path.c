/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The linear path with every instruction set against sections 4 and 8 of doc/bitstream.md as they
 * are written there: in 64 bits, cut to 32 where the text says so. All bytes are the same.
 */
#include "transform/linear_path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/tests/each_version.h"
#include "model/model_weights.h"
#include "tests/support/exact_arithmetic.h"
#include "tests/support/host_synthesis.h"
#include "tests/support/random_latents.h"
#include "tests/support/random_model.h"
#include "tests/support/test_clip.h"
#include "transform/quantiser.h"

#define SAMPLES ODVA_FRAME_SAMPLES
#define BASIS   11
#define MOST_Y  ODVA_LATENT_MOST

/* ---- models ------------------------------------------------------------------------------ */

/* A model of random tables that has a linear path. @param most of a vector's numbers */
static struct onedva_model *linear_model_new(struct random *random, int basis, int most)
{
    struct onedva_model *model = random_model_new(random_u64(random), basis);
    struct odva_model_weights *weights = calloc(1, sizeof(*weights));

    assert_non_null(weights);
    odva_model_devices_init(&weights->devices, weights);
    model->weights = weights;
    for (int b = 0; b < ODVA_BANDS; b++)
        if (model->tables.bands[3].count[b] > weights->vectors)
            weights->vectors = model->tables.bands[3].count[b];
    weights->basis = malloc((size_t)weights->vectors * SAMPLES * sizeof(*weights->basis));
    assert_non_null(weights->basis);
    for (int i = 0; i < weights->vectors * SAMPLES; i++)
        weights->basis[i] = (int16_t)(random_below(random, 2 * most + 1) - most);
    for (int i = 0; i < SAMPLES; i++)
        weights->mean[i] = (int16_t)random_below(random, ODVA_MEAN_MOST + 1);
    return model;
}

/* All vectors, orthonormal: a reflection. */
static void set_reflection(struct random *random, struct odva_model_weights *weights)
{
    double v[SAMPLES], square = 0;

    assert_int_equal(weights->vectors, SAMPLES);
    for (int i = 0; i < SAMPLES; i++) {
        v[i] = random_unit(random) - 0.5;
        square += v[i] * v[i];
    }
    for (int j = 0; j < SAMPLES; j++)
        for (int i = 0; i < SAMPLES; i++)
            weights->basis[j * SAMPLES + i] =
                (int16_t)lrint(16384 * ((i == j) - 2 * v[i] * v[j] / square));
}

static void linear_model_free(struct onedva_model *model)
{
    odva_model_devices_free(&model->weights->devices);
    free(model->weights->basis);
    free(model->weights);
    random_model_free(model);
}

/** A linear path for each instruction set that runs here. */
struct paths {
    struct odva_backend *backend[VERSIONS];
    struct odva_linear_path path[VERSIONS];
    int count;
};

static void paths_open(struct paths *paths, const struct onedva_model *model)
{
    paths->count = 0;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct odva_backend *backend = backend_of_cpu(version_names[i], 2, 0);

        if (!backend)
            continue;
        paths->backend[paths->count] = backend;
        assert_int_equal(odva_linear_path_open(&paths->path[paths->count++], model, backend),
                         ONEDVA_OK);
    }
    assert_true(paths->count > 0);
}

static void paths_close(struct paths *paths)
{
    for (int i = 0; i < paths->count; i++) {
        odva_linear_path_close(&paths->path[i]);
        odva_backend_close(&paths->backend[i]);
    }
}

/* ---- pictures ---------------------------------------------------------------------------- */

static void draw_noise(struct random *random, const struct clip *pictures)
{
    for (int t = 0; t < pictures->frames; t++)
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < plane_height(pictures, p); y++)
                for (int x = 0; x < plane_width(pictures, p); x++)
                    pictures->picture[t].data[p][y * pictures->picture[t].stride[p] + x] =
                        (uint8_t)random_below(random, 256);
}

/* The sample of the picture, the last one of which goes on. */
static int source_sample(const struct clip *pictures, int frame, int y, int x, int i)
{
    const int plane = i < 256 ? 0 : i < 320 ? 1 : 2, side = plane ? 8 : 16;
    const int inside = i - (plane == 0 ? 0 : plane == 1 ? 256 : 320);

    frame = (int)clip(frame, 0, pictures->frames - 1);
    y = (int)clip(y * side + inside / side, 0, plane_height(pictures, plane) - 1);
    x = (int)clip(x * side + inside % side, 0, plane_width(pictures, plane) - 1);
    return pictures->picture[frame].data[plane][y * pictures->picture[frame].stride[plane] + x];
}

/* ---- the text ---------------------------------------------------------------------------- */

static int64_t factor(int n, int f, int i)
{
    return (int64_t)floor(
        65536 * sqrt((f ? 2.0 : 1.0) / n) * cos(acos(-1) * (2 * i + 1) * f / (2 * n)) + 0.5);
}

/* n numbers, stride apart. */
static void inverse_axis(int64_t *a, int n, int stride)
{
    int64_t in[8];

    for (int f = 0; f < n; f++)
        in[f] = a[f * stride];
    for (int i = 0; i < n; i++) {
        int64_t sum = 1 << 15;

        for (int f = 0; f < n; f++)
            sum += factor(n, f, i) * in[f];
        a[i * stride] = floor_divide(sum, 16);
    }
}

/* One k's [nt][ny][nx]. */
static void inverse_dct(int64_t *a, int nt, int ny, int nx)
{
    for (int i = 0; i < nt * ny; i++)
        inverse_axis(a + i * nx, nx, 1);
    for (int t = 0; t < nt; t++)
        for (int x = 0; x < nx; x++)
            inverse_axis(a + t * ny * nx + x, ny, nx);
    for (int i = 0; i < ny * nx; i++)
        inverse_axis(a + i, nt, ny * nx);
}

/* Sample i of frame f of a patch. @param a coefficients k, stride apart */
static uint8_t sample_of(const struct onedva_model *model, const struct odva_bands *bands,
                         int64_t mean, const int64_t *a, int stride, int f, int i)
{
    int64_t sum = (mean << 17) + (1 << 19);

    for (int b = 0, k = 0; b < 4; b++) {
        int64_t h = 128;

        for (int j = 0; j < bands->count[b]; j++, k++)
            h += model->weights->basis[j * SAMPLES + i] *
                 clip(floor_divide(a[k * stride] + 4, 3), -32768, 32767);
        sum += T[b][f] * floor_divide(wrap(h), 8);
    }
    return (uint8_t)clip(floor_divide(wrap(sum), 20), 0, 255);
}

/* Where a sample of a frame of a token stands. @return NULL: outside of the picture */
static uint8_t *place_of(const struct clip *pictures, int frame, int y, int x, int i)
{
    const int plane = i < 256 ? 0 : i < 320 ? 1 : 2, side = plane ? 8 : 16;
    const int inside = i - (plane == 0 ? 0 : plane == 1 ? 256 : 320);

    y = y * side + inside / side;
    x = x * side + inside % side;
    if (frame >= pictures->frames || y >= plane_height(pictures, plane) ||
        x >= plane_width(pictures, plane))
        return NULL;
    return &pictures->picture[frame].data[plane][y * pictures->picture[frame].stride[plane] + x];
}

/* @param prediction NULL: the tile is not predicted */
static void draw_tile(const struct onedva_model *model, const struct odva_latents *latents,
                      int tile, const int64_t *a, const struct clip *prediction,
                      const struct clip *pictures)
{
    const struct odva_tile *place = &latents->grid.tiles[tile];
    const struct odva_bands *bands = &model->tables.bands[latents->detail];

    for (int p = 0; p < place->patches; p++) {
        const int t = p / (place->ny * place->nx), y = place->y0 + p / place->nx % place->ny,
                  x = place->x0 + p % place->nx;

        for (int n = 0; n < 4 * SAMPLES; n++) {
            uint8_t *sample = place_of(pictures, 4 * t + n / SAMPLES, y, x, n % SAMPLES);
            const int mean = prediction ? 8 * source_sample(prediction, 0, y, x, n % SAMPLES)
                                        : model->weights->mean[n % SAMPLES];

            if (sample)
                *sample =
                    sample_of(model, bands, mean, a + p, place->patches, n / SAMPLES, n % SAMPLES);
        }
    }
}

static void definition(const struct onedva_model *model, const struct odva_latents *latents,
                       const int32_t *y, const struct clip *prediction, const struct clip *pictures)
{
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const struct odva_tile *place = &latents->grid.tiles[i];
        const int count = odva_coefficients_of(tile, tile->tokens);
        int64_t *a = calloc(tile->coefficients, sizeof(*a));

        assert_non_null(a);
        for (int c = 0; c < count; c++)
            a[tile->scan->position[c]] = *y++;
        for (int k = 0; k < latents->basis; k++)
            inverse_dct(a + k * place->patches, place->nt, place->ny, place->nx);
        draw_tile(model, latents, i, a, odva_tile_is_predicted(latents, i) ? prediction : NULL,
                  pictures);
        free(a);
    }
}

/* ---- reconstruction ---------------------------------------------------------------------- */

/* Whether a coefficient may differ from 0 in a tile of a kind. */
static int is_present(struct random *random, const struct odva_bands *bands,
                      const struct odva_tile *place, int position, int kind)
{
    const int k = position / place->patches, ft = position / (place->ny * place->nx) % place->nt;

    switch (kind) {
    case 0:
        return 1;
    case 1: /* frames of a token are the same */
        return k < bands->count[0];
    case 2: /* so are tokens */
        return k < bands->count[0] && ft == 0;
    case 3: /* tokens are the same, their frames are not */
        return ft == 0;
    case 4: /* some vectors, low frequencies */
        return k % 3 == 1 && position % place->nx < 2;
    default:
        return random_below(random, 50) == 0;
    }
}

/* Latents as pictures have them, or as large as can be. */
static int32_t *random_y(struct random *random, const struct onedva_model *model,
                         const struct odva_latents *latents)
{
    const struct odva_bands *bands = &model->tables.bands[latents->detail];
    int32_t *y = malloc((odva_latents_held(latents) + 1) * sizeof(*y)), *next = y;

    assert_non_null(y);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const int count = odva_coefficients_of(tile, tile->tokens);
        const int kind = random_below(random, 7);
        const int most = random_below(random, 4) ? 3000 : MOST_Y;

        for (int c = 0; c < count; c++) {
            const int32_t v = random_below(random, 2 * most + 1) - most;
            const int position = tile->scan->position[c];

            *next++ = is_present(random, bands, &latents->grid.tiles[i], position, kind) ? v : 0;
        }
    }
    return y;
}

/* @param prediction NULL: of a key clip */
static void check_kind(struct random *random, struct paths *paths, const struct onedva_model *model,
                       const struct odva_latents *latents, const struct clip *prediction)
{
    const struct odva_grid *grid = &latents->grid;
    int32_t *y = random_y(random, model, latents);
    struct clip expected, found;

    clip_alloc(&expected, grid->frames, grid->width, grid->height);
    definition(model, latents, y, prediction, &expected);
    for (int i = 0; i < paths->count; i++) {
        clip_alloc(&found, grid->frames, grid->width, grid->height);
        assert_int_equal(host_invert(&paths->path[i], latents, y,
                                     prediction ? prediction->const_picture : NULL, found.picture),
                         ONEDVA_OK);
        assert_true(clip_guards_hold(&found));
        assert_true(clip_mse(&expected, &found) == 0);
        clip_free(&found);
    }
    clip_free(&expected);
    free(y);
}

/* As a key clip and as an inter clip. */
static void check_clip(struct random *random, struct paths *paths, const struct onedva_model *model,
                       struct odva_latents *latents)
{
    struct clip prediction;

    check_kind(random, paths, model, latents, NULL);
    clip_alloc(&prediction, 1, latents->grid.width, latents->grid.height);
    draw_noise(random, &prediction);
    random_prediction(random, latents);
    check_kind(random, paths, model, latents, &prediction);
    latents->is_inter = 0;
    clip_free(&prediction);
}

/* Superblocks whole or cut, of every size that the picture's end can leave, and of every detail. */
static void every_shape(void **state)
{
    struct random random = {1};

    (void)state;
    for (int nt = 1; nt <= 4; nt++) {
        struct onedva_model *model = linear_model_new(&random, BASIS, nt % 2 ? 1500 : INT16_MAX);
        struct odva_scan_cache scans = {.model = model};
        struct odva_latents latents = {0};
        struct odva_layer_plan layer_plan;
        struct paths paths;

        paths_open(&paths, model);
        for (int shape = 0; shape < 64; shape++) {
            random_latents(&random, &latents, &scans, 4 * nt - random_below(&random, 4),
                           16 * (1 + shape % 8) - random_below(&random, 16),
                           16 * (1 + shape / 8) - random_below(&random, 16), &layer_plan, 1);
            if (shape % 2) {
                latents.splits[0] = 0;
                odva_latents_set_partition(&latents);
                latents.tiles[0].tokens = latents.tiles[0].max_tokens;
            }
            check_clip(&random, &paths, model, &latents);
        }
        paths_close(&paths);
        odva_latents_free(&latents);
        odva_scan_cache_free(&scans);
        linear_model_free(model);
    }
}

/* Several superblocks, and a clip of which nothing is held. */
static void several_superblocks(void **state)
{
    struct random random = {2};
    struct onedva_model *model = linear_model_new(&random, 40, 4000);
    struct odva_scan_cache scans = {.model = model};
    struct odva_latents latents = {0};
    struct odva_layer_plan layer_plan;
    struct paths paths;

    (void)state;
    paths_open(&paths, model);
    for (int run = 0; run < 4; run++) {
        random_latents(&random, &latents, &scans, 5, 150, 135, &layer_plan, 1);
        check_clip(&random, &paths, model, &latents);
    }
    for (int i = 0; i < latents.grid.tile_count; i++)
        latents.tiles[i].tokens = 0;
    check_clip(&random, &paths, model, &latents);
    paths_close(&paths);
    odva_latents_free(&latents);
    odva_scan_cache_free(&scans);
    linear_model_free(model);
}

/* Levels are dequantised on their way. */
static void levels(void **state)
{
    struct random random = {3};
    struct onedva_model *model = linear_model_new(&random, BASIS, 1500);
    struct odva_scan_cache scans = {.model = model};
    struct odva_latents latents = {0};
    struct odva_layer_plan layer_plan;
    struct clip direct, by_hand, prediction;
    struct paths paths;

    (void)state;
    paths_open(&paths, model);
    clip_alloc(&prediction, 1, 70, 40);
    draw_noise(&random, &prediction);
    for (int run = 0; run < 8; run++) {
        int32_t *y;

        random_latents(&random, &latents, &scans, 6, 70, 40, &layer_plan, 1);
        random_prediction(&random, &latents);
        memset(latents.seen, ODVA_CODED, odva_latents_count(&latents));
        y = malloc((odva_latents_held(&latents) + 1) * sizeof(*y));
        assert_non_null(y);
        odva_dequantise_latents(&latents, &model->tables, y);
        clip_alloc(&direct, 6, 70, 40);
        clip_alloc(&by_hand, 6, 70, 40);
        assert_int_equal(
            host_reconstruct(&paths.path[0], &latents, prediction.const_picture, direct.picture),
            ONEDVA_OK);
        assert_int_equal(
            host_invert(&paths.path[0], &latents, y, prediction.const_picture, by_hand.picture),
            ONEDVA_OK);
        assert_true(clip_mse(&direct, &by_hand) == 0);
        clip_free(&direct);
        clip_free(&by_hand);
        free(y);
    }
    clip_free(&prediction);
    paths_close(&paths);
    odva_latents_free(&latents);
    odva_scan_cache_free(&scans);
    linear_model_free(model);
}

/* ---- projection -------------------------------------------------------------------------- */

/* A patch's coefficients: bands rounded to 1/8 of a step, then products in integers. */
static void check_patch(const struct onedva_model *model, const struct odva_bands *bands,
                        const struct clip *pictures, int t, int y, int x, const float *found)
{
    for (int b = 0; b < 4; b++) {
        int64_t band[SAMPLES];

        for (int i = 0; i < SAMPLES; i++) {
            int64_t sum = 1 << 11;

            for (int f = 0; f < 4; f++)
                sum += T[b][f] *
                       (8 * source_sample(pictures, 4 * t + f, y, x, i) - model->weights->mean[i]);
            band[i] = floor_divide(sum, 12);
        }
        for (int j = 0; j < bands->count[b]; j++) {
            int64_t sum = 0;

            for (int i = 0; i < SAMPLES; i++)
                sum += model->weights->basis[j * SAMPLES + i] * band[i];
            assert_true(*found++ == 1.0f / (127.5f * 8 * 16384) * (float)wrap(sum));
        }
    }
}

static void check_projection(struct odva_linear_path *path, const struct onedva_model *model,
                             const struct odva_grid *grid, int detail, const struct clip *pictures)
{
    const struct odva_bands *bands = &model->tables.bands[detail];
    const size_t bytes = grid->patches * bands->basis * sizeof(float);
    float *coefs = malloc(bytes);

    assert_non_null(coefs);
    assert_int_equal(odva_linear_path_project(path, grid, detail, pictures->const_picture),
                     ONEDVA_OK);
    assert_int_equal(
        path->backend->ops->download(path->backend, path->coefs.buffer, 0, coefs, bytes),
        ONEDVA_OK);
    for (int t = 0; t < grid->gt; t++)
        for (int y = 0; y < grid->gy; y++)
            for (int x = 0; x < grid->gx; x++)
                check_patch(model, bands, pictures, t, y, x,
                            coefs + (grid->place[y * grid->gx + x] + t) * (size_t)bands->basis);
    free(coefs);
}

static void projection(void **state)
{
    static const int sizes[][3] = {{1, 1, 1}, {5, 130, 20}, {16, 33, 47}, {4, 32, 16}};
    struct random random = {4};
    struct onedva_model *model = linear_model_new(&random, 50, INT16_MAX);
    struct paths paths;

    (void)state;
    paths_open(&paths, model);
    for (int run = 0; run < 8; run++) {
        const int *size = sizes[run % 4];
        struct odva_grid grid;
        struct clip pictures;

        clip_alloc(&pictures, size[0], size[1], size[2]);
        draw_noise(&random, &pictures);
        assert_int_equal(odva_grid_init(&grid, size[0], size[1], size[2], 1), ONEDVA_OK);
        for (int i = 0; i < paths.count; i++)
            check_projection(&paths.path[i], model, &grid, run % 3, &pictures);
        odva_grid_free(&grid);
        clip_free(&pictures);
    }
    paths_close(&paths);
    linear_model_free(model);
}

/* ---- there and back ---------------------------------------------------------------------- */

/* With all coefficients nothing is lost but roundings: noise comes back. */
static void check_round_trip(struct odva_linear_path *path, struct odva_latents *latents,
                             const struct clip *source)
{
    const size_t count = odva_latents_count(latents);
    float *y = malloc(count * sizeof(*y));
    int32_t *rounded = malloc(count * sizeof(*rounded));
    struct clip decoded;

    assert_non_null(y);
    assert_non_null(rounded);
    assert_int_equal(
        odva_linear_path_project(path, &latents->grid, latents->detail, source->const_picture),
        ONEDVA_OK);
    assert_int_equal(odva_linear_path_transform(path, latents, 0, y), ONEDVA_OK);
    for (size_t i = 0; i < count; i++)
        rounded[i] = (int32_t)lrintf(y[i] * ODVA_LATENT_UNITS);
    clip_alloc(&decoded, source->frames, source->width, source->height);
    assert_int_equal(host_invert(path, latents, rounded, NULL, decoded.picture), ONEDVA_OK);
    /* one sample of a hundred, by one step */
    assert_true(clip_mse(source, &decoded) < 0.01);
    clip_free(&decoded);
    free(rounded);
    free(y);
}

static void round_trip(void **state)
{
    struct random random = {5};
    struct onedva_model *model = linear_model_new(&random, ODVA_MOST_COEFS, 1);
    struct odva_scan_cache scans = {.model = model};
    struct odva_latents latents = {0};
    struct clip source;
    struct paths paths;

    (void)state;
    set_reflection(&random, model->weights);
    paths_open(&paths, model);
    clip_alloc(&source, 7, 70, 51);
    draw_noise(&random, &source);
    assert_int_equal(odva_latents_set_size(&latents, &scans, ODVA_DETAILS - 1,
                                           (struct odva_clip_size){7, 70, 51}),
                     ONEDVA_OK);
    for (int run = 0; run < 2; run++) {
        latents.splits[0] = run ? 0x4b : 0;
        odva_latents_set_partition(&latents);
        for (int i = 0; i < latents.grid.tile_count; i++)
            latents.tiles[i].tokens = latents.tiles[i].max_tokens;
        for (int i = 0; i < paths.count; i++)
            check_round_trip(&paths.path[i], &latents, &source);
    }
    clip_free(&source);
    paths_close(&paths);
    odva_latents_free(&latents);
    odva_scan_cache_free(&scans);
    linear_model_free(model);
}

/* ---- tiles that are left out ------------------------------------------------------------- */

/* Coefficients of all tiles, less the prediction in y[1], where others have been 1. */
static void transform_both(struct odva_linear_path *path, const struct odva_latents *latents,
                           float *const y[2], double *energy)
{
    for (int p = 0; p < 2; p++)
        for (size_t i = 0; i < odva_latents_count(latents); i++)
            y[p][i] = 1;
    assert_int_equal(odva_linear_path_transform(path, latents, 0, y[0]), ONEDVA_OK);
    assert_int_equal(odva_linear_path_subtract(path, latents, 0, y[0], y[1], energy), ONEDVA_OK);
}

/* What is left out changes nothing of the others; all may be. */
static void check_left_out(struct odva_linear_path *path, struct odva_latents *latents,
                           struct random *random)
{
    const size_t count = odva_latents_count(latents);
    const int tiles = latents->grid.tile_count;
    float *y[4];
    double *energy = malloc(2 * tiles * sizeof(*energy));

    for (int i = 0; i < 4; i++)
        assert_non_null(y[i] = malloc(count * sizeof(**y)));
    assert_non_null(energy);
    transform_both(path, latents, y, energy);
    for (int run = 0; run < 3; run++) {
        for (int i = 0; i < tiles; i++)
            latents->tiles[i].is_left_out = run == 2 || random_below(random, 2);
        transform_both(path, latents, y + 2, energy + tiles);
        for (int i = 0; i < tiles; i++) {
            const struct odva_latent_tile *tile = &latents->tiles[i];
            const size_t bytes = tile->coefficients * sizeof(**y);

            for (int p = 0; p < 2 && !tile->is_left_out; p++)
                assert_memory_equal(y[2 + p] + tile->offset, y[p] + tile->offset, bytes);
            assert_true(tile->is_left_out || energy[tiles + i] == energy[i]);
        }
    }
    odva_latents_set_partition(latents);
    for (int i = 0; i < tiles; i++)
        assert_int_equal(latents->tiles[i].is_left_out, 0);
    for (int i = 0; i < 4; i++)
        free(y[i]);
    free(energy);
}

static void tiles_left_out(void **state)
{
    struct random random = {6};
    struct onedva_model *model = linear_model_new(&random, 40, 10);
    struct odva_scan_cache scans = {.model = model};
    struct odva_latents latents = {0};
    struct clip source;
    struct paths paths;

    (void)state;
    paths_open(&paths, model);
    clip_alloc(&source, 7, 150, 51);
    draw_noise(&random, &source);
    assert_int_equal(odva_latents_set_size(&latents, &scans, ODVA_DETAILS - 1,
                                           (struct odva_clip_size){7, 150, 51}),
                     ONEDVA_OK);
    latents.splits[0] = 0x4b;
    odva_latents_set_partition(&latents);
    for (int i = 0; i < paths.count; i++) {
        struct odva_linear_path *path = &paths.path[i];

        assert_int_equal(
            odva_linear_path_project(path, &latents.grid, latents.detail, source.const_picture),
            ONEDVA_OK);
        assert_int_equal(odva_linear_path_project_prediction(path, &latents.grid, latents.detail,
                                                             source.const_picture + 3),
                         ONEDVA_OK);
        check_left_out(path, &latents, &random);
    }
    clip_free(&source);
    paths_close(&paths);
    odva_latents_free(&latents);
    odva_scan_cache_free(&scans);
    linear_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape), cmocka_unit_test(several_superblocks),
        cmocka_unit_test(levels),      cmocka_unit_test(projection),
        cmocka_unit_test(round_trip),  cmocka_unit_test(tiles_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
