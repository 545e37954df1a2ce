/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/gpu.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/settings.h"

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

struct features {
    VkBool32 timelines, addresses, int64;
};

static struct features features_of(const struct odva_vulkan_gpu *gpu)
{
    VkPhysicalDeviceVulkan12Features later = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                          .pNext = &later};

    gpu->vk.GetPhysicalDeviceFeatures2(gpu->physical, &features);
    return (struct features){later.timelineSemaphore, later.bufferDeviceAddress,
                             features.features.shaderInt64};
}

/* Those that a device was made with: of Vulkan 1.2 together, or one by one. */
static struct features enabled_features(const VkPhysicalDeviceFeatures2 *made_with)
{
    struct features features = {0};

    if (!made_with)
        return features;
    features.int64 = made_with->features.shaderInt64;
    for (const VkBaseInStructure *s = made_with->pNext; s; s = s->pNext)
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES) {
            const VkPhysicalDeviceVulkan12Features *all = (const void *)s;

            features.timelines |= all->timelineSemaphore;
            features.addresses |= all->bufferDeviceAddress;
        } else if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES) {
            const VkPhysicalDeviceTimelineSemaphoreFeatures *one = (const void *)s;

            features.timelines |= one->timelineSemaphore;
        } else if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES) {
            const VkPhysicalDeviceBufferDeviceAddressFeatures *one = (const void *)s;

            features.addresses |= one->bufferDeviceAddress;
        }
    return features;
}

static int check_features(const struct odva_vulkan_gpu *gpu, struct features has,
                          const struct onedva_logger *logger)
{
    if (!has.timelines)
        return lacks(gpu, "timeline semaphores", logger);
    if (!has.addresses)
        return lacks(gpu, "addresses of buffers (bufferDeviceAddress)", logger);
    if (!has.int64)
        return lacks(gpu, "64-bit integers (shaderInt64)", logger);
    return ONEDVA_OK;
}

