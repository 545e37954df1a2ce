/*
 * One-DVA: frames of Vulkan, as the library takes them
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Header only, because libavfilter cannot link against private symbols of libavcodec: for onedva_device.h.
 */

#ifndef AVCODEC_ONEDVA_VULKAN_H
#define AVCODEC_ONEDVA_VULKAN_H

#include "config.h"

#include "libavutil/frame.h"
#include "libavutil/hwcontext.h"
#include "onedva.h"

#if CONFIG_VULKAN
#include <onedva/onedva_vulkan.h>

#include "libavutil/hwcontext_vulkan.h"

static inline void ff_onedva_lock_queue(void *opaque, uint32_t family, uint32_t index)
{
    AVHWDeviceContext *device       = opaque;
    AVVulkanDeviceContext *vulkan   = device->hwctx;

    vulkan->lock_queue(device, family, index);
}

static inline void ff_onedva_unlock_queue(void *opaque, uint32_t family, uint32_t index)
{
    AVHWDeviceContext *device       = opaque;
    AVVulkanDeviceContext *vulkan   = device->hwctx;

    vulkan->unlock_queue(device, family, index);
}

/** What the library needs to compute on a device of Vulkan, as long as that is open. */
static inline void ff_onedva_vulkan_init(struct onedva_vulkan_device *s, AVHWDeviceContext *device)
{
    const AVVulkanDeviceContext *vulkan = device->hwctx;

    *s = (struct onedva_vulkan_device) {
        .struct_size            = sizeof(*s),
        .get_instance_proc_addr = vulkan->get_proc_addr,
        .instance               = vulkan->inst,
        .physical_device        = vulkan->phys_dev,
        .device                 = vulkan->act_dev,
        .features               = &vulkan->device_features,
        .lock_queue             = ff_onedva_lock_queue,
        .unlock_queue           = ff_onedva_unlock_queue,
        .opaque                 = device,
    };
    // the library refuses a family that does not compute
    for (int i = vulkan->nb_qf - 1; i >= 0; i--)
        if (vulkan->qf[i].flags & VK_QUEUE_COMPUTE_BIT)
            s->queue_family = vulkan->qf[i].idx;
}

typedef struct OneDVAVulkanPicture {
    struct onedva_vulkan_picture picture;
    AVHWFramesContext *frames;
    AVVkFrame *frame;
    VkAccessFlagBits access[AV_NUM_DATA_POINTERS]; ///< the frame's, which FFmpeg has in 32 or in 64 bits
} OneDVAVulkanPicture;

static inline void ff_onedva_lock_frame(void *opaque)
{
    OneDVAVulkanPicture *s        = opaque;
    AVVulkanFramesContext *vulkan = s->frames->hwctx;

    vulkan->lock_frame(s->frames, s->frame);
    for (int i = 0; i < s->picture.images; i++)
        s->access[i] = s->frame->access[i];
}

static inline void ff_onedva_unlock_frame(void *opaque)
{
    OneDVAVulkanPicture *s        = opaque;
    AVVulkanFramesContext *vulkan = s->frames->hwctx;

    for (int i = 0; i < s->picture.images; i++)
        s->frame->access[i] = s->access[i];
    vulkan->unlock_frame(s->frames, s->frame);
}

/** Stand for a frame of Vulkan, which lives longer and stays in its place, as does s. */
static inline void ff_onedva_vulkan_picture(OneDVAVulkanPicture *s, const AVFrame *frame)
{
    AVVkFrame *vulkan = (AVVkFrame *)frame->data[0];

    s->frames  = (AVHWFramesContext *)frame->hw_frames_ctx->data;
    s->frame   = vulkan;
    s->picture = (struct onedva_vulkan_picture) {
        .images       = vulkan->img[1] ? 3 : 1,
        .image        = vulkan->img,
        .semaphore    = vulkan->sem,
        .value        = vulkan->sem_value,
        .layout       = vulkan->layout,
        .access       = s->access,
        .queue_family = vulkan->queue_family,
        .lock         = ff_onedva_lock_frame,
        .unlock       = ff_onedva_unlock_frame,
        .opaque       = s,
    };
}

/** Wait until all is done that makes a frame of Vulkan. */
static inline int ff_onedva_wait_frame(const AVFrame *frame)
{
    const AVHWFramesContext *frames     = (const AVHWFramesContext *)frame->hw_frames_ctx->data;
    const AVVulkanDeviceContext *vulkan = frames->device_ctx->hwctx;
    const AVVkFrame *picture            = (const AVVkFrame *)frame->data[0];
    const PFN_vkWaitSemaphores wait = (PFN_vkWaitSemaphores)vulkan->get_proc_addr(vulkan->inst, "vkWaitSemaphores");
    const VkSemaphoreWaitInfo info  = {
        .sType          = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
        .semaphoreCount = picture->img[1] ? 3 : 1,
        .pSemaphores    = picture->sem,
        .pValues        = picture->sem_value,
    };

    return wait && wait(vulkan->act_dev, &info, UINT64_MAX) == VK_SUCCESS ? 0 : AVERROR_EXTERNAL;
}

/** Reconstruct the packet read last into n frames of Vulkan, of its size or larger. */
static inline int ff_onedva_reconstruct_vulkan(onedva_decoder *decoder, OneDVALog *log,
                                               AVFrame *const *frames, int n)
{
    const struct onedva_vulkan_picture *list[ONEDVA_MAX_CLIP_FRAMES];
    OneDVAVulkanPicture pictures[ONEDVA_MAX_CLIP_FRAMES];

    for (int i = 0; i < n; i++) {
        ff_onedva_vulkan_picture(&pictures[i], frames[i]);
        list[i] = &pictures[i].picture;
    }
    return ff_onedva_check(log, onedva_decoder_reconstruct_vulkan(decoder, list, n),
                           "reconstructing a clip");
}
#endif

#endif /* AVCODEC_ONEDVA_VULKAN_H */
