/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * A chain of linear operators gives the bits that its steps give one by one, whatever the rows are
 * cut into, with every version and in both precisions.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/tests/each_version.h"
#include "kernels/device_array.h"

#define WIDTH  48
#define HIDDEN 80
#define TILES  3
#define FIRST  5 /* row of gate_row and norm.row that belongs to row 0 */

/** What the second half of a transformer's block works on, and h after it both ways. */
struct work {
    struct odva_backend *backend;
    int64_t rows;
    struct odva_device_array x, h, expected, norm, hidden, tables, tile, bias;
    struct odva_weights *proj, *fc1, *fc2;
};

static float *random_floats(struct random *random, int64_t count, float scale)
{
    float *data = malloc(count * sizeof(*data));

    assert_non_null(data);
    for (int64_t i = 0; i < count; i++)
        data[i] = (float)(random_unit(random) * 2 - 1) * scale;
    return data;
}

static void set_random(struct work *w, struct odva_device_array *array, struct random *random,
                       int64_t count)
{
    float *data = random_floats(random, count, 1);

    assert_int_equal(odva_device_array_set(w->backend, array, data, count, sizeof(*data)),
                     ONEDVA_OK);
    free(data);
}

static struct odva_weights *random_weights(struct work *w, struct random *random, int n_out,
                                           int n_in, enum odva_precision precision)
{
    float *data = random_floats(random, (int64_t)n_out * n_in, 1.0f / sqrtf((float)n_in));
    struct odva_weights *weights =
        w->backend->device->ops->pack(w->backend->device, data, n_out, n_in, precision);

    assert_non_null(weights);
    free(data);
    return weights;
}

static void work_open(struct work *w, struct random *random, struct odva_backend *backend,
                      int64_t rows, enum odva_precision precision)
{
    int32_t *tile = malloc((rows + FIRST) * sizeof(*tile));

    *w = (struct work){.backend = backend, .rows = rows};
    assert_non_null(tile);
    for (int64_t i = 0; i < rows + FIRST; i++)
        tile[i] = random_below(random, TILES);
    assert_int_equal(odva_device_array_set(backend, &w->tile, tile, rows + FIRST, sizeof(*tile)),
                     ONEDVA_OK);
    free(tile);
    set_random(w, &w->x, random, rows * 3 * WIDTH);
    set_random(w, &w->h, random, rows * WIDTH);
    set_random(w, &w->tables, random, TILES * 4 * WIDTH);
    set_random(w, &w->bias, random, HIDDEN);
    assert_int_equal(odva_device_array_set(backend, &w->expected, w->h.buffer->data, rows * WIDTH,
                                           sizeof(float)),
                     ONEDVA_OK);
    assert_int_equal(odva_device_array_reserve(backend, &w->norm, rows * WIDTH, sizeof(float)),
                     ONEDVA_OK);
    assert_int_equal(odva_device_array_reserve(backend, &w->hidden, rows * HIDDEN, sizeof(float)),
                     ONEDVA_OK);
    w->proj = random_weights(w, random, WIDTH, WIDTH, precision);
    w->fc1 = random_weights(w, random, HIDDEN, WIDTH, precision);
    w->fc2 = random_weights(w, random, WIDTH, HIDDEN, precision);
}

static void work_close(struct work *w)
{
    struct odva_device_array *arrays[] = {&w->x,      &w->h,      &w->expected, &w->norm,
                                          &w->hidden, &w->tables, &w->tile,     &w->bias};

    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        odva_device_array_free(w->backend, arrays[i]);
    w->backend->device->ops->free_weights(w->backend->device, w->proj);
    w->backend->device->ops->free_weights(w->backend->device, w->fc1);
    w->backend->device->ops->free_weights(w->backend->device, w->fc2);
}

/* A quarter of the tables' columns. */
static struct odva_matrix table(const struct work *w, int part)
{
    struct odva_matrix matrix = odva_device_array_rows(&w->tables, 0, 4 * WIDTH);

    matrix.offset += part * WIDTH;
    return matrix;
}

static struct odva_epilogue gated(const struct work *w, struct odva_matrix h, int part)
{
    return (struct odva_epilogue){
        .gate = table(w, part), .gate_row = w->tile.buffer, .add = h, .first_row = FIRST};
}

static struct odva_modulation modulation_of(const struct work *w)
{
    return (struct odva_modulation){
        .shift = table(w, 2), .scale = table(w, 3), .row = w->tile.buffer, .first_row = FIRST};
}

static struct odva_epilogue gelu_of(const struct work *w)
{
    return (struct odva_epilogue){.bias = w->bias.buffer, .activation = ODVA_ACTIVATION_GELU};
}

static void run_chain(const struct work *w)
{
    const struct odva_matrix h = odva_device_array_rows(&w->h, 0, WIDTH);
    const struct odva_modulation norm = modulation_of(w);
    const struct odva_linear_step steps[ODVA_CHAIN_MAX] = {
        {.dst = h,
         .src = odva_device_array_rows(&w->x, 0, 3 * WIDTH),
         .weights = w->proj,
         .epilogue = gated(w, h, 0)},
        {.src = h, .norm = &norm, .weights = w->fc1, .epilogue = gelu_of(w)},
        {.dst = h, .weights = w->fc2, .epilogue = gated(w, h, 1)},
    };

    assert_int_equal(w->backend->ops->linear_chain(w->backend, steps, ODVA_CHAIN_MAX, w->rows),
                     ONEDVA_OK);
}

static void run_steps(const struct work *w)
{
    const struct odva_backend_ops *ops = w->backend->ops;
    const struct odva_matrix h = odva_device_array_rows(&w->expected, 0, WIDTH);
    const struct odva_matrix x = odva_device_array_rows(&w->x, 0, 3 * WIDTH);
    const struct odva_matrix norm = odva_device_array_rows(&w->norm, 0, WIDTH);
    const struct odva_matrix hidden = odva_device_array_rows(&w->hidden, 0, HIDDEN);
    const struct odva_modulation modulation = modulation_of(w);
    const struct odva_epilogue first = gated(w, h, 0), gelu = gelu_of(w), last = gated(w, h, 1);

    assert_int_equal(ops->linear(w->backend, h, x, w->rows, w->proj, &first), ONEDVA_OK);
    assert_int_equal(ops->norm_modulate(w->backend, norm, h, w->rows, WIDTH, &modulation),
                     ONEDVA_OK);
    assert_int_equal(ops->linear(w->backend, hidden, norm, w->rows, w->fc1, &gelu), ONEDVA_OK);
    assert_int_equal(ops->linear(w->backend, h, hidden, w->rows, w->fc2, &last), ONEDVA_OK);
}

static void check(struct odva_backend *backend, const char *name)
{
    static const int64_t rows[] = {1, 47, 48, 100, 767, 769, 1000};
    struct random random = {11};

    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        struct work w;

        work_open(&w, &random, backend, rows[i / 2],
                  i % 2 ? ODVA_PRECISION_NETWORK : ODVA_PRECISION_EXACT);
        run_chain(&w);
        run_steps(&w);
        if (memcmp(w.h.buffer->data, w.expected.buffer->data, w.rows * WIDTH * sizeof(float)))
            fail_msg("%s, %d rows: the chain's bits are not those of its steps", name, (int)w.rows);
        work_close(&w);
    }
}

EACH_VERSION_MAIN(check)
