/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Each operator against PyTorch. */
#include <string.h>

#include "base/strict_math.h"
#include "model/linear_layer.h"
#include "network/transformer.h"
#include "tests/support/backend.h"
#include "tests/support/golden.h"

#define TOLERANCE 2e-6

static struct golden golden;

static struct odva_buffer *new_buffer(struct odva_backend *backend, const void *data, size_t bytes)
{
    struct odva_buffer *buffer = backend->ops->alloc(backend, bytes);

    assert_non_null(buffer);
    if (data)
        assert_int_equal(backend->ops->upload(backend, buffer, 0, data, bytes), ONEDVA_OK);
    return buffer;
}

static struct odva_buffer *upload_floats(struct odva_backend *backend, const char *name)
{
    const int64_t count = golden_find(&golden, "", name)->count;
    float *data = golden_floats(&golden, "", name);
    struct odva_buffer *buffer = new_buffer(backend, data, count * sizeof(*data));

    free(data);
    return buffer;
}

static struct odva_buffer *upload_ints(struct odva_backend *backend, const char *name)
{
    const int64_t count = golden_find(&golden, "", name)->count;
    int32_t *data = golden_ints(&golden, "", name);
    struct odva_buffer *buffer = new_buffer(backend, data, count * sizeof(*data));

    free(data);
    return buffer;
}

static void compare(struct odva_backend *backend, const struct odva_buffer *buffer,
                    const char *name)
{
    const int64_t count = golden_find(&golden, "", name)->count;
    float *expected = golden_floats(&golden, "", name);
    float *found = malloc(count * sizeof(*found));

    assert_non_null(found);
    assert_int_equal(backend->ops->download(backend, buffer, 0, found, count * sizeof(*found)),
                     ONEDVA_OK);
    assert_close(found, expected, count, TOLERANCE, name);
    free(found);
    free(expected);
}

static void check_linear(struct odva_backend *backend)
{
    const int rows = 37, n_in = 80, n_out = 48;
    float *w = golden_floats(&golden, "", "linear.w");
    struct odva_buffer *x = upload_floats(backend, "linear.x");
    struct odva_buffer *b = upload_floats(backend, "linear.b");
    struct odva_buffer *gate = upload_floats(backend, "linear.gate");
    struct odva_buffer *add = upload_floats(backend, "linear.add");
    struct odva_buffer *row = upload_ints(backend, "linear.row");
    struct odva_buffer *y = new_buffer(backend, NULL, rows * n_out * sizeof(float));
    struct odva_weights *weights =
        backend->device->ops->pack(backend->device, w, n_out, n_in, ODVA_PRECISION_EXACT);
    const struct {
        const char *name;
        struct odva_epilogue epilogue;
    } cases[] = {
        {"linear.none", {.bias = b}},
        {"linear.gelu", {.bias = b, .activation = ODVA_ACTIVATION_GELU}},
        {"linear.silu", {.bias = b, .activation = ODVA_ACTIVATION_SILU}},
        {"linear.gated",
         {.bias = b,
          .gate = {gate, 0, n_out, ODVA_FLOAT32},
          .gate_row = row,
          .add = {add, 0, n_out, ODVA_FLOAT32}}},
        {"linear.indexed", {.bias = b, .add = {gate, 0, n_out, ODVA_FLOAT32}, .add_row = row}},
    };

    assert_non_null(weights);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(backend->ops->linear(backend,
                                              (struct odva_matrix){y, 0, n_out, ODVA_FLOAT32},
                                              (struct odva_matrix){x, 0, n_in, ODVA_FLOAT32}, rows,
                                              weights, &cases[i].epilogue),
                         ONEDVA_OK);
        compare(backend, y, cases[i].name);
    }
    backend->device->ops->free_weights(backend->device, weights);
    backend->ops->free(backend, x);
    backend->ops->free(backend, b);
    backend->ops->free(backend, gate);
    backend->ops->free(backend, add);
    backend->ops->free(backend, row);
    backend->ops->free(backend, y);
    free(w);
}

static void check_norm(struct odva_backend *backend)
{
    const int rows = 37, width = 80;
    struct odva_buffer *x = upload_floats(backend, "norm.x");
    struct odva_buffer *shift = upload_floats(backend, "norm.shift");
    struct odva_buffer *scale = upload_floats(backend, "norm.scale");
    struct odva_buffer *row = upload_ints(backend, "linear.row");
    struct odva_buffer *y = new_buffer(backend, NULL, rows * width * sizeof(float));
    const struct odva_matrix src = {x, 0, width, ODVA_FLOAT32}, dst = {y, 0, width, ODVA_FLOAT32};
    const struct odva_modulation plain = {0};
    const struct odva_modulation modulated = {.shift = {shift, 0, width, ODVA_FLOAT32},
                                              .scale = {scale, 0, width, ODVA_FLOAT32},
                                              .row = row};

    assert_int_equal(backend->ops->norm_modulate(backend, dst, src, rows, width, &plain),
                     ONEDVA_OK);
    compare(backend, y, "norm.plain");
    assert_int_equal(backend->ops->norm_modulate(backend, dst, src, rows, width, &modulated),
                     ONEDVA_OK);
    compare(backend, y, "norm.modulated");
    backend->ops->free(backend, x);
    backend->ops->free(backend, shift);
    backend->ops->free(backend, scale);
    backend->ops->free(backend, row);
    backend->ops->free(backend, y);
}

