/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <dlfcn.h>
#include <stddef.h>

#include "base/log.h"
#include "kernels/vulkan/functions.h"

#define LOADER "libvulkan.so.1"

static int lacks(const char *name, const struct onedva_logger *logger)
{
    odva_log(logger, ONEDVA_LOG_ERROR,
             "vulkan: the driver has no %s; Vulkan 1.2 or later is needed, or -backend cpu", name);
    return ONEDVA_ERR_UNSUPPORTED;
}

int odva_vulkan_load(struct odva_vulkan_functions *vk, void **library,
                     const struct onedva_logger *logger)
{
    *library = dlopen(LOADER, RTLD_NOW | RTLD_LOCAL);
    if (!*library) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "vulkan: " LOADER
                 " was not found; install the Vulkan loader, or use -backend cpu");
        return ONEDVA_ERR_UNSUPPORTED;
    }
    vk->GetInstanceProcAddr = (PFN_vkGetInstanceProcAddr)dlsym(*library, "vkGetInstanceProcAddr");
    if (!vk->GetInstanceProcAddr)
        return lacks("vkGetInstanceProcAddr", logger);
#define LOAD(name)                                                                                 \
    vk->name = (PFN_vk##name)vk->GetInstanceProcAddr(NULL, "vk" #name);                            \
    if (!vk->name)                                                                                 \
        return lacks("vk" #name, logger);
    ODVA_VULKAN_GLOBAL_FUNCTIONS(LOAD)
#undef LOAD
    return ONEDVA_OK;
}

int odva_vulkan_load_instance(struct odva_vulkan_functions *vk, VkInstance instance,
                              const struct onedva_logger *logger)
{
#define LOAD(name)                                                                                 \
    vk->name = (PFN_vk##name)vk->GetInstanceProcAddr(instance, "vk" #name);                        \
    if (!vk->name)                                                                                 \
        return lacks("vk" #name, logger);
    ODVA_VULKAN_INSTANCE_FUNCTIONS(LOAD)
#undef LOAD
    return ONEDVA_OK;
}

int odva_vulkan_load_device(struct odva_vulkan_functions *vk, VkDevice device,
                            const struct onedva_logger *logger)
{
#define LOAD(name)                                                                                 \
    vk->name = (PFN_vk##name)vk->GetDeviceProcAddr(device, "vk" #name);                            \
    if (!vk->name)                                                                                 \
        return lacks("vk" #name, logger);
    ODVA_VULKAN_DEVICE_FUNCTIONS(LOAD)
#undef LOAD
    return ONEDVA_OK;
}
