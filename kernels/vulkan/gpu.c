/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/gpu.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

#define MAX_GPUS     16
#define MAX_FAMILIES 32
#define LEAST_MEMORY ((VkDeviceSize)256 << 20) /* bytes: weights, and a clip of 640x360 */

int odva_vulkan_status(VkResult result)
{
    if (result >= 0)
        return ONEDVA_OK;
    return result == VK_ERROR_OUT_OF_HOST_MEMORY || result == VK_ERROR_OUT_OF_DEVICE_MEMORY
               ? ONEDVA_ERR_NOMEM
               : ONEDVA_ERR_DEVICE;
}

static int refuse(const struct onedva_logger *logger, int status, const char *what)
{
    odva_log(logger, ONEDVA_LOG_ERROR, "vulkan: %s", what);
    return status;
}

/* ---- choice ------------------------------------------------------------------------------ */

static int open_instance(struct odva_vulkan_gpu *gpu, const struct onedva_logger *logger)
{
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .pApplicationName = "onedva",
                                           .pEngineName = "onedva",
                                           .apiVersion = VK_API_VERSION_1_2};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pApplicationInfo = &application};
    uint32_t version = 0;
    int status = odva_vulkan_load(&gpu->vk, &gpu->library, logger);

    if (status < 0)
        return status;
    if (gpu->vk.EnumerateInstanceVersion(&version) < 0 || version < VK_API_VERSION_1_2)
        return refuse(logger, ONEDVA_ERR_UNSUPPORTED,
                      "the loader is older than Vulkan 1.2; install a later one, or use "
                      "-backend cpu");
    status = odva_vulkan_status(gpu->vk.CreateInstance(&info, NULL, &gpu->instance));
    if (status < 0) {
        gpu->instance = VK_NULL_HANDLE;
        return refuse(logger, status == ONEDVA_ERR_DEVICE ? ONEDVA_ERR_UNSUPPORTED : status,
                      "no driver was found; install one, or use -backend cpu");
    }
    return odva_vulkan_load_instance(&gpu->vk, gpu->instance, logger);
}

static void get_properties(const struct odva_vulkan_gpu *gpu, VkPhysicalDevice physical,
                           VkPhysicalDeviceProperties *properties, VkDeviceSize *max_allocation)
{
    VkPhysicalDeviceMaintenance3Properties limits = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
    VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                       .pNext = &limits};

    gpu->vk.GetPhysicalDeviceProperties2(physical, &all);
    *properties = all.properties;
    *max_allocation = limits.maxMemoryAllocationSize;
}

/* All physical devices as "0 (NAME), 1 (NAME)". */
static void list_gpus(const struct odva_vulkan_gpu *gpu, const VkPhysicalDevice *all, int count,
                      char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < count && used < size; i++) {
        VkPhysicalDeviceProperties properties;
        VkDeviceSize max_allocation;

        get_properties(gpu, all[i], &properties, &max_allocation);
        used += snprintf(text + used, size - used, "%s%d (%s)", i ? ", " : "", i,
                         properties.deviceName);
    }
}

/* @return its number; -1: there is none */
static int find_gpu(const struct odva_vulkan_gpu *gpu, const VkPhysicalDevice *all, int count)
{
    static const VkPhysicalDeviceType preferred[] = {VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
                                                     VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU};

    for (int kind = 0; kind < 2; kind++)
        for (int i = 0; i < count; i++) {
            VkPhysicalDeviceProperties properties;
            VkDeviceSize max_allocation;

            get_properties(gpu, all[i], &properties, &max_allocation);
            if (properties.deviceType == preferred[kind])
                return i;
        }
    return -1;
}

static int choose_gpu(struct odva_vulkan_gpu *gpu, int index, const struct onedva_logger *logger)
{
    VkPhysicalDevice all[MAX_GPUS];
    uint32_t count = MAX_GPUS;
    char names[256];

    if (gpu->vk.EnumeratePhysicalDevices(gpu->instance, &count, all) < 0 || !count)
        return refuse(logger, ONEDVA_ERR_UNSUPPORTED, "there is no device; use -backend cpu");
    list_gpus(gpu, all, (int)count, names, sizeof(names));
    if (index >= (int)count) {
        odva_log(logger, ONEDVA_LOG_ERROR, "vulkan: device %d does not exist; there is %s", index,
                 names);
        return ONEDVA_ERR_ARGUMENT;
    }
    gpu->index = index < 0 ? find_gpu(gpu, all, (int)count) : index;
    if (gpu->index < 0 && index == ODVA_VULKAN_GPU_ONLY) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "vulkan: devices are no GPUs: %s; use one with -backend vulkan", names);
        return ONEDVA_ERR_UNSUPPORTED;
    }
    gpu->index = gpu->index < 0 ? 0 : gpu->index;
    gpu->physical = all[gpu->index];
    get_properties(gpu, gpu->physical, &gpu->properties, &gpu->max_allocation);
    gpu->vk.GetPhysicalDeviceMemoryProperties(gpu->physical, &gpu->memory);
    return ONEDVA_OK;
}

/* ---- device ------------------------------------------------------------------------------ */

static int lacks(const struct odva_vulkan_gpu *gpu, const char *what,
                 const struct onedva_logger *logger)
{
    odva_log(logger, ONEDVA_LOG_ERROR, "vulkan: %s has no %s; use -backend cpu",
             gpu->properties.deviceName, what);
    return ONEDVA_ERR_UNSUPPORTED;
}

/* Bytes of the largest heap that is the device's own. */
static VkDeviceSize memory_of(const struct odva_vulkan_gpu *gpu)
{
    VkDeviceSize most = 0;

    for (uint32_t i = 0; i < gpu->memory.memoryHeapCount; i++)
        if (gpu->memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT &&
            gpu->memory.memoryHeaps[i].size > most)
            most = gpu->memory.memoryHeaps[i].size;
    return most;
}

