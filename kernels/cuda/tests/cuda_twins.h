/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Tests of CUDA's operators beside the C reference, with threads in several orders. */
#ifndef ODVA_CUDA_TWINS_H
#define ODVA_CUDA_TWINS_H

#include <stdio.h>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/tests/emulator.h"
#include "kernels/tests/twin_backends.h"

static inline int run_in_order(const char *name, const struct CMUnitTest *tests, size_t count,
                               enum cuda_on_cpu_order order, uint64_t seed)
{
    struct odva_cuda_device *device;
    struct odva_device *base;
    int failed;

    cuda_on_cpu_set_order(order, seed);
    assert_int_equal(odva_cuda_device_open(&device, -1, NULL), ONEDVA_OK);
    base = &device->base;
    open_twins(base, NULL);
    failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    close_twins();
    odva_device_release(&base);
    if (emulator_leaks() != 0) {
        fprintf(stderr, "%s: %d things of the driver were not freed\n", name, emulator_leaks());
        failed++;
    }
    return failed;
}

static inline int run_on_twins(const struct CMUnitTest *tests, size_t count)
{
    return run_in_order("forward", tests, count, CUDA_ON_CPU_FORWARD, 0) +
           run_in_order("backward", tests, count, CUDA_ON_CPU_BACKWARD, 0) +
           run_in_order("random", tests, count, CUDA_ON_CPU_RANDOM, 1);
}

#endif
