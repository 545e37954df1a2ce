/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Memory of a device in large blocks, cut into buffers. Each arena has one owner at a time. */
#ifndef ODVA_VULKAN_ARENA_H
#define ODVA_VULKAN_ARENA_H

#include "kernels/vulkan/gpu.h"

/** What memory is for. */
enum odva_vulkan_use {
    ODVA_VULKAN_DEVICE,   /* of operators */
    ODVA_VULKAN_UPLOAD,   /* the host writes it */
    ODVA_VULKAN_DOWNLOAD, /* the host reads it */
};

struct odva_vulkan_block;

/** Some bytes of a block, in use or free; a block's follow each other. */
struct odva_buffer {
    struct odva_vulkan_block *block;
    VkDeviceSize offset, size; /* in the block, multiples of what buffers are aligned to */
    size_t bytes;              /* that were asked for */
    int is_free;
    struct odva_buffer *before, *behind; /* in the block */
    struct odva_buffer *next_deferred;   /* a stream's */
    uint64_t last_use;                   /* of a stream's timeline, when deferred */
    /* of memory of the host */
    void *host;                       /* NULL: of none */
    int is_current, is_written;       /* as those of odva_image */
    struct odva_buffer *fetched;      /* on its way to the host */
    struct odva_buffer *next_wrapped; /* a stream's */
};

struct odva_vulkan_arena {
    struct odva_vulkan_gpu *gpu;
    enum odva_vulkan_use use;
    struct odva_vulkan_block *blocks;
};

void odva_vulkan_arena_close(struct odva_vulkan_arena *arena);

/** @return NULL when there is no more memory or the device has no such large buffers */
struct odva_buffer *odva_vulkan_arena_alloc(struct odva_vulkan_arena *arena, size_t bytes);
void odva_vulkan_arena_free(struct odva_vulkan_arena *arena, struct odva_buffer *buffer);

enum odva_vulkan_use odva_vulkan_use_of(const struct odva_buffer *buffer);
/** The VkBuffer that holds it, from odva_buffer.offset on. */
VkBuffer odva_vulkan_buffer_handle(const struct odva_buffer *buffer);
/** As shaders see it. */
VkDeviceAddress odva_vulkan_address(const struct odva_buffer *buffer);
/** As the host sees it, which is not the device's own memory. */
void *odva_vulkan_mapped(const struct odva_buffer *buffer);

#endif
