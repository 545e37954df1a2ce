/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which device is opened, what is said where none can be, pipelines kept from run to run, and every
 * call that may fail failing once. */
#include <errno.h>
#include <pthread.h>

#include "kernels/vulkan/pipeline_cache.h"
#include "kernels/vulkan/tests/failing_vulkan.h"
#include "kernels/vulkan/vulkan_backend.h"

#define WIDTH 24
#define ROWS  40

static void expect_failure(int index, int expected, const char *message)
{
    struct odva_vulkan_device *device;

    lines = 0;
    assert_int_equal(odva_vulkan_device_open(&device, index, &counting_logger), expected);
    assert_null(device);
    assert_int_equal(lines, 1);
    if (!strstr(vulkan_test.message, message))
        fail_msg("'%s' lacks '%s'", vulkan_test.message, message);
}

/* ---- which device ------------------------------------------------------------------------ */

/* @return its number */
static int index_of(int choice)
{
    struct odva_vulkan_device *device;
    int index;

    assert_int_equal(odva_vulkan_device_open(&device, choice, &counting_logger), ONEDVA_OK);
    index = device->gpu->index;
    close_vulkan(device);
    return index;
}

static void choice(void **state)
{
    struct odva_vulkan_device *device = open_vulkan();
    const int is_software = device->gpu->properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    char name[VK_MAX_PHYSICAL_DEVICE_NAME_SIZE];

    (void)state;
    snprintf(name, sizeof(name), "%s", device->gpu->properties.deviceName);
    close_vulkan(device);
    expect_failure(99, ONEDVA_ERR_ARGUMENT, name);
    assert_true(index_of(ODVA_VULKAN_FIRST) >= 0);
    if (is_software) { /* and the only one, as devices that are not come first */
        assert_int_equal(index_of(ODVA_VULKAN_FIRST), 0);
        expect_failure(ODVA_VULKAN_GPU_ONLY, ONEDVA_ERR_UNSUPPORTED, "devices are no GPUs");
    }
    faults.is_gpu = 1;
    assert_int_equal(index_of(ODVA_VULKAN_GPU_ONLY), 0);
    faults.is_gpu = 0;
}

static void no_loader_or_driver(void **state)
{
    (void)state;
    faults.without_loader = 1;
    expect_failure(0, ONEDVA_ERR_UNSUPPORTED, "libvulkan.so.1 was not found");
    assert_false(onedva_backend_available(ONEDVA_BACKEND_VULKAN));
    faults.without_loader = 0;
    assert_true(onedva_backend_available(ONEDVA_BACKEND_VULKAN));
    faults.missing = "vkWaitSemaphores";
    expect_failure(0, ONEDVA_ERR_UNSUPPORTED, "no vkWaitSemaphores");
    faults.missing = "vkEnumerateInstanceVersion";
    expect_failure(0, ONEDVA_ERR_UNSUPPORTED, "no vkEnumerateInstanceVersion");
    faults.missing = NULL;
}

static VkBool32 *timelines(VkPhysicalDeviceFeatures2 *features)
{
    return &((VkPhysicalDeviceVulkan12Features *)features->pNext)->timelineSemaphore;
}

static VkBool32 *addresses(VkPhysicalDeviceFeatures2 *features)
{
    return &((VkPhysicalDeviceVulkan12Features *)features->pNext)->bufferDeviceAddress;
}

static VkBool32 *long_integers(VkPhysicalDeviceFeatures2 *features)
{
    return &features->features.shaderInt64;
}

/* A device that is too old or too small. */
static void poor_devices(void **state)
{
    static VkBool32 *(*const features[])(VkPhysicalDeviceFeatures2 *) = {timelines, addresses,
                                                                         long_integers};
    static const char *const names[] = {"timeline semaphores", "addresses of buffers",
                                        "64-bit integers"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        faults.lacking = features[i];
        expect_failure(0, ONEDVA_ERR_UNSUPPORTED, names[i]);
    }
    faults.lacking = NULL;
    faults.version = VK_API_VERSION_1_1;
    expect_failure(0, ONEDVA_ERR_UNSUPPORTED, "no Vulkan 1.2; use -backend cpu");
    faults.version = 0;
    faults.memory = 100 << 20;
    expect_failure(0, ONEDVA_ERR_UNSUPPORTED,
                   "has 100 MiB of memory, and 256 are needed; use -backend cpu");
    faults.memory = 0;
}

