/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Vulkan devices for tests, under the validation layer. Where none opens a test says so in a line
 * and is over; with ONEDVA_TEST_VULKAN in the environment it fails.
 */
#ifndef ODVA_VULKAN_TEST_H
#define ODVA_VULKAN_TEST_H

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/vulkan/vulkan_device.h"
#include "tests/support/test.h"

#define VALIDATION "VK_LAYER_KHRONOS_validation"

/* Mesa keeps memory until the process ends. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libvulkan_\nleak:libLLVM\nleak:libVkLayer_\nleak:libvulkan.so\n";
}

/** Of one test program. */
static struct {
    char folder[64], log[96], settings[96];
    char message[512];
    int is_there; /* a device opened */
} vulkan_test;

static void keep_message(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    if (level == ONEDVA_LOG_ERROR)
        snprintf(vulkan_test.message, sizeof(vulkan_test.message), "%s", message);
}

static const struct onedva_logger vulkan_test_logger = {keep_message, NULL};

/* What the validation layer says goes to a file, pipelines into a folder of the test's. */
static void vulkan_test_begin(void)
{
    FILE *settings;

    snprintf(vulkan_test.folder, sizeof(vulkan_test.folder), "/tmp/onedva-vulkan-XXXXXX");
    assert_non_null(mkdtemp(vulkan_test.folder));
    snprintf(vulkan_test.log, sizeof(vulkan_test.log), "%s/log", vulkan_test.folder);
    snprintf(vulkan_test.settings, sizeof(vulkan_test.settings), "%s/vk_layer_settings.txt",
             vulkan_test.folder);
    settings = fopen(vulkan_test.settings, "w");
    assert_non_null(settings);
    fprintf(
        settings,
        "khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG\n"
        "khronos_validation.report_flags = error,warn\n"
        "khronos_validation.enables = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT\n"
        "khronos_validation.log_filename = %s\n",
        vulkan_test.log);
    assert_int_equal(fclose(settings), 0);
    assert_int_equal(setenv("VK_INSTANCE_LAYERS", VALIDATION, 1), 0);
    assert_int_equal(setenv("VK_LAYER_SETTINGS_PATH", vulkan_test.settings, 1), 0);
    assert_int_equal(setenv("XDG_CACHE_HOME", vulkan_test.folder, 1), 0);
}

static void vulkan_test_end(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", vulkan_test.folder);
    assert_int_equal(system(command), 0);
}

/* Bytes that the validation layer has written; -1: it has never begun. */
static long validation_bytes(void)
{
    struct stat status;

    return stat(vulkan_test.log, &status) == 0 ? (long)status.st_size : -1;
}

/* Ends the program after a line where nothing can be tested. */
static void skip_vulkan(const char *why)
{
    vulkan_test_end();
    if (getenv("ONEDVA_TEST_VULKAN")) {
        fprintf(stderr, "vulkan: %s, and ONEDVA_TEST_VULKAN asks for it\n", why);
        exit(1);
    }
    printf("skipped: vulkan: %s\n", why);
    exit(0);
}

/* Stay in memory, so that the suppressions above find names for addresses. */
static int keep_library(struct dl_phdr_info *info, size_t size, void *opaque)
{
    (void)size;
    (void)opaque;
    if (info->dlpi_name[0] == '/')
        (void)dlopen(info->dlpi_name, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    return 0;
}

/* The first device, software or not; ends the program where there has been none yet. */
static struct odva_vulkan_device *open_vulkan(void)
{
    struct odva_vulkan_device *device;

    if (odva_vulkan_device_open(&device, 0, &vulkan_test_logger) >= 0)
        vulkan_test.is_there = 1, dl_iterate_phdr(keep_library, NULL);
    else if (vulkan_test.is_there)
        fail_msg("%s", vulkan_test.message);
    else
        skip_vulkan(vulkan_test.message);
    return device;
}

static void close_vulkan(struct odva_vulkan_device *device)
{
    struct odva_device *base = &device->base;

    odva_device_release(&base);
}

/* The layer is there and listens: a mistake is noticed. */
static void expect_validation(struct odva_vulkan_device *device)
{
    const VkBufferCreateInfo nothing = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
    const long before = validation_bytes();
    VkBuffer buffer;

    if (device->gpu->vk.CreateBuffer(device->gpu->device, &nothing, NULL, &buffer) == VK_SUCCESS)
        device->gpu->vk.DestroyBuffer(device->gpu->device, buffer, NULL);
    if (validation_bytes() <= before || validation_bytes() <= 0)
        skip_vulkan("the validation layer is not installed");
}

static void print_validation(void)
{
    FILE *log = fopen(vulkan_test.log, "r");
    char line[512];

    while (log && fgets(line, sizeof(line), log))
        fputs(line, stderr);
    if (log)
        fclose(log);
}

#endif
