/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/picture.h"

#define PLANES 3

/* The family that owns an image afterwards. */
static uint32_t family_after(const struct odva_vulkan_stream *stream,
                             const struct onedva_vulkan_picture *picture, int i)
{
    return picture->queue_family[i] == VK_QUEUE_FAMILY_IGNORED ? VK_QUEUE_FAMILY_IGNORED
                                                               : stream->gpu->family;
}

/* Images get the layout and the owner to be written, behind all work before; what is there is not
 * kept. */
static void prepare(const struct odva_vulkan_stream *stream,
                    const struct onedva_vulkan_picture *picture, VkCommandBuffer commands)
{
    VkImageMemoryBarrier barriers[PLANES];

    for (int i = 0; i < picture->images; i++)
        barriers[i] = (VkImageMemoryBarrier){
            .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
            .dstAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
            .oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
            .newLayout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL,
            .srcQueueFamilyIndex = picture->queue_family[i],
            .dstQueueFamilyIndex = family_after(stream, picture, i),
            .image = picture->image[i],
            .subresourceRange = {
                .aspectMask = VK_IMAGE_ASPECT_COLOR_BIT, .levelCount = 1, .layerCount = 1}};
    stream->gpu->vk.CmdPipelineBarrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                                       VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 0, NULL, 0, NULL,
                                       (uint32_t)picture->images, barriers);
}

static VkBufferImageCopy region_of(const struct onedva_vulkan_picture *picture,
                                   const struct odva_image *image, int plane)
{
    static const VkImageAspectFlagBits aspects[PLANES] = {
        VK_IMAGE_ASPECT_PLANE_0_BIT, VK_IMAGE_ASPECT_PLANE_1_BIT, VK_IMAGE_ASPECT_PLANE_2_BIT};
    const uint32_t width = (uint32_t)image->shape.width, height = (uint32_t)image->shape.height;

    return (VkBufferImageCopy){
        .bufferOffset = image->buffer->offset + (plane ? image->offset[plane - 1] : 0),
        .bufferRowLength = image->stride[plane > 0],
        .imageSubresource = {.aspectMask =
                                 picture->images == 1 ? aspects[plane] : VK_IMAGE_ASPECT_COLOR_BIT,
                             .layerCount = 1},
        .imageExtent = {plane ? (width + 1) / 2 : width, plane ? (height + 1) / 2 : height, 1}};
}

static void copy_planes(const struct odva_vulkan_stream *stream,
                        const struct onedva_vulkan_picture *picture, VkCommandBuffer commands,
                        const struct odva_image *image)
{
    for (int p = 0; p < PLANES; p++) {
        const VkBufferImageCopy region = region_of(picture, image, p);

        stream->gpu->vk.CmdCopyBufferToImage(commands, odva_vulkan_buffer_handle(image->buffer),
                                             picture->image[picture->images == 1 ? 0 : p],
                                             VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
    }
}

static int submit(struct odva_vulkan_stream *stream, const struct onedva_vulkan_picture *picture)
{
    uint64_t signal[PLANES];
    int status;

    for (int i = 0; i < picture->images; i++)
        signal[i] = picture->value[i] + 1;
    status = odva_vulkan_submit_alone(
        stream, &(struct odva_vulkan_semaphores){.count = (uint32_t)picture->images,
                                                 .semaphore = picture->semaphore,
                                                 .wait = picture->value,
                                                 .signal = signal});
    for (int i = 0; i < picture->images && status == ONEDVA_OK; i++) {
        picture->value[i] = signal[i];
        picture->layout[i] = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;
        picture->access[i] = VK_ACCESS_TRANSFER_WRITE_BIT;
        picture->queue_family[i] = family_after(stream, picture, i);
    }
    return status;
}

int odva_vulkan_picture_write(struct odva_vulkan_stream *stream,
                              const struct onedva_vulkan_picture *picture,
                              const struct odva_image *image)
{
    VkCommandBuffer commands;
    int status = odva_vulkan_begin_alone(stream, &commands);

    if (status < 0)
        return status;
    if (picture->lock)
        picture->lock(picture->opaque);
    prepare(stream, picture, commands);
    copy_planes(stream, picture, commands, image);
    status = submit(stream, picture);
    if (picture->unlock)
        picture->unlock(picture->opaque);
    return status;
}