static int check_memory(const struct odva_vulkan_gpu *gpu, const struct onedva_logger *logger)
{
    if (memory_of(gpu) >= LEAST_MEMORY)
        return ONEDVA_OK;
    odva_log(logger, ONEDVA_LOG_ERROR,
             "vulkan: %s has %u MiB of memory, and %u are needed; use -backend cpu",
             gpu->properties.deviceName, (unsigned)(memory_of(gpu) >> 20),
             (unsigned)(LEAST_MEMORY >> 20));
    return ONEDVA_ERR_UNSUPPORTED;
}

static int check_features(const struct odva_vulkan_gpu *gpu, const struct onedva_logger *logger)
{
    VkPhysicalDeviceVulkan12Features later = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                          .pNext = &later};

    if (gpu->properties.apiVersion < VK_API_VERSION_1_2)
        return lacks(gpu, "Vulkan 1.2", logger);
    gpu->vk.GetPhysicalDeviceFeatures2(gpu->physical, &features);
    if (!later.timelineSemaphore)
        return lacks(gpu, "timeline semaphores", logger);
    if (!later.bufferDeviceAddress)
        return lacks(gpu, "addresses of buffers (bufferDeviceAddress)", logger);
    if (!features.features.shaderInt64)
        return lacks(gpu, "64-bit integers (shaderInt64)", logger);
    return ONEDVA_OK;
}

static int choose_family(struct odva_vulkan_gpu *gpu, const struct onedva_logger *logger)
{
    VkQueueFamilyProperties families[MAX_FAMILIES];
    uint32_t count = MAX_FAMILIES;

    gpu->vk.GetPhysicalDeviceQueueFamilyProperties(gpu->physical, &count, families);
    for (gpu->family = 0; gpu->family < count; gpu->family++)
        if (families[gpu->family].queueFlags & VK_QUEUE_COMPUTE_BIT)
            return ONEDVA_OK;
    return lacks(gpu, "queue that computes", logger);
}

static int open_device(struct odva_vulkan_gpu *gpu, const struct onedva_logger *logger)
{
    const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                           .queueFamilyIndex = gpu->family,
                                           .queueCount = 1,
                                           .pQueuePriorities = &priority};
    VkPhysicalDeviceVulkan12Features later = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .timelineSemaphore = VK_TRUE,
        .bufferDeviceAddress = VK_TRUE};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                          .pNext = &later,
                                          .features = {.shaderInt64 = VK_TRUE}};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                               .pNext = &features,
                               .queueCreateInfoCount = 1,
                               .pQueueCreateInfos = &queue};
    struct odva_vulkan_matrix_features matrices;
    int status;

    gpu->matrices = odva_vulkan_matrices_find(&gpu->vk, gpu->instance, gpu->physical);
    if (gpu->matrices.rows)
        odva_vulkan_matrices_enable(&matrices, &info, &later);
    status = odva_vulkan_status(gpu->vk.CreateDevice(gpu->physical, &info, NULL, &gpu->device));
    if (status < 0) {
        gpu->device = VK_NULL_HANDLE;
        odva_log(logger, ONEDVA_LOG_ERROR, "vulkan: %s cannot be opened; use -backend cpu",
                 gpu->properties.deviceName);
        return status;
    }
    status = odva_vulkan_load_device(&gpu->vk, gpu->device, logger);
    if (status == ONEDVA_OK)
        gpu->vk.GetDeviceQueue(gpu->device, gpu->family, 0, &gpu->queue);
    return status;
}

static int open_gpu(struct odva_vulkan_gpu *gpu, int index, const struct onedva_logger *logger)
{
    int status;

    if ((status = open_instance(gpu, logger)) < 0 ||
        (status = choose_gpu(gpu, index, logger)) < 0 ||
        (status = check_features(gpu, logger)) < 0 || (status = check_memory(gpu, logger)) < 0 ||
        (status = choose_family(gpu, logger)) < 0 || (status = open_device(gpu, logger)) < 0)
        return status;
    status = odva_vulkan_pipelines_open(gpu);
    return status < 0 ? refuse(logger, status, "out of memory as the device was opened") : status;
}

int odva_vulkan_gpu_open(struct odva_vulkan_gpu **opened, int index,
                         const struct onedva_logger *logger)
{
    struct odva_vulkan_gpu *gpu = calloc(1, sizeof(*gpu));
    int status;

    *opened = NULL;
    if (!gpu)
        return ONEDVA_ERR_NOMEM;
    if (pthread_mutex_init(&gpu->lock, NULL)) {
        free(gpu);
        return ONEDVA_ERR_NOMEM;
    }
    status = open_gpu(gpu, index, logger);
    *opened = gpu;
    if (status < 0)
        odva_vulkan_gpu_close(opened);
    return status;
}

/* What is there of it, when opening failed. */
void odva_vulkan_gpu_close(struct odva_vulkan_gpu **opened)
{
    struct odva_vulkan_gpu *gpu = *opened;

    *opened = NULL;
    if (!gpu)
        return;
    if (gpu->queue)
        odva_vulkan_pipelines_close(gpu);
    if (gpu->device && gpu->vk.DestroyDevice)
        gpu->vk.DestroyDevice(gpu->device, NULL);
    if (gpu->instance && gpu->vk.DestroyInstance)
        gpu->vk.DestroyInstance(gpu->instance, NULL);
    if (gpu->library)
        dlclose(gpu->library);
    pthread_mutex_destroy(&gpu->lock);
    free(gpu);
}