/* @return whether the device that a wish leads to is of Vulkan; no line says that anything is wrong
 */
static int is_vulkan(struct odva_device_wish wish)
{
    struct odva_device *device;
    int is;

    wish.logger = &counting_logger;
    lines = 0;
    assert_int_equal(odva_device_open(&device, &wish, NULL), ONEDVA_OK);
    assert_int_equal(lines, 0);
    is = device->ops->open_backend == odva_vulkan_backend_open;
#ifdef ONEDVA_CHECKS
    is = device->unchecked_ops->open_backend == odva_vulkan_backend_open;
#endif
    odva_device_release(&device);
    return is;
}

/* AUTO takes a GPU that works and nothing else, and does not complain. */
static void automatic(void **state)
{
    const struct odva_device_wish wish = {.index = ODVA_ANY_DEVICE,
                                          .precision = ONEDVA_PRECISION_BFLOAT16};
    const struct odva_device_wish bitexact = {.index = ODVA_ANY_DEVICE, .bitexact = 1};

    (void)state;
    faults.is_gpu = 1;
    faults.gpu_files = -1;
    assert_false(is_vulkan(wish));
    faults.gpu_files = 1;
    assert_true(is_vulkan(wish));
    assert_false(is_vulkan(bitexact));
    assert_int_equal(setenv("ONEDVA_CPU", "c", 1), 0);
    assert_false(is_vulkan(wish));
    unsetenv("ONEDVA_CPU");
    faults.without_loader = 1;
    assert_false(is_vulkan(wish));
    faults.without_loader = 0;
    faults.memory = 100 << 20;
    assert_false(is_vulkan(wish));
    faults.memory = 0;
    faults.lacking = addresses;
    assert_false(is_vulkan(wish));
    faults.lacking = NULL;
    faults.is_gpu = 0;
    faults.gpu_files = 0;
}

static void expect_no_device(struct odva_device_wish wish, int expected, const char *message)
{
    struct odva_device *device;

    wish.logger = &counting_logger;
    lines = 0;
    assert_int_equal(odva_device_open(&device, &wish, NULL), expected);
    assert_null(device);
    assert_int_equal(lines, 1);
    if (!strstr(vulkan_test.message, message))
        fail_msg("'%s' lacks '%s'", vulkan_test.message, message);
}

/* The device that was asked for, or an error. */
static void asked_for(void **state)
{
    const struct odva_device_wish first = {.kind = ONEDVA_BACKEND_VULKAN};
    const struct odva_device_wish any = {.kind = ONEDVA_BACKEND_VULKAN, .index = ODVA_ANY_DEVICE};
    const struct odva_device_wish bitexact = {
        .kind = ONEDVA_BACKEND_VULKAN, .index = ODVA_ANY_DEVICE, .bitexact = 1};
    const struct odva_device_wish none = {.kind = ONEDVA_BACKEND_VULKAN, .index = 15};
    const struct odva_device_wish absurd = {.kind = ONEDVA_BACKEND_VULKAN, .index = 16};

    (void)state;
    assert_true(is_vulkan(first));
    assert_true(is_vulkan(any));
    expect_no_device(bitexact, ONEDVA_ERR_UNSUPPORTED, "use -backend cpu");
    expect_no_device(none, ONEDVA_ERR_ARGUMENT, "device 15 does not exist; there is 0 (");
    expect_no_device(absurd, ONEDVA_ERR_ARGUMENT, "no machine has so many devices");
    faults.without_loader = 1;
    expect_no_device(any, ONEDVA_ERR_UNSUPPORTED, "libvulkan.so.1 was not found");
    faults.without_loader = 0;
}

/* ---- pipelines --------------------------------------------------------------------------- */

