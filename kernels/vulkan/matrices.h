/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Cooperative matrices of a device, VK_KHR_cooperative_matrix: factors of float16, sums of float32.
 */
#ifndef ODVA_VULKAN_MATRICES_H
#define ODVA_VULKAN_MATRICES_H

#include "config.h"
#include "kernels/vulkan/functions.h"

#define ODVA_VULKAN_MATRICES_TILE 64 /* rows, and outputs, of a group of linear_matrices.comp */

struct odva_vulkan_matrices {
    uint32_t rows, outputs, inputs; /* of a product of two; 0: the device has none that fit */
    uint32_t threads;               /* of a group: four subgroups */
};

/** What of them a device is opened with, to be linked into what it is made from. */
struct odva_vulkan_matrix_features {
#if HAVE_VULKAN_MATRICES
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices;
#endif
    VkPhysicalDeviceSubgroupSizeControlFeatures subgroups;
};

/** All 0 where the build or the device has none. */
struct odva_vulkan_matrices odva_vulkan_matrices_find(const struct odva_vulkan_functions *vk,
                                                      VkInstance instance,
                                                      VkPhysicalDevice physical);
/** Ask for them; features stays as long as info. */
void odva_vulkan_matrices_enable(struct odva_vulkan_matrix_features *features,
                                 VkDeviceCreateInfo *info, VkPhysicalDeviceVulkan12Features *later);

#endif
