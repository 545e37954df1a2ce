/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "kernels/vulkan/gpu.h"
#include "kernels/vulkan/pipeline_cache.h"

/** Pipelines live as long as the device. */
struct odva_vulkan_pipeline {
    struct odva_vulkan_kernel kernel;
    VkPipeline pipeline;
    struct odva_vulkan_pipeline *next;
};

static VkResult open_cache(struct odva_vulkan_gpu *gpu)
{
    VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
    char path[ODVA_VULKAN_CACHE_PATH];
    void *data = NULL;
    VkResult result;

    if (odva_vulkan_cache_path(path, gpu->properties.pipelineCacheUUID))
        data = odva_vulkan_cache_read(path, &info.initialDataSize);
    info.pInitialData = data;
    result = gpu->vk.CreatePipelineCache(gpu->device, &info, NULL, &gpu->cache);
    free(data);
    if (result < 0)
        gpu->cache = VK_NULL_HANDLE;
    return result;
}

/* Only where a pipeline was made that was not there: @return it, to be freed, or NULL */
static void *new_cache_data(const struct odva_vulkan_gpu *gpu, const char *path, size_t *bytes)
{
    size_t old_bytes = 0;
    void *old, *data;

    if (gpu->vk.GetPipelineCacheData(gpu->device, gpu->cache, bytes, NULL) < 0 || !*bytes)
        return NULL;
    data = malloc(*bytes);
    if (!data || gpu->vk.GetPipelineCacheData(gpu->device, gpu->cache, bytes, data) != VK_SUCCESS) {
        free(data);
        return NULL;
    }
    old = odva_vulkan_cache_read(path, &old_bytes);
    if (old && old_bytes == *bytes && !memcmp(old, data, *bytes)) {
        free(data);
        data = NULL;
    }
    free(old);
    return data;
}

static void keep_cache(const struct odva_vulkan_gpu *gpu)
{
    char path[ODVA_VULKAN_CACHE_PATH];
    size_t bytes;
    void *data;

    if (!gpu->pipelines || !odva_vulkan_cache_path(path, gpu->properties.pipelineCacheUUID))
        return;
    data = new_cache_data(gpu, path, &bytes);
    if (data)
        (void)odva_vulkan_cache_write(path, data, bytes);
    free(data);
}

int odva_vulkan_pipelines_open(struct odva_vulkan_gpu *gpu)
{
    const VkPushConstantRange range = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
                                       .size = ODVA_VULKAN_ARGUMENTS};
    const VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                             .pushConstantRangeCount = 1,
                                             .pPushConstantRanges = &range};
    VkResult result = gpu->vk.CreatePipelineLayout(gpu->device, &info, NULL, &gpu->layout);

    if (result < 0)
        gpu->layout = VK_NULL_HANDLE;
    return odva_vulkan_status(result < 0 ? result : open_cache(gpu));
}

void odva_vulkan_pipelines_close(struct odva_vulkan_gpu *gpu)
{
    keep_cache(gpu);
    while (gpu->pipelines) {
        struct odva_vulkan_pipeline *pipeline = gpu->pipelines;

        gpu->pipelines = pipeline->next;
        gpu->vk.DestroyPipeline(gpu->device, pipeline->pipeline, NULL);
        free(pipeline);
    }
    gpu->vk.DestroyPipelineCache(gpu->device, gpu->cache, NULL);
    gpu->vk.DestroyPipelineLayout(gpu->device, gpu->layout, NULL);
}

VkResult odva_vulkan_pipeline_make(const struct odva_vulkan_gpu *gpu,
                                   const struct odva_vulkan_code *code,
                                   const uint32_t values[ODVA_VULKAN_CONSTANTS],
                                   VkPipeline *pipeline)
{
    const VkShaderModuleCreateInfo module_info = {.sType =
                                                      VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                                  .codeSize = code->bytes,
                                                  .pCode = code->words};
    VkSpecializationMapEntry entries[ODVA_VULKAN_CONSTANTS];
    const VkSpecializationInfo constants = {.mapEntryCount = ODVA_VULKAN_CONSTANTS,
                                            .pMapEntries = entries,
                                            .dataSize = ODVA_VULKAN_CONSTANTS * sizeof(*values),
                                            .pData = values};
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .flags = code->has_full_subgroups
                               ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT
                               : 0,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .pName = "main",
                  .pSpecializationInfo = &constants},
        .layout = gpu->layout};
    VkResult result;

    for (uint32_t i = 0; i < ODVA_VULKAN_CONSTANTS; i++)
        entries[i] = (VkSpecializationMapEntry){i, i * sizeof(uint32_t), sizeof(uint32_t)};
    result = gpu->vk.CreateShaderModule(gpu->device, &module_info, NULL, &info.stage.module);
    if (result < 0)
        return result;
    result = gpu->vk.CreateComputePipelines(gpu->device, gpu->cache, 1, &info, NULL, pipeline);
    gpu->vk.DestroyShaderModule(gpu->device, info.stage.module, NULL);
    return result;
}

static int add_pipeline(struct odva_vulkan_gpu *gpu, const struct odva_vulkan_kernel *kernel,
                        VkPipeline *pipeline)
{
    struct odva_vulkan_pipeline *added = malloc(sizeof(*added));
    VkResult result;

    if (!added)
        return ONEDVA_ERR_NOMEM;
    result = odva_vulkan_pipeline_make(gpu, &odva_vulkan_code[kernel->shader], kernel->constants,
                                       &added->pipeline);
    if (result < 0) {
        free(added);
        return odva_vulkan_status(result);
    }
    added->kernel = *kernel;
    added->next = gpu->pipelines;
    gpu->pipelines = added;
    *pipeline = added->pipeline;
    return ONEDVA_OK;
}

static const struct odva_vulkan_pipeline *find_pipeline(const struct odva_vulkan_gpu *gpu,
                                                        const struct odva_vulkan_kernel *kernel)
{
    const struct odva_vulkan_pipeline *p = gpu->pipelines;

    while (p && (p->kernel.shader != kernel->shader ||
                 memcmp(p->kernel.constants, kernel->constants, sizeof(kernel->constants))))
        p = p->next;
    return p;
}

int odva_vulkan_pipeline_get(struct odva_vulkan_gpu *gpu, const struct odva_vulkan_kernel *kernel,
                             VkPipeline *pipeline)
{
    const struct odva_vulkan_pipeline *found;
    int status = ONEDVA_OK;

    pthread_mutex_lock(&gpu->lock);
    found = find_pipeline(gpu, kernel);
    if (found)
        *pipeline = found->pipeline;
    else
        status = add_pipeline(gpu, kernel, pipeline);
    pthread_mutex_unlock(&gpu->lock);
    return status;
}
