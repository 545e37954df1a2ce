/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * A driver that fails at a given call of those that may, memory of the host that runs out likewise,
 * and devices that are what they are not. The Makefile links programs with malloc, calloc, access,
 * dlopen and dlsym wrapped: the loader's vkGetInstanceProcAddr is then the one here.
 */
#ifndef ODVA_FAILING_VULKAN_H
#define ODVA_FAILING_VULKAN_H

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "kernels/vulkan/functions.h"
#include "kernels/vulkan/tests/vulkan_test.h"

#define MAX_CALLS 2000 /* that may fail, of a run */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_dlopen(const char *name, int flags);
void *__real_dlsym(void *library, const char *name);
int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *library, const char *name);

static struct {
    int countdown;       /* which call fails; 0 or less: none that is still to come */
    VkResult result;     /* with what, functions of Vulkan only */
    int without_loader;  /* there is no libvulkan */
    const char *missing; /* a function that the driver lacks */
    int gpu_files;       /* 1: the kernel shows a GPU; -1: it does not */
    int is_gpu;          /* all devices say that they are */
    uint32_t version;    /* of Vulkan that they say they have; 0: their own */
    VkDeviceSize memory; /* bytes that they say each heap has; 0: their own */
    VkBool32 *(*lacking)(VkPhysicalDeviceFeatures2 *features); /* the feature that they lack */
    PFN_vkGetInstanceProcAddr get_instance;
    PFN_vkGetDeviceProcAddr get_device;
    struct odva_vulkan_functions vk; /* the driver's own */
} faults;

