/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The CUDA device without a GPU: every failure of the driver is reported, leaves nothing behind,
 * and what the host gives may change at once. */
#include <stdlib.h>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/tests/emulator.h"
#include "tests/support/backend.h"

#define UNKNOWN_ERROR 999

static int lines; /* of the log, errors only */

static void count_line(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    (void)message;
    lines += level == ONEDVA_LOG_ERROR;
}

static const struct onedva_logger counting = {count_line, NULL};

static struct odva_device *open_device(void)
{
    struct odva_cuda_device *device;

    assert_int_equal(odva_cuda_device_open(&device, -1, &counting), ONEDVA_OK);
    return &device->base;
}

static void close_device(struct odva_device *device)
{
    odva_device_release(&device);
    assert_int_equal(emulator_leaks(), 0);
}

/* ---- failures ---------------------------------------------------------------------------- */

static void opening_fails(void **state)
{
    static const char *const names[] = {
        "cuInit",
        "cuDeviceGetCount",
        "cuDeviceGet",
        "cuDeviceGetName",
        "cuDeviceGetAttribute",
        "cuDevicePrimaryCtxRetain",
        "cuModuleLoadData",
        "cuDeviceGetDefaultMemPool",
        "cuMemPoolSetAttribute",
        "cuCtxPushCurrent_v2",
        "cuModuleGetFunction",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct odva_cuda_device *device;

        lines = 0;
        emulator_fail(names[i], UNKNOWN_ERROR, 1);
        assert_int_equal(odva_cuda_device_open(&device, -1, &counting), ONEDVA_ERR_DEVICE);
        assert_null(device);
        assert_int_equal(lines, 1);
        assert_int_equal(emulator_leaks(), 0);
    }
}

static void no_such_device(void **state)
{
    struct odva_cuda_device *device;

    (void)state;
    lines = 0;
    assert_int_equal(odva_cuda_device_open(&device, 1, &counting), ONEDVA_ERR_ARGUMENT);
    emulator_fail("cuInit", ODVA_CUDA_NO_DEVICE, 1);
    assert_int_equal(odva_cuda_device_open(&device, -1, &counting), ONEDVA_ERR_UNSUPPORTED);
    assert_int_equal(lines, 2);
    assert_int_equal(emulator_leaks(), 0);
}

/* Where memory is short a constant is not there, and the device lives on. */
static void constants_fail(void **state)
{
    static const char *const names[] = {"cuMemAlloc_v2", "cuMemcpyHtoD_v2", "cuStreamSynchronize"};
    struct odva_device *device = open_device();
    struct odva_buffer *buffer;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        emulator_fail(names[i], ODVA_CUDA_OUT_OF_MEMORY, 1);
        assert_null(device->ops->constant(device, names, sizeof(names)));
    }
    buffer = device->ops->constant(device, names, sizeof(names));
    assert_non_null(buffer);
    device->ops->free_constant(device, buffer);
    close_device(device);
}

static void backend_fails_to_open(void **state)
{
    struct odva_device *device = open_device();

    (void)state;
    emulator_fail("cuStreamCreate", UNKNOWN_ERROR, 1);
    assert_null(device->ops->open_backend(device, test_threads(1), &counting));
    close_device(device);
}

/* Memory that is short comes back; a device that failed does not. */
static void work_fails(void **state)
{
    struct odva_device *device = open_device();
    struct odva_backend *backend;
    struct odva_buffer *buffer;
    float numbers[4] = {0};

    (void)state;
    assert_int_equal(odva_backend_open(&backend, device, test_threads(1), &counting), ONEDVA_OK);
    emulator_fail("cuMemAllocAsync", ODVA_CUDA_OUT_OF_MEMORY, 1);
    assert_null(backend->ops->alloc(backend, 16));
    buffer = backend->ops->alloc(backend, sizeof(numbers));
    assert_non_null(buffer);
    emulator_fail("cuMemHostAlloc", ODVA_CUDA_OUT_OF_MEMORY, 1);
    assert_int_equal(backend->ops->upload(backend, buffer, 0, numbers, sizeof(numbers)),
                     ONEDVA_ERR_NOMEM);
    assert_int_equal(backend->ops->upload(backend, buffer, 0, numbers, sizeof(numbers)), ONEDVA_OK);
    lines = 0;
    emulator_fail("cuLaunchKernel", UNKNOWN_ERROR, 1);
    for (int i = 0; i < 2; i++) {
        const struct odva_matrix matrix = {buffer, 0, 4, ODVA_FLOAT32};

        assert_int_equal(backend->ops->axpby(backend, matrix, 1, matrix, 1, matrix, 1, 4),
                         ONEDVA_ERR_DEVICE);
    }
    assert_int_equal(backend->ops->synchronize(backend), ONEDVA_ERR_DEVICE);
    assert_int_equal(lines, 1);
    backend->ops->free(backend, buffer);
    odva_backend_close(&backend);
    close_device(device);
}

/* ---- order ------------------------------------------------------------------------------- */

/* What is uploaded is what it was at the time, however much waits. */
static void uploads_are_copied(void **state)
{
    struct odva_device *device = open_device();
    struct odva_buffer *buffers[40];
    struct odva_backend *backend;

    (void)state;
    assert_int_equal(odva_backend_open(&backend, device, test_threads(1), &counting), ONEDVA_OK);
    for (int i = 0; i < 40; i++) {
        int number = i;

        buffers[i] = backend->ops->alloc(backend, sizeof(number) * (1 + i));
        assert_non_null(buffers[i]);
        assert_int_equal(
            backend->ops->upload(backend, buffers[i], sizeof(number) * i, &number, sizeof(number)),
            ONEDVA_OK);
        number = -1;
    }
    assert_true(odva_cuda_stream_of(backend)->staging_count <= 8);
    for (int i = 0; i < 40; i++) {
        int number;

        assert_int_equal(backend->ops->download(backend, buffers[i], sizeof(number) * i, &number,
                                                sizeof(number)),
                         ONEDVA_OK);
        assert_int_equal(number, i);
        backend->ops->free(backend, buffers[i]);
    }
    odva_backend_close(&backend);
    close_device(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_fails),  cmocka_unit_test(no_such_device),
        cmocka_unit_test(constants_fail), cmocka_unit_test(backend_fails_to_open),
        cmocka_unit_test(work_fails),     cmocka_unit_test(uploads_are_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
