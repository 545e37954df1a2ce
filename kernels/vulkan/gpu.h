/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A physical device that was opened: its queue, its pipelines and how much memory of it is held. */
#ifndef ODVA_VULKAN_GPU_H
#define ODVA_VULKAN_GPU_H

#include <pthread.h>

#include "kernels/vulkan/functions.h"
#include "kernels/vulkan/matrices.h"
#include "kernels/vulkan/shaders.h"
#include "onedva/onedva_vulkan.h"

#define ODVA_VULKAN_ARGUMENTS 128   /* bytes that every device takes with a dispatch */
#define ODVA_VULKAN_GROUPS    65535 /* of a dispatch, each way, that every device takes */

/** Instead of a physical device's number. */
enum odva_vulkan_choice {
    ODVA_VULKAN_FIRST = -1,    /* the first GPU, or else the first device, which may be software */
    ODVA_VULKAN_GPU_ONLY = -2, /* the first GPU, a card of its own before one beside the CPU */
};

struct odva_vulkan_pipeline;

/** Used by several threads at once, but for open and close. */
struct odva_vulkan_gpu {
    struct odva_vulkan_functions vk;
    void *library;
    VkInstance instance;
    VkPhysicalDevice physical;
    int index; /* of it; -1: it came from outside */
    VkPhysicalDeviceProperties properties;
    VkPhysicalDeviceMemoryProperties memory;
    VkDeviceSize max_allocation; /* bytes of one VkDeviceMemory */
    struct odva_vulkan_matrices matrices;
    VkDevice device;
    uint32_t family;
    VkQueue queue;
    struct onedva_vulkan_device outside; /* whose device and instance these are; all 0: our own */
    VkPipelineLayout layout;             /* of all pipelines: ODVA_VULKAN_ARGUMENTS and no more */
    pthread_mutex_t lock;                /* of the queue and of what follows */
    VkDeviceSize held[VK_MAX_MEMORY_HEAPS]; /* bytes of each heap */
    VkPipelineCache cache;
    struct odva_vulkan_pipeline *pipelines;
};

/**
 * @param index of the physical device, or an odva_vulkan_choice
 * @param logger may be NULL; gets one line on failure
 * @return ONEDVA_OK, ONEDVA_ERR_UNSUPPORTED, ONEDVA_ERR_ARGUMENT, ONEDVA_ERR_NOMEM or
 * ONEDVA_ERR_DEVICE
 */
int odva_vulkan_gpu_open(struct odva_vulkan_gpu **gpu, int index,
                         const struct onedva_logger *logger);
/** Likewise, of a device that is open and stays so. */
int odva_vulkan_gpu_adopt(struct odva_vulkan_gpu **gpu, const struct onedva_vulkan_device *outside,
                          const struct onedva_logger *logger);
/** All that was made of it must be gone. Keeps the pipelines for the next time. */
void odva_vulkan_gpu_close(struct odva_vulkan_gpu **gpu);

/** @return ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE */
int odva_vulkan_status(VkResult result);

VkResult odva_vulkan_submit(struct odva_vulkan_gpu *gpu, const VkSubmitInfo *info);
/** Also where the device has failed. */
void odva_vulkan_wait_for_queue(struct odva_vulkan_gpu *gpu);

/** One way to run a shader. */
struct odva_vulkan_kernel {
    enum odva_vulkan_shader shader;
    uint32_t constants[ODVA_VULKAN_CONSTANTS];
};

int odva_vulkan_pipelines_open(struct odva_vulkan_gpu *gpu);
void odva_vulkan_pipelines_close(struct odva_vulkan_gpu *gpu);
/** Made the first time. @return ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE */
int odva_vulkan_pipeline_get(struct odva_vulkan_gpu *gpu, const struct odva_vulkan_kernel *kernel,
                             VkPipeline *pipeline);
/** Make one of any shader whose arguments are gpu->layout's; the caller destroys it.
 * @param values specialisation constants 0, 1, ..; those that the shader lacks count for nothing */
VkResult odva_vulkan_pipeline_make(const struct odva_vulkan_gpu *gpu,
                                   const struct odva_vulkan_code *code,
                                   const uint32_t values[ODVA_VULKAN_CONSTANTS],
                                   VkPipeline *pipeline);

#endif