static int check_version(const struct odva_vulkan_gpu *gpu, const struct onedva_logger *logger)
{
    return gpu->properties.apiVersion < VK_API_VERSION_1_2 ? lacks(gpu, "Vulkan 1.2", logger)
                                                           : ONEDVA_OK;
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

static int open_pipelines(struct odva_vulkan_gpu *gpu, const struct onedva_logger *logger)
{
    const int status = odva_vulkan_pipelines_open(gpu);

    return status < 0 ? refuse(logger, status, "out of memory as the device was opened") : status;
}

static int open_gpu(struct odva_vulkan_gpu *gpu, int index, const struct onedva_logger *logger)
{
    int status;

    if ((status = open_instance(gpu, logger)) < 0 ||
        (status = choose_gpu(gpu, index, logger)) < 0 ||
        (status = check_version(gpu, logger)) < 0 ||
        (status = check_features(gpu, features_of(gpu), logger)) < 0 ||
        (status = check_memory(gpu, logger)) < 0 || (status = choose_family(gpu, logger)) < 0 ||
        (status = open_device(gpu, logger)) < 0)
        return status;
    return open_pipelines(gpu, logger);
}

/* @return NULL when memory ran out */
static struct odva_vulkan_gpu *make_gpu(void)
{
    struct odva_vulkan_gpu *gpu = calloc(1, sizeof(*gpu));

    if (gpu && !pthread_mutex_init(&gpu->lock, NULL))
        return gpu;
    free(gpu);
    return NULL;
}

int odva_vulkan_gpu_open(struct odva_vulkan_gpu **opened, int index,
                         const struct onedva_logger *logger)
{
    int status;

    *opened = make_gpu();
    if (!*opened)
        return ONEDVA_ERR_NOMEM;
    status = open_gpu(*opened, index, logger);
    if (status < 0)
        odva_vulkan_gpu_close(opened);
    return status;
}

/* ---- a device from outside --------------------------------------------------------------- */

static int check_queue(const struct odva_vulkan_gpu *gpu, const struct onedva_logger *logger)
{
    VkQueueFamilyProperties families[MAX_FAMILIES];
    uint32_t count = MAX_FAMILIES;

    gpu->vk.GetPhysicalDeviceQueueFamilyProperties(gpu->physical, &count, families);
    if (gpu->family < count && families[gpu->family].queueFlags & VK_QUEUE_COMPUTE_BIT)
        return ONEDVA_OK;
    odva_log(logger, ONEDVA_LOG_ERROR,
             "vulkan: queue family %u of %s does not compute; give one that does", gpu->family,
             gpu->properties.deviceName);
    return ONEDVA_ERR_ARGUMENT;
}

static int adopt(struct odva_vulkan_gpu *gpu, const struct onedva_logger *logger)
{
    const struct onedva_vulkan_device *outside = &gpu->outside;
    int status;

    gpu->vk.GetInstanceProcAddr = outside->get_instance_proc_addr;
    gpu->instance = outside->instance;
    gpu->physical = outside->physical_device;
    gpu->device = outside->device;
    gpu->family = outside->queue_family;
    gpu->index = -1;
    status = odva_vulkan_load_instance(&gpu->vk, gpu->instance, logger);
    if (status < 0)
        return status;
    get_properties(gpu, gpu->physical, &gpu->properties, &gpu->max_allocation);
    gpu->vk.GetPhysicalDeviceMemoryProperties(gpu->physical, &gpu->memory);
    if ((status = check_version(gpu, logger)) < 0 ||
        (status = check_features(gpu, enabled_features(outside->features), logger)) < 0 ||
        (status = check_memory(gpu, logger)) < 0 || (status = check_queue(gpu, logger)) < 0 ||
        (status = odva_vulkan_load_device(&gpu->vk, gpu->device, logger)) < 0)
        return status;
    gpu->vk.GetDeviceQueue(gpu->device, gpu->family, outside->queue_index, &gpu->queue);
    return open_pipelines(gpu, logger);
}

int odva_vulkan_gpu_adopt(struct odva_vulkan_gpu **opened,
                          const struct onedva_vulkan_device *outside,
                          const struct onedva_logger *logger)
{
    int status;

    *opened = make_gpu();
    if (!*opened)
        return ONEDVA_ERR_NOMEM;
    status = odva_settings_take(&(*opened)->outside, sizeof((*opened)->outside), outside);
    if (status < 0)
        (void)refuse(logger, status, ODVA_UNKNOWN_SETTING);
    else
        status = adopt(*opened, logger);
    if (status < 0)
        odva_vulkan_gpu_close(opened);
    return status;
}

/* ---- the queue ---------------------------------------------------------------------------- */

static void lock_queue(struct odva_vulkan_gpu *gpu)
{
    const struct onedva_vulkan_device *outside = &gpu->outside;

    pthread_mutex_lock(&gpu->lock);
    if (outside->lock_queue)
        outside->lock_queue(outside->opaque, outside->queue_family, outside->queue_index);
}

static void unlock_queue(struct odva_vulkan_gpu *gpu)
{
    const struct onedva_vulkan_device *outside = &gpu->outside;

    if (outside->unlock_queue)
        outside->unlock_queue(outside->opaque, outside->queue_family, outside->queue_index);
    pthread_mutex_unlock(&gpu->lock);
}

VkResult odva_vulkan_submit(struct odva_vulkan_gpu *gpu, const VkSubmitInfo *info)
{
    VkResult result;

    lock_queue(gpu);
    result = gpu->vk.QueueSubmit(gpu->queue, 1, info, VK_NULL_HANDLE);
    unlock_queue(gpu);
    return result;
}

void odva_vulkan_wait_for_queue(struct odva_vulkan_gpu *gpu)
{
    lock_queue(gpu);
    (void)gpu->vk.QueueWaitIdle(gpu->queue);
    unlock_queue(gpu);
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
    if (gpu->device && gpu->vk.DestroyDevice && !gpu->outside.device)
        gpu->vk.DestroyDevice(gpu->device, NULL);
    if (gpu->instance && gpu->vk.DestroyInstance && !gpu->outside.device)
        gpu->vk.DestroyInstance(gpu->instance, NULL);
    if (gpu->library)
        dlclose(gpu->library);
    pthread_mutex_destroy(&gpu->lock);
    free(gpu);
}
