/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The CUDA device without a GPU: what is said where there is no driver or none that will do; every
 * failure of the driver is reported and leaves nothing behind; what the host gives may change at
 * once. */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/tests/emulator.h"
#include "kernels/tests/computations.h"
#include "tests/support/backend.h"

#define UNKNOWN_ERROR 999
#define MAX_CALLS     2000 /* that may fail, of a run */

static int lines; /* of the log, errors only */
static char last_line[300];

static void count_line(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    if (level != ONEDVA_LOG_ERROR)
        return;
    lines++;
    assert_true(strlen(message) < sizeof(last_line));
    strcpy(last_line, message);
}

static const struct onedva_logger counting = {count_line, NULL};

static struct odva_device *open_device(void)
{
    struct odva_cuda_device *device;

    assert_int_equal(odva_cuda_device_open(&device, -1, 0, &counting), ONEDVA_OK);
    return &device->base;
}

static void close_device(struct odva_device *device)
{
    odva_device_release(&device);
    assert_int_equal(emulator_leaks(), 0);
}

/* ---- which device ------------------------------------------------------------------------ */

static void expect_failure(int index, int expected, const char *message)
{
    struct odva_cuda_device *device;

    lines = 0;
    assert_int_equal(odva_cuda_device_open(&device, index, 0, &counting), expected);
    assert_null(device);
    assert_int_equal(lines, 1);
    if (!strstr(last_line, message))
        fail_msg("'%s' lacks '%s'", last_line, message);
    assert_int_equal(emulator_leaks(), 0);
    emulated_gpu = (struct emulated_gpu)EMULATED_GPU;
}

static void no_driver(void **state)
{
    static const char *const names[] = {
#define NAME(member, name, parameters) #name,
        ODVA_CUDA_FUNCTIONS(NAME)
#undef NAME
    };

    (void)state;
    assert_true(odva_cuda_probe());
    emulated_gpu.lacks = "libcuda.so.1";
    assert_false(odva_cuda_probe());
    expect_failure(-1, ONEDVA_ERR_UNSUPPORTED,
                   "libcuda.so.1 was not found; install NVIDIA's driver");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char message[100];

        snprintf(message, sizeof(message), "the driver has no %s; NVIDIA's driver of CUDA 11.3",
                 names[i]);
        emulated_gpu.lacks = names[i];
        expect_failure(-1, ONEDVA_ERR_UNSUPPORTED, message);
    }
}

static void poor_devices(void **state)
{
    (void)state;
    expect_failure(1, ONEDVA_ERR_ARGUMENT, "there is no device 1; the last one is 0");
    emulated_gpu.count = 0;
    expect_failure(-1, ONEDVA_ERR_UNSUPPORTED, "there is no NVIDIA GPU; use -backend cpu");
    emulator_fail("cuInit", ODVA_CUDA_NO_DEVICE, 1);
    expect_failure(-1, ONEDVA_ERR_UNSUPPORTED, "there is no NVIDIA GPU; use -backend cpu");
    emulated_gpu.major = 7;
    emulated_gpu.minor = 2;
    expect_failure(-1, ONEDVA_ERR_UNSUPPORTED, "too old: 7.5 or later is needed; use -backend cpu");
    emulated_gpu.has_pools = 0;
    expect_failure(-1, ONEDVA_ERR_UNSUPPORTED, "the GPU has no memory pools; use -backend cpu");
    for (int i = 0; i < 3; i++) {
        static const int results[] = {ODVA_CUDA_INVALID_IMAGE, ODVA_CUDA_NO_BINARY_FOR_GPU,
                                      ODVA_CUDA_UNSUPPORTED_PTX};

        emulator_fail("cuModuleLoadData", results[i], 1);
        expect_failure(-1, ONEDVA_ERR_UNSUPPORTED, "the driver is too old for this build");
    }
}

/* bfloat16 factors from 8.0 on, where they are asked for. */
static int has_rounding(int major, int minor, int is_wanted)
{
    struct odva_cuda_device *device;
    int is;

    emulated_gpu.major = major;
    emulated_gpu.minor = minor;
    assert_int_equal(odva_cuda_device_open(&device, -1, is_wanted, &counting), ONEDVA_OK);
    is = device->is_rounded;
    assert_true(!is || device->gpu->kernels[ODVA_CUDA_KERNEL_linear_bf16]);
    assert_true(major >= 8 || !device->gpu->modules[ODVA_CUDA_MODULE_linear_bf16]);
    close_device(&device->base);
    emulated_gpu = (struct emulated_gpu)EMULATED_GPU;
    return is;
}

static void rounding(void **state)
{
    (void)state;
    assert_false(has_rounding(7, 5, 1));
    assert_true(has_rounding(8, 0, 1));
    assert_false(has_rounding(8, 0, 0));
    assert_true(has_rounding(12, 0, 1));
}

/* @return the status, after at most one line */
static int open_wish(struct odva_device_wish wish)
{
    struct odva_device *device = NULL;
    const void *choice;
    int status;

    wish.logger = &counting;
    lines = 0;
    status = odva_cuda_choose(&wish, &choice);
    if (status >= 0)
        status = odva_cuda_open(&device, choice, &wish);
    assert_int_equal(lines, status < 0);
    assert_true((device != NULL) == (status >= 0));
    if (device)
        close_device(device);
    return status;
}

