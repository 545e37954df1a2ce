/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/matrices.h"

#include <stdlib.h>
#include <string.h>

#if HAVE_VULKAN_MATRICES
#define MAX_KINDS    64
#define SUBGROUPS    4                               /* of a group */
#define SIDE         (ODVA_VULKAN_MATRICES_TILE / 2) /* rows, and outputs, of a subgroup */
#define DEPTH        16                              /* inputs at a time */
#define LEAST_MEMORY (24 << 10)                      /* bytes that a group shares */

static const char *const extensions[] = {VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME,
                                         VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME};

#define EXTENSIONS (sizeof(extensions) / sizeof(extensions[0]))

static int has_extensions(const struct odva_vulkan_functions *vk, VkInstance instance,
                          VkPhysicalDevice physical)
{
    const PFN_vkEnumerateDeviceExtensionProperties get =
        (PFN_vkEnumerateDeviceExtensionProperties)vk->GetInstanceProcAddr(
            instance, "vkEnumerateDeviceExtensionProperties");
    uint32_t count = 0;
    size_t found = 0;
    VkExtensionProperties *all;

    if (!get || get(physical, NULL, &count, NULL) < 0)
        return 0;
    all = malloc((count + 1) * sizeof(*all));
    if (!all || get(physical, NULL, &count, all) < 0)
        count = 0;
    for (uint32_t i = 0; i < count; i++)
        for (size_t j = 0; j < EXTENSIONS; j++)
            found += !strcmp(all[i].extensionName, extensions[j]);
    free(all);
    return found == EXTENSIONS;
}

static int has_features(const struct odva_vulkan_functions *vk, VkPhysicalDevice physical)
{
    VkPhysicalDeviceSubgroupSizeControlFeatures subgroups = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES};
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR,
        .pNext = &subgroups};
    VkPhysicalDeviceVulkan12Features later = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &matrices};
    VkPhysicalDeviceFeatures2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                     .pNext = &later};

    vk->GetPhysicalDeviceFeatures2(physical, &all);
    return matrices.cooperativeMatrix && subgroups.computeFullSubgroups && later.shaderFloat16 &&
           later.vulkanMemoryModel;
}

/* Of a group; 0: it would be too large. */
static uint32_t threads_of(const struct odva_vulkan_functions *vk, VkPhysicalDevice physical)
{
    VkPhysicalDeviceSubgroupProperties subgroups = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
    VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                       .pNext = &subgroups};
    const VkPhysicalDeviceLimits *limits = &all.properties.limits;

    vk->GetPhysicalDeviceProperties2(physical, &all);
    return SUBGROUPS * subgroups.subgroupSize <= limits->maxComputeWorkGroupInvocations &&
                   limits->maxComputeSharedMemorySize >= LEAST_MEMORY
               ? SUBGROUPS * subgroups.subgroupSize
               : 0;
}

static int fits(const VkCooperativeMatrixPropertiesKHR *kind)
{
    return kind->AType == VK_COMPONENT_TYPE_FLOAT16_KHR && kind->BType == kind->AType &&
           kind->CType == VK_COMPONENT_TYPE_FLOAT32_KHR && kind->ResultType == kind->CType &&
           kind->scope == VK_SCOPE_SUBGROUP_KHR && SIDE % kind->MSize == 0 &&
           SIDE % kind->NSize == 0 && DEPTH % kind->KSize == 0 && kind->KSize % 8 == 0;
}

struct odva_vulkan_matrices odva_vulkan_matrices_find(const struct odva_vulkan_functions *vk,
                                                      VkInstance instance,
                                                      VkPhysicalDevice physical)
{
    const PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR get =
        (PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)vk->GetInstanceProcAddr(
            instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
    VkCooperativeMatrixPropertiesKHR kinds[MAX_KINDS];
    struct odva_vulkan_matrices found = {0};
    uint32_t count = MAX_KINDS, most = 0;

    for (int i = 0; i < MAX_KINDS; i++)
        kinds[i] = (VkCooperativeMatrixPropertiesKHR){
            .sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR};
    if (!get || !has_extensions(vk, instance, physical) || !has_features(vk, physical) ||
        !threads_of(vk, physical) || get(physical, &count, kinds) < 0)
        return found;
    for (uint32_t i = 0; i < count; i++) {
        const VkCooperativeMatrixPropertiesKHR *kind = &kinds[i];

        if (!fits(kind) || kind->MSize * kind->NSize * kind->KSize <= most)
            continue;
        most = kind->MSize * kind->NSize * kind->KSize;
        found = (struct odva_vulkan_matrices){kind->MSize, kind->NSize, kind->KSize,
                                              threads_of(vk, physical)};
    }
    return found;
}

void odva_vulkan_matrices_enable(struct odva_vulkan_matrix_features *features,
                                 VkDeviceCreateInfo *info, VkPhysicalDeviceVulkan12Features *later)
{
    features->subgroups = (VkPhysicalDeviceSubgroupSizeControlFeatures){
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
        .computeFullSubgroups = VK_TRUE};
    features->matrices = (VkPhysicalDeviceCooperativeMatrixFeaturesKHR){
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR,
        .pNext = &features->subgroups,
        .cooperativeMatrix = VK_TRUE};
    later->shaderFloat16 = later->vulkanMemoryModel = VK_TRUE;
    later->pNext = &features->matrices;
    info->enabledExtensionCount = EXTENSIONS;
    info->ppEnabledExtensionNames = extensions;
}

#else

struct odva_vulkan_matrices odva_vulkan_matrices_find(const struct odva_vulkan_functions *vk,
                                                      VkInstance instance,
                                                      VkPhysicalDevice physical)
{
    (void)vk;
    (void)instance;
    (void)physical;
    return (struct odva_vulkan_matrices){0};
}

void odva_vulkan_matrices_enable(struct odva_vulkan_matrix_features *features,
                                 VkDeviceCreateInfo *info, VkPhysicalDeviceVulkan12Features *later)
{
    (void)features;
    (void)info;
    (void)later;
}
#endif