static int fails(void)
{
    return faults.countdown-- == 1;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

int __wrap_access(const char *path, int mode)
{
    if (faults.gpu_files && !strncmp(path, "/dev/", 5))
        return faults.gpu_files > 0 ? 0 : -1;
    return __real_access(path, mode);
}

void *__wrap_dlopen(const char *name, int flags)
{
    return faults.without_loader ? NULL : __real_dlopen(name, flags);
}

/* Functions that may fail, with what they take. */
#define FAILING_FUNCTIONS(FUNCTION)                                                                \
    FUNCTION(CreateInstance,                                                                       \
             (const VkInstanceCreateInfo *a, const VkAllocationCallbacks *b, VkInstance *c),       \
             (a, b, c))                                                                            \
    FUNCTION(CreateDevice,                                                                         \
             (VkPhysicalDevice a, const VkDeviceCreateInfo *b, const VkAllocationCallbacks *c,     \
              VkDevice *d),                                                                        \
             (a, b, c, d))                                                                         \
    FUNCTION(AllocateCommandBuffers,                                                               \
             (VkDevice a, const VkCommandBufferAllocateInfo *b, VkCommandBuffer *c), (a, b, c))    \
    FUNCTION(AllocateMemory,                                                                       \
             (VkDevice a, const VkMemoryAllocateInfo *b, const VkAllocationCallbacks *c,           \
              VkDeviceMemory *d),                                                                  \
             (a, b, c, d))                                                                         \
    FUNCTION(BeginCommandBuffer, (VkCommandBuffer a, const VkCommandBufferBeginInfo *b), (a, b))   \
    FUNCTION(BindBufferMemory, (VkDevice a, VkBuffer b, VkDeviceMemory c, VkDeviceSize d),         \
             (a, b, c, d))                                                                         \
    FUNCTION(                                                                                      \
        CreateBuffer,                                                                              \
        (VkDevice a, const VkBufferCreateInfo *b, const VkAllocationCallbacks *c, VkBuffer *d),    \
        (a, b, c, d))                                                                              \
    FUNCTION(CreateCommandPool,                                                                    \
             (VkDevice a, const VkCommandPoolCreateInfo *b, const VkAllocationCallbacks *c,        \
              VkCommandPool *d),                                                                   \
             (a, b, c, d))                                                                         \
    FUNCTION(CreateComputePipelines,                                                               \
             (VkDevice a, VkPipelineCache b, uint32_t c, const VkComputePipelineCreateInfo *d,     \
              const VkAllocationCallbacks *e, VkPipeline *f),                                      \
             (a, b, c, d, e, f))                                                                   \
    FUNCTION(CreatePipelineCache,                                                                  \
             (VkDevice a, const VkPipelineCacheCreateInfo *b, const VkAllocationCallbacks *c,      \
              VkPipelineCache *d),                                                                 \
             (a, b, c, d))                                                                         \
    FUNCTION(CreatePipelineLayout,                                                                 \
             (VkDevice a, const VkPipelineLayoutCreateInfo *b, const VkAllocationCallbacks *c,     \
              VkPipelineLayout *d),                                                                \
             (a, b, c, d))                                                                         \
    FUNCTION(CreateSemaphore,                                                                      \
             (VkDevice a, const VkSemaphoreCreateInfo *b, const VkAllocationCallbacks *c,          \
              VkSemaphore *d),                                                                     \
             (a, b, c, d))                                                                         \
    FUNCTION(CreateShaderModule,                                                                   \
             (VkDevice a, const VkShaderModuleCreateInfo *b, const VkAllocationCallbacks *c,       \
              VkShaderModule *d),                                                                  \
             (a, b, c, d))                                                                         \
    FUNCTION(EndCommandBuffer, (VkCommandBuffer a), (a))                                           \
    FUNCTION(MapMemory,                                                                            \
             (VkDevice a, VkDeviceMemory b, VkDeviceSize c, VkDeviceSize d, VkMemoryMapFlags e,    \
              void **f),                                                                           \
             (a, b, c, d, e, f))                                                                   \
    FUNCTION(QueueSubmit, (VkQueue a, uint32_t b, const VkSubmitInfo *c, VkFence d), (a, b, c, d)) \
    FUNCTION(WaitSemaphores, (VkDevice a, const VkSemaphoreWaitInfo *b, uint64_t c), (a, b, c))

#define FAILING(name, parameters, arguments)                                                       \
    static VKAPI_ATTR VkResult VKAPI_CALL failing_##name parameters                                \
    {                                                                                              \
        return fails() ? faults.result : faults.vk.name arguments;                                 \
    }
FAILING_FUNCTIONS(FAILING)
#undef FAILING

/* ---- what devices say -------------------------------------------------------------------- */

static VKAPI_ATTR void VKAPI_CALL
changing_GetPhysicalDeviceProperties2(VkPhysicalDevice physical, VkPhysicalDeviceProperties2 *all)
{
    faults.vk.GetPhysicalDeviceProperties2(physical, all);
    if (faults.is_gpu)
        all->properties.deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    if (faults.version)
        all->properties.apiVersion = faults.version;
}

static VKAPI_ATTR void VKAPI_CALL
changing_GetPhysicalDeviceFeatures2(VkPhysicalDevice physical, VkPhysicalDeviceFeatures2 *features)
{
    faults.vk.GetPhysicalDeviceFeatures2(physical, features);
    if (faults.lacking)
        *faults.lacking(features) = VK_FALSE;
}

static VKAPI_ATTR void VKAPI_CALL changing_GetPhysicalDeviceMemoryProperties(
    VkPhysicalDevice physical, VkPhysicalDeviceMemoryProperties *memory)
{
    faults.vk.GetPhysicalDeviceMemoryProperties(physical, memory);
    for (uint32_t i = 0; faults.memory && i < memory->memoryHeapCount; i++)
        memory->memoryHeaps[i].size = faults.memory;
}

/* The one here of a function's name, whose own is kept; or its own. */
static PFN_vkVoidFunction hook(const char *name, PFN_vkVoidFunction own)
{
    if (!own || (faults.missing && !strcmp(name, faults.missing)))
        return NULL;
#define HOOK(kind, function)                                                                       \
    if (!strcmp(name, "vk" #function)) {                                                           \
        faults.vk.function = (PFN_vk##function)own;                                                \
        return (PFN_vkVoidFunction)kind##_##function;                                              \
    }
#define HOOK_FAILING(function, parameters, arguments) HOOK(failing, function)
    FAILING_FUNCTIONS(HOOK_FAILING)
    HOOK(changing, GetPhysicalDeviceProperties2)
    HOOK(changing, GetPhysicalDeviceFeatures2)
    HOOK(changing, GetPhysicalDeviceMemoryProperties)
#undef HOOK_FAILING
#undef HOOK
    return own;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL hooked_get_device(VkDevice device, const char *name)
{
    return hook(name, faults.get_device(device, name));
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL hooked_get_instance(VkInstance instance,
                                                                    const char *name)
{
    const PFN_vkVoidFunction own = faults.get_instance(instance, name);

    if (!strcmp(name, "vkGetDeviceProcAddr")) {
        faults.get_device = (PFN_vkGetDeviceProcAddr)own;
        return (PFN_vkVoidFunction)hooked_get_device;
    }
    return hook(name, own);
}

void *__wrap_dlsym(void *library, const char *name)
{
    if (strcmp(name, "vkGetInstanceProcAddr"))
        return __real_dlsym(library, name);
    faults.get_instance = (PFN_vkGetInstanceProcAddr)__real_dlsym(library, name);
    return (void *)hooked_get_instance;
}

/* ---- each call failing once -------------------------------------------------------------- */

static int lines; /* of errors */

static void count_line(void *opaque, enum onedva_log_level level, const char *message)
{
    lines += level == ONEDVA_LOG_ERROR;
    keep_message(opaque, level, message);
}

static const struct onedva_logger counting_logger = {count_line, NULL};

/* Until nothing fails any more; every failure is told in a status and at most two lines. */
static void fail_each_call(int (*fn)(void), VkResult result)
{
    int call = 0, status;

    faults.result = result;
    do {
        faults.countdown = ++call;
        lines = 0;
        status = fn();
        assert_true(lines <= 1);
        if (status < 0 && status != ONEDVA_ERR_NOMEM)
            assert_true(lines > 0);
    } while (faults.countdown <= 0 && call < MAX_CALLS);
    assert_true(call > 30 && call < MAX_CALLS);
    assert_int_equal(status, ONEDVA_OK);
    faults.countdown = 0;
}

#endif