/* For the registry: devices that were asked for by number, and no other way to compute. */
static void choice(void **state)
{
    (void)state;
    assert_int_equal(open_wish((struct odva_device_wish){ONEDVA_BACKEND_CUDA, .index = 0}),
                     ONEDVA_OK);
    assert_int_equal(
        open_wish((struct odva_device_wish){ONEDVA_BACKEND_CUDA, .index = ODVA_ANY_DEVICE}),
        ONEDVA_OK);
    assert_int_equal(open_wish((struct odva_device_wish){ONEDVA_BACKEND_CUDA, .index = 15}),
                     ONEDVA_ERR_ARGUMENT);
    assert_non_null(strstr(last_line, "there is no device 15; the last one is 0"));
    assert_int_equal(open_wish((struct odva_device_wish){ONEDVA_BACKEND_CUDA, .index = 16}),
                     ONEDVA_ERR_ARGUMENT);
    assert_non_null(strstr(last_line, "no machine has so many devices"));
    assert_int_equal(open_wish((struct odva_device_wish){ONEDVA_BACKEND_CUDA,
                                                         .index = ODVA_ANY_DEVICE, .bitexact = 1}),
                     ONEDVA_ERR_UNSUPPORTED);
    assert_non_null(strstr(last_line, "use -backend cpu with it"));
    assert_int_equal(
        open_wish((struct odva_device_wish){ONEDVA_BACKEND_AUTO, .index = ODVA_ANY_DEVICE}),
        ONEDVA_ERR_UNSUPPORTED);
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
        assert_int_equal(odva_cuda_device_open(&device, -1, 0, &counting), ONEDVA_ERR_DEVICE);
        assert_null(device);
        assert_int_equal(lines, 1);
        assert_int_equal(emulator_leaks(), 0);
    }
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

/* A device, a backend on it and all kinds of work. */
static int run(void)
{
    struct odva_cuda_device *device;
    struct odva_backend *backend;
    struct odva_device *base;
    int status = odva_cuda_device_open(&device, -1, 0, &counting);

    if (status < 0)
        return status;
    base = &device->base;
    status = odva_backend_open(&backend, base, test_threads(1), &counting);
    if (status >= 0) {
        status = compute_all(backend);
        odva_backend_close(&backend);
    }
    odva_device_release(&base);
    return status;
}

/* Until none fails any more: a status tells of it, one line where it was not memory, and nothing is
 * left behind. */
static void fail_each_call(int result)
{
    int call = 0, status;

    do {
        emulator_fail_call(++call, result);
        lines = 0;
        status = run();
        assert_true(lines <= 1);
        if (status < 0 && status != ONEDVA_ERR_NOMEM)
            assert_int_equal(lines, 1);
        assert_int_equal(emulator_leaks(), 0);
    } while (emulator_has_failed() && call < MAX_CALLS);
    assert_true(call > 100 && call < MAX_CALLS);
    assert_int_equal(status, ONEDVA_OK);
    emulator_fail_call(0, 0);
}

static void memory_runs_out(void **state)
{
    (void)state;
    fail_each_call(ODVA_CUDA_OUT_OF_MEMORY);
}

static void device_fails(void **state)
{
    (void)state;
    fail_each_call(UNKNOWN_ERROR);
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
    assert_true(odva_cuda_stream_of(backend)->staging_count <= 24);
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

static long allocations(void)
{
    for (const struct emulator_calls *c = emulator_calls(); c->name; c++)
        if (!strcmp(c->name, "cuMemHostAlloc"))
            return c->count;
    return 0;
}

/* The driver takes long to lock pages: after the first clips there are enough, of every size. */
static void staging_is_kept(void **state)
{
    static const size_t sizes[] = {100, 70000, 5, 1000000, 131072, 131073, 400000, 65536};
    struct odva_device *device = open_device();
    struct odva_buffer *buffer;
    struct odva_backend *backend;
    char *numbers = calloc(1, 1000000);
    long first = 0;

    (void)state;
    assert_non_null(numbers);
    assert_int_equal(odva_backend_open(&backend, device, test_threads(1), &counting), ONEDVA_OK);
    buffer = backend->ops->alloc(backend, 1000000);
    assert_non_null(buffer);
    emulator_forget_calls();
    for (int clip = 0; clip < 12; clip++) {
        for (int i = 0; i < 20; i++)
            assert_int_equal(
                backend->ops->upload(backend, buffer, 0, numbers, sizes[(clip + 3 * i) % 8]),
                ONEDVA_OK);
        if (clip == 3)
            first = allocations();
    }
    assert_true(first > 0 && first <= 40);
    assert_int_equal(allocations(), first);
    assert_int_equal(backend->ops->synchronize(backend), ONEDVA_OK);
    backend->ops->free(backend, buffer);
    odva_backend_close(&backend);
    close_device(device);
    free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_driver),
        cmocka_unit_test(poor_devices),
        cmocka_unit_test(rounding),
        cmocka_unit_test(choice),
        cmocka_unit_test(opening_fails),
        cmocka_unit_test(constants_fail),
        cmocka_unit_test(backend_fails_to_open),
        cmocka_unit_test(work_fails),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(device_fails),
        cmocka_unit_test(uploads_are_copied),
        cmocka_unit_test(staging_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
