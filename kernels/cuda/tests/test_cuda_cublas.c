/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Products by cuBLASLt, on the CPU: the same numbers as by kernels; where it is not there, or does
 * not do what is asked, kernels do. */
#define ALL_BY_CUBLAS
#define BFLOAT16_FACTORS
#include "kernels/cuda/cublas.h"
#include "kernels/cuda/tests/cuda_twins.h"
#include "kernels/tests/network_operators.h"

#ifndef ONEDVA_ON_GPU

static char said[300]; /* not an error */
static int times;

static void keep_line(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    if (level == ONEDVA_LOG_ERROR)
        fprintf(stderr, "%s\n", message);
    if (!strstr(message, "libcublasLt.so"))
        return;
    assert_int_equal(level, ONEDVA_LOG_DEBUG);
    snprintf(said, sizeof(said), "%s", message);
    times++;
}

#define N      16
#define DEPTH  15 /* of the product: an odd number */
#define ROWS_  3
#define STRIDE 20 /* of sums */
#define BESIDE 7  /* what is beside them, and stays */

/** A product of some rows of ones by the identity, with a bias. */
struct small {
    struct odva_cuda_device *device;
    struct odva_backend *backend;
    struct odva_buffer *rows, *sums, *bias;
    struct odva_weights *weights;
};

static struct odva_buffer *buffer_of(const struct small *s, const float *numbers, size_t bytes)
{
    struct odva_buffer *buffer = s->backend->ops->alloc(s->backend, bytes);

    assert_non_null(buffer);
    assert_int_equal(s->backend->ops->upload(s->backend, buffer, 0, numbers, bytes), ONEDVA_OK);
    return buffer;
}

static void open_small(struct small *s)
{
    static const struct onedva_logger logger = {keep_line, NULL};
    float identity[N * DEPTH], rows[ROWS_ * N], bias[N], sums[(ROWS_ + 1) * STRIDE];

    for (int i = 0; i < N * DEPTH; i++)
        identity[i] = (float)(i / DEPTH == i % DEPTH);
    for (int i = 0; i < ROWS_ * N; i++)
        rows[i] = i % N < DEPTH ? 1 : NAN;
    for (int i = 0; i < N; i++)
        bias[i] = (float)i;
    for (int i = 0; i < (ROWS_ + 1) * STRIDE; i++)
        sums[i] = BESIDE;
    times = 0;
    assert_int_equal(odva_cuda_device_open(&s->device, -1, 1, &logger), ONEDVA_OK);
    s->device->cublas_numbers = N * DEPTH;
    assert_int_equal(odva_backend_open(&s->backend, &s->device->base, test_threads(1), &logger),
                     ONEDVA_OK);
    s->rows = buffer_of(s, rows, sizeof(rows));
    s->sums = buffer_of(s, sums, sizeof(sums));
    s->bias = buffer_of(s, bias, sizeof(bias));
    s->weights =
        s->device->base.ops->pack(&s->device->base, identity, N, DEPTH, ODVA_PRECISION_NETWORK);
    assert_non_null(s->weights);
}

static float gelu(float v)
{
    return v / 2 * (1 + tanhf(0.79788456f * (v + 0.044715f * v * v * v)));
}

/* @param offset numbers, of the first sum */
static int run_small_at(const struct small *s, enum odva_activation activation, int offset)
{
    const struct odva_matrix rows = {s->rows, 0, N, ODVA_FLOAT32};
    const struct odva_matrix sums = {s->sums, offset, STRIDE, ODVA_FLOAT32};
    const struct odva_epilogue epilogue = {.bias = s->bias, .activation = activation};
    float found[(ROWS_ + 1) * STRIDE];
    int status = s->backend->ops->linear(s->backend, sums, rows, ROWS_, s->weights, &epilogue);

    if (status >= 0)
        status = s->backend->ops->download(s->backend, s->sums, 0, found, sizeof(found));
    for (int i = 0; i < ROWS_ * STRIDE && status >= 0; i++) {
        const int column = i % STRIDE;
        const float sum = (float)(column + (column < DEPTH));
        const float wanted = column >= N ? BESIDE : activation ? gelu(sum) : sum;

        assert_true(fabsf(found[offset + i] - wanted) < 1e-4f);
    }
    return status;
}

