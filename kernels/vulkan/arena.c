/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/arena.h"

#include <stdlib.h>

#define ALIGNMENT   256
#define LEAST_BYTES ((VkDeviceSize)1 << 20)  /* of a block; each is twice as large as the last */
#define MOST_BYTES  ((VkDeviceSize)16 << 20) /* but for larger buffers */

struct odva_vulkan_block {
    VkDeviceMemory memory;
    VkBuffer buffer; /* all of it */
    VkDeviceAddress address;
    char *mapped; /* NULL: the device's own */
    VkDeviceSize bytes;
    uint32_t heap;
    enum odva_vulkan_use use;
    struct odva_buffer *first;
    struct odva_vulkan_block *next;
};

/* ---- blocks ------------------------------------------------------------------------------ */

static const struct {
    VkMemoryPropertyFlags needed, wanted;
} properties_of[] = {
    [ODVA_VULKAN_DEVICE] = {VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0},
    [ODVA_VULKAN_UPLOAD] = {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                            0},
    [ODVA_VULKAN_DOWNLOAD] = {VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                  VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                              VK_MEMORY_PROPERTY_HOST_CACHED_BIT},
};

/* @return a type of memory, of those in the mask; -1: none */
static int find_type(const struct odva_vulkan_arena *arena, uint32_t mask)
{
    const VkPhysicalDeviceMemoryProperties *memory = &arena->gpu->memory;
    const VkMemoryPropertyFlags needed = properties_of[arena->use].needed;
    const VkMemoryPropertyFlags all = needed | properties_of[arena->use].wanted;
    int found = -1;

    for (int i = (int)memory->memoryTypeCount - 1; i >= 0; i--) {
        const VkMemoryPropertyFlags flags = memory->memoryTypes[i].propertyFlags;

        if (!(mask >> i & 1) || (flags & needed) != needed)
            continue;
        if (found < 0 || (flags & all) == all ||
            (memory->memoryTypes[found].propertyFlags & all) != all)
            found = i;
    }
    return found;
}

/* Count what a heap holds. @return whether it has room */
static int hold(struct odva_vulkan_gpu *gpu, uint32_t heap, VkDeviceSize bytes)
{
    int has_room;

    pthread_mutex_lock(&gpu->lock);
    has_room = gpu->held[heap] + bytes <= gpu->memory.memoryHeaps[heap].size;
    if (has_room)
        gpu->held[heap] += bytes;
    pthread_mutex_unlock(&gpu->lock);
    return has_room;
}

static void let_go(struct odva_vulkan_gpu *gpu, uint32_t heap, VkDeviceSize bytes)
{
    pthread_mutex_lock(&gpu->lock);
    gpu->held[heap] -= bytes;
    pthread_mutex_unlock(&gpu->lock);
}

static VkResult allocate_memory(const struct odva_vulkan_arena *arena,
                                struct odva_vulkan_block *block)
{
    const struct odva_vulkan_functions *vk = &arena->gpu->vk;
    const VkMemoryAllocateFlagsInfo flags = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                             .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
    VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .pNext = &flags};
    VkMemoryRequirements needs;
    VkResult result;
    int type;

    vk->GetBufferMemoryRequirements(arena->gpu->device, block->buffer, &needs);
    type = find_type(arena, needs.memoryTypeBits);
    if (type < 0 || needs.size > arena->gpu->max_allocation)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    block->heap = arena->gpu->memory.memoryTypes[type].heapIndex;
    if (!hold(arena->gpu, block->heap, needs.size))
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    info.memoryTypeIndex = (uint32_t)type;
    info.allocationSize = needs.size;
    result = vk->AllocateMemory(arena->gpu->device, &info, NULL, &block->memory);
    if (result < 0) {
        let_go(arena->gpu, block->heap, needs.size);
        block->memory = VK_NULL_HANDLE;
        return result;
    }
    block->bytes = needs.size;
    return vk->BindBufferMemory(arena->gpu->device, block->buffer, block->memory, 0);
}

static VkResult make_block(const struct odva_vulkan_arena *arena, struct odva_vulkan_block *block,
                           VkDeviceSize bytes)
{
    const struct odva_vulkan_gpu *gpu = arena->gpu;
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = bytes,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT};
    VkResult result = gpu->vk.CreateBuffer(gpu->device, &info, NULL, &block->buffer);

    if (result < 0) {
        block->buffer = VK_NULL_HANDLE;
        return result;
    }
    result = allocate_memory(arena, block);
    if (result < 0)
        return result;
    if (arena->use != ODVA_VULKAN_DEVICE)
        result = gpu->vk.MapMemory(gpu->device, block->memory, 0, VK_WHOLE_SIZE, 0,
                                   (void **)&block->mapped);
    block->address = gpu->vk.GetBufferDeviceAddress(
        gpu->device,
        &(VkBufferDeviceAddressInfo){.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
                                     .buffer = block->buffer});
    return result;
}