static void write_file(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

/* Something is computed and right. @return a negative status where something failed */
static int compute(struct odva_backend *backend)
{
    float x[ROWS * WIDTH], w[WIDTH * WIDTH] = {0}, y[ROWS * WIDTH];
    const struct odva_epilogue plain = {0};
    struct odva_buffer *src = backend->ops->alloc(backend, sizeof(x));
    struct odva_buffer *dst = src ? backend->ops->alloc(backend, sizeof(y)) : NULL;
    struct odva_weights *weights = NULL;
    int status = dst ? ONEDVA_OK : ONEDVA_ERR_NOMEM;

    for (int i = 0; i < ROWS * WIDTH; i++)
        x[i] = (float)(i % 97);
    for (int i = 0; i < WIDTH; i++)
        w[i * WIDTH + i] = 2;
    if (status >= 0)
        status = backend->ops->upload(backend, src, 0, x, sizeof(x));
    if (status >= 0) {
        weights =
            backend->device->ops->pack(backend->device, w, WIDTH, WIDTH, ODVA_PRECISION_EXACT);
        status = weights ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
    }
    if (status >= 0)
        status = backend->ops->linear(backend, (struct odva_matrix){dst, 0, WIDTH, ODVA_FLOAT32},
                                      (struct odva_matrix){src, 0, WIDTH, ODVA_FLOAT32}, ROWS,
                                      weights, &plain);
    if (status >= 0)
        status = backend->ops->download(backend, dst, 0, y, sizeof(y));
    for (int i = 0; status >= 0 && i < ROWS * WIDTH; i++)
        assert_true(y[i] == 2 * x[i]);
    if (weights)
        backend->device->ops->free_weights(backend->device, weights);
    if (dst)
        backend->ops->free(backend, dst);
    if (src)
        backend->ops->free(backend, src);
    return status;
}

/* Norm and two products, rows between them in memory of the device. */
static int compute_chain(struct odva_backend *backend)
{
    float x[ROWS * WIDTH] = {1}, w[WIDTH * WIDTH] = {1};
    struct odva_buffer *rows = backend->ops->alloc(backend, sizeof(x));
    struct odva_weights *weights =
        backend->device->ops->pack(backend->device, w, WIDTH, WIDTH, ODVA_PRECISION_EXACT);
    const struct odva_matrix matrix = {rows, 0, WIDTH, ODVA_FLOAT32};
    const struct odva_modulation norm = {0};
    const struct odva_linear_step steps[2] = {
        {.src = matrix, .norm = &norm, .weights = weights},
        {.dst = matrix, .weights = weights, .epilogue = {.add = matrix}}};
    int status = rows && weights ? ONEDVA_OK : ONEDVA_ERR_NOMEM;

    if (status >= 0)
        status = backend->ops->upload(backend, rows, 0, x, sizeof(x));
    if (status >= 0)
        status = backend->ops->linear_chain(backend, steps, 2, ROWS);
    if (status >= 0)
        status = backend->ops->download(backend, rows, 0, x, sizeof(x));
    if (weights)
        backend->device->ops->free_weights(backend->device, weights);
    if (rows)
        backend->ops->free(backend, rows);
    return status;
}

/* Gradients of a picture of the host and its copy, into memory of the host; and the copy's half. */
static int compute_tensors(struct odva_backend *backend)
{
    uint8_t samples[3][16 * 16] = {{1}};
    const struct onedva_picture picture = {{samples[0], samples[1], samples[2]}, {16, 8, 8}};
    struct odva_structure_tensor tensors[16];
    struct odva_image *wrapped = backend->ops->image_wrap(backend, &picture, 16, 16);
    struct odva_image *image = backend->ops->image_alloc(backend, NULL, 16, 16);
    struct odva_image *half = backend->ops->image_alloc(backend, NULL, 8, 8);
    struct odva_buffer *results = backend->ops->wrap(backend, tensors, sizeof(tensors));
    int status = wrapped && image && half && results ? ONEDVA_OK : ONEDVA_ERR_NOMEM;

    if (status >= 0)
        status = backend->ops->image_copy(backend, image, wrapped);
    if (status >= 0)
        status = backend->ops->structure_tensors(backend, results, image, wrapped);
    if (status >= 0)
        status = backend->ops->downscale2x(backend, half, image);
    if (status >= 0)
        status = backend->ops->image_copy(backend, wrapped, image);
    if (status >= 0)
        status = backend->ops->synchronize(backend);
    if (status >= 0)
        assert_true(tensors[0].xx == 8 && tensors[0].ee == 0 && tensors[15].xx == 0);
    if (results)
        backend->ops->free(backend, results);
    if (image)
        backend->ops->image_free(backend, image);
    if (half)
        backend->ops->image_free(backend, half);
    if (wrapped)
        backend->ops->image_free(backend, wrapped);
    return status;
}

/* Pictures from latents: all tables of a tile are of one number. */
static int compute_pictures(struct odva_backend *backend)
{
    static const int16_t vectors[ODVA_FRAME_SAMPLES] = {16384}, *const mean = vectors;
    const int32_t zero = 0;
    struct odva_device *device = backend->device;
    struct odva_basis *basis = device->ops->pack_basis(device, vectors, 1, mean);
    struct odva_buffer *number = device->ops->constant(device, &zero, sizeof(zero));
    struct odva_image *image = backend->ops->image_alloc(backend, NULL, 16, 16);
    const struct odva_grid grid = {
        .frames = 1, .width = 16, .height = 16, .gt = 1, .gy = 1, .gx = 1, .patches = 1};
    const struct odva_bands bands = {{1, 0, 0, 0}, 1};
    const struct odva_dct_tile tile = {
        .nt = 1, .ny = 1, .nx = 1, .coefficients = 1, .rows = number, .order = number};
    int status = basis && number && image ? ONEDVA_OK : ONEDVA_ERR_NOMEM;

    if (status >= 0)
        status = backend->ops->reconstruct(backend, &image, &grid, number, basis, &bands, &tile, 1,
                                           NULL);
    if (status >= 0)
        status = backend->ops->deblock(backend, &image, &grid, 1, NULL);
    if (status >= 0)
        status = backend->ops->smooth(backend, &image, &grid, 1, NULL);
    if (status >= 0)
        status = backend->ops->synchronize(backend);
    if (basis)
        device->ops->free_basis(device, basis);
    if (number)
        device->ops->free_constant(device, number);
    if (image)
        backend->ops->image_free(backend, image);
    return status;
}

/* A device, a backend on it and a computation. */
static int run(void)
{
    struct odva_vulkan_device *device;
    struct odva_backend *backend;
    int status = odva_vulkan_device_open(&device, 0, &counting_logger);

    if (status < 0)
        return status;
    status = odva_backend_open(&backend, &device->base, NULL, &counting_logger);
    if (status >= 0) {
        status = compute(backend);
        odva_backend_close(&backend);
    }
    close_vulkan(device);
    return status;
}

/* All computations on a device that is open; it is opened anew where it has failed. */
static int run_on_device(void)
{
    static struct odva_vulkan_device *device;
    const int countdown = faults.countdown;
    struct odva_backend *backend;
    int status;

    if (device && device->stream.status < 0) {
        close_vulkan(device);
        device = NULL;
    }
    faults.countdown = 0;
    if (!device)
        device = open_vulkan();
    faults.countdown = countdown;
    status = odva_backend_open(&backend, &device->base, NULL, &counting_logger);
    if (status < 0)
        return status;
    if ((status = compute(backend)) >= 0 && (status = compute_chain(backend)) >= 0 &&
        (status = compute_tensors(backend)) >= 0)
        status = compute_pictures(backend);
    odva_backend_close(&backend);
    if (status >= 0) { /* nothing has failed: the last time */
        close_vulkan(device);
        device = NULL;
    }
    return status;
}

/* What is damaged is as if it were not there, and is replaced; so is what a crash left half. */
static void pipeline_cache(void **state)
{
    static const uint8_t uuid[16] = {1, 2, 3};
    char path[ODVA_VULKAN_CACHE_PATH], *data = NULL;
    struct odva_vulkan_device *device = open_vulkan();
    size_t bytes, expected;

    (void)state;
    assert_true(odva_vulkan_cache_path(path, device->gpu->properties.pipelineCacheUUID));
    close_vulkan(device);
    assert_int_equal(run(), ONEDVA_OK);
    data = odva_vulkan_cache_read(path, &expected);
    assert_non_null(data);
    free(data);
    for (int kind = 0; kind < 3; kind++) {
        char *file = malloc(expected + 24);
        FILE *old = fopen(path, "rb");

        assert_true(file && old);
        assert_int_equal(fread(file, 1, expected + 24, old), expected + 24);
        fclose(old);
        file[kind == 0 ? 0 : 24 + (expected - 1) / 2] ^= 1;
        write_file(path, file, kind == 2 ? (expected + 24) / 2 : expected + 24);
        free(file);
        assert_null(odva_vulkan_cache_read(path, &bytes));
        assert_int_equal(run(), ONEDVA_OK);
        data = odva_vulkan_cache_read(path, &bytes);
        assert_non_null(data);
        free(data);
    }
    assert_true(odva_vulkan_cache_path(path, uuid));
    assert_true(odva_vulkan_cache_write(path, "abc", 3));
    data = odva_vulkan_cache_read(path, &bytes);
    assert_true(data && bytes == 3 && !memcmp(data, "abc", 3));
    free(data);
    assert_false(odva_vulkan_cache_write("/proc/none/onedva", "abc", 3));
    assert_int_equal(setenv("XDG_CACHE_HOME", "/proc/none", 1), 0);
    assert_int_equal(run(), ONEDVA_OK);
    assert_int_equal(setenv("XDG_CACHE_HOME", vulkan_test.folder, 1), 0);
}

/* ---- faults ------------------------------------------------------------------------------ */

static void memory_runs_out(void **state)
{
    (void)state;
    fail_each_call(run, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    fail_each_call(run_on_device, VK_ERROR_OUT_OF_DEVICE_MEMORY);
}

static void device_is_lost(void **state)
{
    (void)state;
    fail_each_call(run, VK_ERROR_DEVICE_LOST);
    fail_each_call(run_on_device, VK_ERROR_DEVICE_LOST);
}

/* Buffers larger than the device gives, and more than there is; then the same again. */
static void large_buffers(void **state)
{
    struct odva_vulkan_device *device = open_vulkan();
    const size_t most = device->gpu->max_allocation;
    struct odva_backend *backend;

    (void)state;
    assert_int_equal(odva_backend_open(&backend, &device->base, NULL, &counting_logger), ONEDVA_OK);
    lines = 0;
    assert_null(backend->ops->alloc(backend, SIZE_MAX));
    assert_null(backend->ops->alloc(backend, most + 1));
    assert_int_equal(lines, 2);
    for (uint32_t i = 0; i < VK_MAX_MEMORY_HEAPS; i++)
        device->gpu->memory.memoryHeaps[i].size = device->gpu->held[i] + (8 << 20);
    for (int round = 0; round < 2; round++) {
        assert_null(backend->ops->alloc(backend, 9 << 20));
        assert_int_equal(compute(backend), ONEDVA_OK);
    }
    odva_backend_close(&backend);
    close_vulkan(device);
}

/* ---- threads ----------------------------------------------------------------------------- */

static void *compute_often(void *opaque)
{
    struct odva_backend *backend;

    assert_int_equal(odva_backend_open(&backend, opaque, NULL, NULL), ONEDVA_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(compute(backend), ONEDVA_OK);
    odva_backend_close(&backend);
    return NULL;
}

/* Several backends of one device at once. */
static void threads(void **state)
{
    struct odva_vulkan_device *device = open_vulkan();
    pthread_t ids[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&ids[i], NULL, compute_often, device), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
    close_vulkan(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choice),         cmocka_unit_test(no_loader_or_driver),
        cmocka_unit_test(poor_devices),   cmocka_unit_test(automatic),
        cmocka_unit_test(asked_for),      cmocka_unit_test(pipeline_cache),
        cmocka_unit_test(large_buffers),  cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(device_is_lost), cmocka_unit_test(threads)};
    struct odva_vulkan_device *device;
    int failed;

    vulkan_test_begin();
    device = open_vulkan();
    close_vulkan(device);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (validation_bytes() > 0) {
        print_validation();
        failed++;
    }
    device = open_vulkan();
    expect_validation(device);
    close_vulkan(device);
    vulkan_test_end();
    return failed;
}
