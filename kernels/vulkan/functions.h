/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The functions of Vulkan that are called, found in the loader when a program runs. */
#ifndef ODVA_VULKAN_FUNCTIONS_H
#define ODVA_VULKAN_FUNCTIONS_H

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include "onedva/onedva.h"

#define ODVA_VULKAN_GLOBAL_FUNCTIONS(FUNCTION)                                                     \
    FUNCTION(CreateInstance)                                                                       \
    FUNCTION(EnumerateInstanceVersion)

#define ODVA_VULKAN_INSTANCE_FUNCTIONS(FUNCTION)                                                   \
    FUNCTION(CreateDevice)                                                                         \
    FUNCTION(DestroyInstance)                                                                      \
    FUNCTION(EnumeratePhysicalDevices)                                                             \
    FUNCTION(GetDeviceProcAddr)                                                                    \
    FUNCTION(GetPhysicalDeviceFeatures2)                                                           \
    FUNCTION(GetPhysicalDeviceMemoryProperties)                                                    \
    FUNCTION(GetPhysicalDeviceProperties2)                                                         \
    FUNCTION(GetPhysicalDeviceQueueFamilyProperties)

#define ODVA_VULKAN_DEVICE_FUNCTIONS(FUNCTION)                                                     \
    FUNCTION(AllocateCommandBuffers)                                                               \
    FUNCTION(AllocateMemory)                                                                       \
    FUNCTION(BeginCommandBuffer)                                                                   \
    FUNCTION(BindBufferMemory)                                                                     \
    FUNCTION(CmdBindPipeline)                                                                      \
    FUNCTION(CmdCopyBuffer)                                                                        \
    FUNCTION(CmdCopyBufferToImage)                                                                 \
    FUNCTION(CmdDispatch)                                                                          \
    FUNCTION(CmdFillBuffer)                                                                        \
    FUNCTION(CmdPipelineBarrier)                                                                   \
    FUNCTION(CmdPushConstants)                                                                     \
    FUNCTION(CmdUpdateBuffer)                                                                      \
    FUNCTION(CreateBuffer)                                                                         \
    FUNCTION(CreateCommandPool)                                                                    \
    FUNCTION(CreateComputePipelines)                                                               \
    FUNCTION(CreatePipelineCache)                                                                  \
    FUNCTION(CreatePipelineLayout)                                                                 \
    FUNCTION(CreateSemaphore)                                                                      \
    FUNCTION(CreateShaderModule)                                                                   \
    FUNCTION(DestroyBuffer)                                                                        \
    FUNCTION(DestroyCommandPool)                                                                   \
    FUNCTION(DestroyDevice)                                                                        \
    FUNCTION(DestroyPipeline)                                                                      \
    FUNCTION(DestroyPipelineCache)                                                                 \
    FUNCTION(DestroyPipelineLayout)                                                                \
    FUNCTION(DestroySemaphore)                                                                     \
    FUNCTION(DestroyShaderModule)                                                                  \
    FUNCTION(EndCommandBuffer)                                                                     \
    FUNCTION(FreeMemory)                                                                           \
    FUNCTION(GetBufferDeviceAddress)                                                               \
    FUNCTION(GetBufferMemoryRequirements)                                                          \
    FUNCTION(GetDeviceQueue)                                                                       \
    FUNCTION(GetPipelineCacheData)                                                                 \
    FUNCTION(GetSemaphoreCounterValue)                                                             \
    FUNCTION(MapMemory)                                                                            \
    FUNCTION(QueueSubmit)                                                                          \
    FUNCTION(QueueWaitIdle)                                                                        \
    FUNCTION(WaitSemaphores)

struct odva_vulkan_functions {
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
#define ODVA_VULKAN_MEMBER(name) PFN_vk##name name;
    ODVA_VULKAN_GLOBAL_FUNCTIONS(ODVA_VULKAN_MEMBER)
    ODVA_VULKAN_INSTANCE_FUNCTIONS(ODVA_VULKAN_MEMBER)
    ODVA_VULKAN_DEVICE_FUNCTIONS(ODVA_VULKAN_MEMBER)
#undef ODVA_VULKAN_MEMBER
};

/**
 * Find the loader and what it has without an instance.
 * @param library for dlclose, when nothing of Vulkan is in use any more
 * @return ONEDVA_OK or, after one line, ONEDVA_ERR_UNSUPPORTED
 */
int odva_vulkan_load(struct odva_vulkan_functions *vk, void **library,
                     const struct onedva_logger *logger);
/** @return ONEDVA_OK or, after one line, ONEDVA_ERR_UNSUPPORTED */
int odva_vulkan_load_instance(struct odva_vulkan_functions *vk, VkInstance instance,
                              const struct onedva_logger *logger);
int odva_vulkan_load_device(struct odva_vulkan_functions *vk, VkDevice device,
                            const struct onedva_logger *logger);

#endif
