/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators of networks on a Vulkan device, with weights of float32 and of float16. */
#include "kernels/tests/network_operators.h"
#include "kernels/vulkan/tests/vulkan_twins.h"

#define TOLERANCE_HALF 1e-3 /* rows are rounded to 16 bits, each number to 1/2048 of it */

static struct odva_vulkan_device *device_of_backend(void)
{
    return (struct odva_vulkan_device *)backends[1]->device;
}

static void set_halves(int has_halves)
{
    device_of_backend()->has_halves = has_half_weights = has_halves;
}

/* Enough rows for the largest tiles on a GPU, and weights of the network on a device that has no
 * float16. */
static void large_and_float32(void **state)
{
    struct random random = {7};

    (void)state;
    assert_false(device_of_backend()->has_halves);
    check_linear(&random, 100, 65, 70, ODVA_PRECISION_NETWORK, TOLERANCE);
    check_linear(&random, 48, 800, 650, ODVA_PRECISION_EXACT, TOLERANCE);
    device_of_backend()->has_halves = 1; /* which exact weights are not */
    check_linears(ODVA_PRECISION_EXACT, TOLERANCE);
    device_of_backend()->has_halves = 0;
}

/* The product of 1 with each number. */
static void multiply_by_one(const float *numbers, float *products, int count)
{
    struct odva_backend *backend = backends[1];
    struct odva_weights *weights =
        backend->device->ops->pack(backend->device, numbers, count, 1, ODVA_PRECISION_NETWORK);
    const struct odva_epilogue plain = {0};
    const struct twin one = twin_of(&(float){1}, sizeof(float));
    const struct twin row = twin_of(products, count * sizeof(*products));

    assert_non_null(weights);
    assert_int_equal(backend->ops->linear(
                         backend, (struct odva_matrix){row.of[1], 0, count, ODVA_FLOAT32},
                         (struct odva_matrix){one.of[1], 0, 1, ODVA_FLOAT32}, 1, weights, &plain),
                     ONEDVA_OK);
    assert_int_equal(
        backend->ops->download(backend, row.of[1], 0, products, count * sizeof(*products)),
        ONEDVA_OK);
    backend->device->ops->free_weights(backend->device, weights);
    twin_free(one);
    twin_free(row);
}

/* Weights of 16 bits: the nearest number, the even one of two, and float32 where one is too large.
 */
static void halves(void **state)
{
    static const float numbers[] = {0.333333343f,   -1.00048828f,  1.00146484f, 65504, -6.1e-5f,
                                    2.98023224e-8f, 8.9406967e-8f, 0,           1};
    static const float nearest[] = {
        0.333251953f, -1, 1.00195312f, 65504, -0x1.ff8p-15f, 0, 1.1920929e-7f, 0, 1};
    enum { COUNT = sizeof(numbers) / sizeof(numbers[0]) };
    const float large[] = {65505, 0.333333343f};
    float products[COUNT] = {0};

    (void)state;
    set_halves(1);
    multiply_by_one(numbers, products, COUNT);
    for (int i = 0; i < COUNT; i++) /* devices may take those without a leading 1 for 0 */
        assert_true(products[i] == nearest[i] || (fabsf(nearest[i]) < 6.2e-5f && products[i] == 0));
    multiply_by_one(large, products, 2);
    assert_true(products[0] == large[0] && products[1] == large[1]);
    set_halves(0);
}

static void check_network(double tolerance)
{
    set_halves(1);
    check_linears(ODVA_PRECISION_NETWORK, tolerance);
    check_linear(&(struct random){8}, 48, 800, 650, ODVA_PRECISION_NETWORK, tolerance);
    set_halves(0);
}

/* Weights of 16 bits, and rows of float32. */
static void products_with_halves(void **state)
{
    struct odva_vulkan_gpu *gpu = device_of_backend()->gpu;
    const struct odva_vulkan_matrices matrices = gpu->matrices;

    (void)state;
    gpu->matrices = (struct odva_vulkan_matrices){0};
    check_network(TOLERANCE);
    gpu->matrices = matrices;
}

/* Both are of 16 bits there. */
static void cooperative_matrices(void **state)
{
    const struct odva_vulkan_matrices *matrices = &device_of_backend()->gpu->matrices;

    (void)state;
    if (!matrices->rows) {
        printf("skipped: vulkan: no cooperative matrices that fit, of this %s\n",
               HAVE_VULKAN_MATRICES ? "device" : "build");
        skip();
    }
    printf("cooperative matrices: %u by %u by %u\n", matrices->rows, matrices->outputs,
           matrices->inputs);
    check_network(TOLERANCE_HALF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETWORK_TESTS, cmocka_unit_test(large_and_float32), cmocka_unit_test(halves),
        cmocka_unit_test(products_with_halves), cmocka_unit_test(cooperative_matrices)};

    return run_on_twins(tests, sizeof(tests) / sizeof(tests[0]));
}