static void check_attention(struct odva_backend *backend)
{
    enum { LENGTH = 33, HEADS = 2, HEAD_DIM = 32, D = HEADS * HEAD_DIM };
    struct odva_buffer *cosines, *sines;
    const int32_t begin_data[2] = {0, LENGTH};
    static float table[ODVA_ROPE_ROWS * HEAD_DIM / 2];
    int32_t rows_data[LENGTH];
    struct odva_buffer *qkv = upload_floats(backend, "attention.qkv");
    struct odva_buffer *rope = upload_ints(backend, "attention.rope");
    struct odva_buffer *begin = new_buffer(backend, begin_data, sizeof(begin_data));
    struct odva_buffer *rows, *y = new_buffer(backend, NULL, LENGTH * D * sizeof(float));

    for (int i = 0; i < LENGTH; i++)
        rows_data[i] = i;
    rows = new_buffer(backend, rows_data, sizeof(rows_data));
    odva_rope_table(table, HEAD_DIM, odva_cos);
    cosines = new_buffer(backend, table, sizeof(table));
    odva_rope_table(table, HEAD_DIM, odva_sin);
    sines = new_buffer(backend, table, sizeof(table));
    assert_int_equal(
        backend->ops->attention(
            backend, (struct odva_matrix){y, 0, D, ODVA_FLOAT32},
            (struct odva_matrix){qkv, 0, 3 * D, ODVA_FLOAT32},
            &(struct odva_attention){
                .heads = HEADS, .head_dim = HEAD_DIM, .cosines = cosines, .sines = sines},
            &(struct odva_windows){0, 1, LENGTH, begin, rows, rope}),
        ONEDVA_OK);
    compare(backend, y, "attention.y");
    backend->ops->free(backend, cosines);
    backend->ops->free(backend, sines);
    backend->ops->free(backend, qkv);
    backend->ops->free(backend, rope);
    backend->ops->free(backend, begin);
    backend->ops->free(backend, rows);
    backend->ops->free(backend, y);
}

/* Once with patches in their order, once stored from the last to the first. */
static void check_dct(struct odva_backend *backend)
{
    enum { NT = 3, NY = 5, NX = 7, K = 8, PATCHES = NT * NY * NX, COUNT = PATCHES * K };
    int32_t order[COUNT], rows[PATCHES];
    float *x = golden_floats(&golden, "", "dct.x"), stored[COUNT];

    for (int i = 0; i < COUNT; i++)
        order[i] = i / K << ODVA_ORDER_BITS | i % K;
    for (int last_first = 0; last_first < 2; last_first++) {
        struct odva_buffer *in, *out = new_buffer(backend, NULL, COUNT * sizeof(float));
        struct odva_buffer *identity = new_buffer(backend, order, sizeof(order)), *places;
        struct odva_dct_tile tile = {
            .nt = NT, .ny = NY, .nx = NX, .coefficients = COUNT, .order = identity};

        for (int i = 0; i < PATCHES; i++) {
            rows[i] = last_first ? PATCHES - 1 - i : i;
            memcpy(stored + rows[i] * K, x + i * K, K * sizeof(*x));
        }
        in = new_buffer(backend, stored, sizeof(stored));
        places = new_buffer(backend, rows, sizeof(rows));
        tile.rows = places;
        assert_int_equal(backend->ops->dct_forward(backend, out, in, K, &tile, 1), ONEDVA_OK);
        compare(backend, out, "dct.y");
        backend->ops->free(backend, in);
        backend->ops->free(backend, out);
        backend->ops->free(backend, identity);
        backend->ops->free(backend, places);
    }
    free(x);
}

static void linear(void **state)
{
    (void)state;
    for_each_cpu(1, check_linear);
}

static void norm(void **state)
{
    (void)state;
    for_each_cpu(1, check_norm);
}

static void attention(void **state)
{
    (void)state;
    for_each_cpu(1, check_attention);
}

static void dct(void **state)
{
    (void)state;
    for_each_cpu(1, check_dct);
}

static int open_golden(void **state)
{
    (void)state;
    golden_open(&golden, GOLDEN "layers.safetensors");
    return 0;
}

static int close_golden(void **state)
{
    (void)state;
    golden_close(&golden);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear),
        cmocka_unit_test(norm),
        cmocka_unit_test(attention),
        cmocka_unit_test(dct),
    };

    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
