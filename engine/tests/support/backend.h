/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Backends for tests. */
#ifndef ODVA_TEST_BACKEND_H
#define ODVA_TEST_BACKEND_H

#include <stdlib.h>

#include "base/thread_pool.h"
#include "kernels/images.h"
#include "tests/support/test.h"

#define MOST_TEST_THREADS 8

/* Pools by their number of threads. */
static struct odva_thread_pool *test_pools[MOST_TEST_THREADS + 1];

static inline void close_test_pools(void)
{
    for (int i = 0; i <= MOST_TEST_THREADS; i++)
        odva_thread_pool_close(&test_pools[i]);
}

/* So many threads, which are there until the program ends; 0: one for each processor. */
static inline struct odva_thread_pool *test_threads(int threads)
{
    assert_in_range(threads, 0, MOST_TEST_THREADS);
    if (!test_pools[threads]) {
        assert_int_equal(odva_thread_pool_open(&test_pools[threads], threads), ONEDVA_OK);
        atexit(close_test_pools);
    }
    return test_pools[threads];
}

/* On a device of its own, as a wish has it. @return NULL where this machine or build has no such */
static inline struct odva_backend *backend_of(enum onedva_backend kind, int threads, int bitexact,
                                              enum onedva_precision precision)
{
    const struct odva_device_wish wish = {
        .kind = kind, .index = ODVA_ANY_DEVICE, .bitexact = bitexact, .precision = precision};
    struct odva_backend *backend;
    struct odva_device *device;
    const int status = odva_device_open(&device, &wish, NULL);

    assert_int_equal(status, device ? ONEDVA_OK : ONEDVA_ERR_UNSUPPORTED);
    if (!device)
        return NULL;
    assert_int_equal(odva_backend_open(&backend, device, test_threads(threads), NULL), ONEDVA_OK);
    odva_device_release(&device);
    return backend;
}

/* The CPU's, with two threads. */
static inline struct odva_backend *backend_new(void)
{
    return backend_of(ONEDVA_BACKEND_CPU, 2, 0, ONEDVA_PRECISION_BFLOAT16);
}

/* Of all tests of a program that gives the next two to cmocka_run_group_tests. */
static struct odva_backend *test_backend;

static inline int open_backend(void **state)
{
    (void)state;
    test_backend = backend_new();
    return 0;
}

static inline int close_backend(void **state)
{
    (void)state;
    odva_backend_close(&test_backend);
    return 0;
}

/* With the instructions that ONEDVA_CPU may name. @return NULL where this machine or build has none
 * of them */
static inline struct odva_backend *backend_of_cpu(const char *cpu, int threads, int bitexact)
{
    struct odva_backend *backend;

    assert_int_equal(setenv("ONEDVA_CPU", cpu, 1), 0);
    backend = backend_of(ONEDVA_BACKEND_CPU, threads, bitexact, ONEDVA_PRECISION_BFLOAT16);
    unsetenv("ONEDVA_CPU");
    return backend;
}

/* Deblocking or smoothing of pictures of the host. @param kept [gy][gx] or NULL */
static inline int filter_pictures(struct odva_backend *backend,
                                  int (*filter)(struct odva_backend *backend,
                                                struct odva_image *const *images,
                                                const struct odva_grid *grid, int limit,
                                                const struct odva_buffer *kept),
                                  const struct onedva_picture *pictures,
                                  const struct odva_grid *grid, int limit, uint8_t *kept, int depth)
{
    struct odva_images images = {0};
    struct odva_buffer *buffer = NULL;
    int status;

    assert_int_equal(odva_images_wrap(&images, backend, pictures, grid->frames, grid->width,
                                      grid->height, depth),
                     ONEDVA_OK);
    if (kept) {
        buffer = backend->ops->wrap(backend, kept, (size_t)grid->gy * grid->gx);
        assert_non_null(buffer);
    }
    status = filter(backend, images.image, grid, limit, buffer);
    if (status == ONEDVA_OK)
        status = backend->ops->synchronize(backend);
    if (buffer)
        backend->ops->free(backend, buffer);
    odva_images_free(&images, backend);
    return status;
}

/* Runs fn on the CPU backend with every instruction set that this machine and build have. */
static inline void for_each_cpu(int threads, void (*fn)(struct odva_backend *backend))
{
    static const char *const names[] = {"c", "avx2", "avx512"};

    for (int i = 0; i < 3; i++) {
        struct odva_backend *backend = backend_of_cpu(names[i], threads, 0);

        assert_true(i > 0 || backend);
        if (!backend)
            continue;
        fn(backend);
        odva_backend_close(&backend);
    }
}

#endif