static void free_block(const struct odva_vulkan_arena *arena, struct odva_vulkan_block *block)
{
    const struct odva_vulkan_gpu *gpu = arena->gpu;

    gpu->vk.DestroyBuffer(gpu->device, block->buffer, NULL);
    gpu->vk.FreeMemory(gpu->device, block->memory, NULL);
    if (block->memory)
        let_go(arena->gpu, block->heap, block->bytes);
    free(block->first);
    free(block);
}

/* Of the next block, for a buffer of this size. */
static VkDeviceSize block_size(const struct odva_vulkan_arena *arena, VkDeviceSize size)
{
    VkDeviceSize bytes = LEAST_BYTES;

    for (const struct odva_vulkan_block *b = arena->blocks; b && bytes < MOST_BYTES; b = b->next)
        bytes *= 2;
    return size > bytes ? size : bytes;
}

/* A block whose one buffer is free, the arena's first. @return NULL: no memory */
static struct odva_vulkan_block *add_block(struct odva_vulkan_arena *arena, VkDeviceSize bytes)
{
    struct odva_vulkan_block *block = calloc(1, sizeof(*block));

    if (!block)
        return NULL;
    block->use = arena->use;
    block->first = calloc(1, sizeof(*block->first));
    if (!block->first || make_block(arena, block, bytes) < 0) {
        free_block(arena, block);
        return NULL;
    }
    *block->first = (struct odva_buffer){.block = block, .size = bytes, .is_free = 1};
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void odva_vulkan_arena_close(struct odva_vulkan_arena *arena)
{
    while (arena->blocks) {
        struct odva_vulkan_block *block = arena->blocks;

        arena->blocks = block->next;
        free_block(arena, block);
    }
}

/* ---- buffers ----------------------------------------------------------------------------- */

static struct odva_buffer *find_free(const struct odva_vulkan_arena *arena, VkDeviceSize size)
{
    for (struct odva_vulkan_block *block = arena->blocks; block; block = block->next)
        for (struct odva_buffer *buffer = block->first; buffer; buffer = buffer->behind)
            if (buffer->is_free && buffer->size >= size)
                return buffer;
    return NULL;
}

/* Leave what is behind so many bytes to a buffer of its own. @return whether there was memory */
static int split(struct odva_buffer *buffer, VkDeviceSize size)
{
    struct odva_buffer *rest;

    if (buffer->size == size)
        return 1;
    rest = malloc(sizeof(*rest));
    if (!rest)
        return 0;
    *rest = (struct odva_buffer){.block = buffer->block,
                                 .offset = buffer->offset + size,
                                 .size = buffer->size - size,
                                 .is_free = 1,
                                 .before = buffer,
                                 .behind = buffer->behind};
    if (rest->behind)
        rest->behind->before = rest;
    buffer->behind = rest;
    buffer->size = size;
    return 1;
}

struct odva_buffer *odva_vulkan_arena_alloc(struct odva_vulkan_arena *arena, size_t bytes)
{
    struct odva_buffer *buffer;
    VkDeviceSize size;

    if (bytes > arena->gpu->max_allocation)
        return NULL;
    size = bytes ? ((VkDeviceSize)bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    buffer = find_free(arena, size);
    if (!buffer) {
        const struct odva_vulkan_block *block = add_block(arena, block_size(arena, size));

        if (!block)
            return NULL;
        buffer = block->first;
    }
    if (!split(buffer, size))
        return NULL;
    buffer->is_free = 0;
    buffer->bytes = bytes;
    buffer->host = NULL;
    return buffer;
}

/* A free buffer takes the one behind it, which is free, too. */
static void join(struct odva_buffer *buffer)
{
    struct odva_buffer *behind = buffer->behind;

    buffer->size += behind->size;
    buffer->behind = behind->behind;
    if (buffer->behind)
        buffer->behind->before = buffer;
    free(behind);
}

/* Blocks of which nothing is in use go back to the device, but for a last one of usual size. */
static void drop_block(struct odva_vulkan_arena *arena, struct odva_vulkan_block *dropped)
{
    struct odva_vulkan_block **link = &arena->blocks;

    if (arena->blocks == dropped && !dropped->next && dropped->first->size <= MOST_BYTES)
        return;
    while (*link != dropped)
        link = &(*link)->next;
    *link = dropped->next;
    free_block(arena, dropped);
}

void odva_vulkan_arena_free(struct odva_vulkan_arena *arena, struct odva_buffer *buffer)
{
    buffer->is_free = 1;
    if (buffer->behind && buffer->behind->is_free)
        join(buffer);
    if (buffer->before && buffer->before->is_free) {
        buffer = buffer->before;
        join(buffer);
    }
    if (!buffer->before && !buffer->behind)
        drop_block(arena, buffer->block);
}

enum odva_vulkan_use odva_vulkan_use_of(const struct odva_buffer *buffer)
{
    return buffer->block->use;
}

VkBuffer odva_vulkan_buffer_handle(const struct odva_buffer *buffer)
{
    return buffer->block->buffer;
}

VkDeviceAddress odva_vulkan_address(const struct odva_buffer *buffer)
{
    return buffer->block->address + buffer->offset;
}

void *odva_vulkan_mapped(const struct odva_buffer *buffer)
{
    return buffer->block->mapped + buffer->offset;
}