static int run_small(const struct small *s, enum odva_activation activation)
{
    return run_small_at(s, activation, 0);
}

static void close_small(struct small *s)
{
    struct odva_device *device = &s->device->base;

    device->ops->free_weights(device, s->weights);
    s->backend->ops->free(s->backend, s->rows);
    s->backend->ops->free(s->backend, s->sums);
    s->backend->ops->free(s->backend, s->bias);
    odva_backend_close(&s->backend);
    odva_device_release(&device);
    assert_int_equal(emulator_leaks(), 0);
}

static void is_used(void **state)
{
    const int before = emulator_products();
    struct small s;

    (void)state;
    open_small(&s);
    assert_int_equal(run_small(&s, ODVA_ACTIVATION_NONE), ONEDVA_OK);
    assert_int_equal(run_small(&s, ODVA_ACTIVATION_GELU), ONEDVA_OK);
    assert_int_equal(emulator_products(), before + 2);
    assert_int_equal(times, 0);
    close_small(&s);
}

/* Sums that do not begin at whole quads of numbers. */
static void is_not_aligned(void **state)
{
    const int before = emulator_products();
    struct small s;

    (void)state;
    open_small(&s);
    assert_int_equal(run_small_at(&s, ODVA_ACTIVATION_NONE, 2), ONEDVA_OK);
    assert_int_equal(emulator_products(), before + 1);
    close_small(&s);
}

/* One line, at most, that is no error. */
static void is_not_there(void **state)
{
    static const char *const missing[] = {"libcublasLt.so.13", "cublasLtMatmul", "cublasLtCreate"};
    const int before = emulator_products();

    (void)state;
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        struct small s;

        if (i < 2)
            emulated_gpu.lacks = missing[i];
        else
            emulator_fail(missing[i], 1, 1);
        open_small(&s);
        emulated_gpu = (struct emulated_gpu)EMULATED_GPU;
        assert_int_equal(run_small(&s, ODVA_ACTIVATION_NONE), ONEDVA_OK);
        assert_int_equal(run_small(&s, ODVA_ACTIVATION_GELU), ONEDVA_OK);
        assert_int_equal(times, 1);
        assert_non_null(strstr(said, "large matrices are multiplied by own kernels"));
        close_small(&s);
    }
    assert_int_equal(emulator_products(), before);
}

static void is_refused(void **state)
{
    const int before = emulator_products();
    struct small s;

    (void)state;
    open_small(&s);
    emulator_fail("cublasLtMatmul", ODVA_CUBLAS_NOT_SUPPORTED, 2);
    assert_int_equal(run_small(&s, ODVA_ACTIVATION_NONE), ONEDVA_OK);
    assert_int_equal(run_small(&s, ODVA_ACTIVATION_GELU), ONEDVA_OK);
    assert_int_equal(emulator_products(), before);
    emulator_fail("cublasLtMatrixLayoutCreate", ODVA_CUBLAS_ALLOC_FAILED, 1);
    assert_int_equal(run_small(&s, ODVA_ACTIVATION_GELU), ONEDVA_ERR_NOMEM);
    emulator_fail("cublasLtMatmulDescCreate", ODVA_CUBLAS_ALLOC_FAILED, 1);
    assert_int_equal(run_small(&s, ODVA_ACTIVATION_NONE), ONEDVA_ERR_NOMEM);
    assert_int_equal(run_small(&s, ODVA_ACTIVATION_NONE), ONEDVA_OK);
    emulator_fail("cublasLtMatmul", 13, 1);
    assert_int_equal(run_small(&s, ODVA_ACTIVATION_NONE), ONEDVA_ERR_DEVICE);
    assert_int_equal(run_small(&s, ODVA_ACTIVATION_NONE), ONEDVA_ERR_DEVICE);
    close_small(&s);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(linear), cmocka_unit_test(linear_chain)};
    int failed = run_in_orders(tests, sizeof(tests) / sizeof(tests[0]), 1);
#ifndef ONEDVA_ON_GPU
    const struct CMUnitTest others[] = {cmocka_unit_test(is_used), cmocka_unit_test(is_not_aligned),
                                        cmocka_unit_test(is_not_there),
                                        cmocka_unit_test(is_refused)};

    failed += emulator_products() < 50;
    failed += cmocka_run_group_tests(others, NULL, NULL);
#endif
    return failed;
}
