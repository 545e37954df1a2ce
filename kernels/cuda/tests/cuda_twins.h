/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Tests of CUDA's operators beside the C reference: on the CPU, with threads in several orders, or,
 * with ONEDVA_ON_GPU, on the machine's GPU. */
#ifndef ODVA_CUDA_TWINS_H
#define ODVA_CUDA_TWINS_H

#include <stdio.h>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/tests/emulator.h"
#include "kernels/tests/twin_backends.h"

static inline void say_error(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    if (level == ONEDVA_LOG_ERROR)
        fprintf(stderr, "%s\n", message);
}

/** @param is_rounded whether networks have bfloat16 factors @return how many failed */
static inline int run_on_device(const char *name, const struct CMUnitTest *tests, size_t count,
                                int is_rounded)
{
    const struct onedva_logger logger = {say_error, NULL};
    struct odva_cuda_device *device;
    struct odva_device *base;
    int failed;

    if (odva_cuda_device_open(&device, -1, is_rounded, &logger) < 0)
        return 1;
#ifdef ALL_BY_CUBLAS
    device->cublas_numbers = 0;
#endif
    base = &device->base;
    open_twins(base, &logger);
    failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    close_twins();
    odva_device_release(&base);
    return failed;
}

#ifdef ONEDVA_ON_GPU

static inline int run_in_orders(const struct CMUnitTest *tests, size_t count, int is_rounded)
{
    return run_on_device("GPU", tests, count, is_rounded);
}

#else

static inline int run_in_order(const char *name, const struct CMUnitTest *tests, size_t count,
                               int is_rounded, enum cuda_on_cpu_order order)
{
    int failed;

    cuda_on_cpu_set_order(order, 1);
    failed = run_on_device(name, tests, count, is_rounded);
    if (emulator_leaks() != 0) {
        fprintf(stderr, "%s: %d things of the driver were not freed\n", name, emulator_leaks());
        failed++;
    }
    return failed;
}

/* What takes long, products of a warp, in one order. */
static inline int run_in_orders(const struct CMUnitTest *tests, size_t count, int is_rounded)
{
    int failed = run_in_order("random", tests, count, is_rounded, CUDA_ON_CPU_RANDOM);

    if (is_rounded)
        return failed;
    return failed + run_in_order("forward", tests, count, 0, CUDA_ON_CPU_FORWARD) +
           run_in_order("backward", tests, count, 0, CUDA_ON_CPU_BACKWARD);
}

#endif

#endif
