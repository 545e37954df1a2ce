/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Tests of operators on a Vulkan device beside the C reference. */
#ifndef ODVA_VULKAN_TWINS_H
#define ODVA_VULKAN_TWINS_H

#include "kernels/tests/twin_backends.h"
#include "kernels/vulkan/tests/vulkan_test.h"
#include "kernels/vulkan/vulkan_backend.h"

/* Runs tests on them; the validation layer must have nothing to say. */
static inline int run_tests_on_twins(const char *name, const struct CMUnitTest *tests, size_t count)
{
    struct odva_vulkan_device *device;
    int failed;

    vulkan_test_begin();
    device = open_vulkan();
    open_twins(&device->base, &vulkan_test_logger);
    printf("%s on %s\n", name, device->gpu->properties.deviceName);
    failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    close_twins();
    if (validation_bytes() > 0) {
        print_validation();
        failed++;
    }
    expect_validation(device);
    close_vulkan(device);
    vulkan_test_end();
    return failed;
}

#define run_on_twins(tests, count) run_tests_on_twins(__FILE__, tests, count)

#endif
