/*
 * libonedva: the One-DVA learned video codec
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A device of Vulkan that the caller has opened, and pictures that are images of it: for
 * onedva_decoder_settings.vulkan, onedva_encoder_settings.vulkan and
 * onedva_decoder_reconstruct_vulkan.
 */
#ifndef ONEDVA_ONEDVA_VULKAN_H
#define ONEDVA_ONEDVA_VULKAN_H

#include <vulkan/vulkan_core.h>

#include "onedva/onedva.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * All handles must stay valid until the models are closed whose codecs were opened with them.
 * The device is of Vulkan 1.2 or later, and made with timelineSemaphore, bufferDeviceAddress and
 * shaderInt64.
 */
struct onedva_vulkan_device {
    size_t struct_size; /* sizeof of it */
    PFN_vkGetInstanceProcAddr get_instance_proc_addr;
    VkInstance instance;
    VkPhysicalDevice physical_device;
    VkDevice device;
    const VkPhysicalDeviceFeatures2
        *features;                      /* that the device was made with, and behind them by
                                         * pNext those of Vulkan 1.2; read when it is opened */
    uint32_t queue_family, queue_index; /* of a queue that computes */
    /* Called around each submission, where others use the queue, too; NULL: nobody does. */
    void (*lock_queue)(void *opaque, uint32_t queue_family, uint32_t queue_index);
    void (*unlock_queue)(void *opaque, uint32_t queue_family, uint32_t queue_index);
    void *opaque;
};

/**
 * A yuv420p picture: one image of VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM, or three of
 * VK_FORMAT_R8_UNORM, Y, U and V. They are at least as large as the picture, which begins at their
 * first sample, and made for VK_IMAGE_USAGE_TRANSFER_DST_BIT.
 * Work on an image waits for its timeline semaphore to have the value that is there, on the host,
 * too, and raises it by one, which it adds to the value. Then the image has the layout, access and
 * queue family that are written here.
 */
struct onedva_vulkan_picture {
    int images; /* 1 or 3: how many of each of these there are */
    const VkImage *image;
    const VkSemaphore *semaphore;
    uint64_t *value;
    VkImageLayout *layout;
    VkAccessFlagBits *access;
    uint32_t *queue_family; /* VK_QUEUE_FAMILY_IGNORED: the image is for all of them */
    /* Called around what reads and writes these; NULL: nobody else does. */
    void (*lock)(void *opaque);
    void (*unlock)(void *opaque);
    void *opaque;
};

#ifdef __cplusplus
}
#endif
#endif
