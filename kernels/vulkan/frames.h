/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures in the memory of a device, and their way from and to the host. */
#ifndef ODVA_VULKAN_FRAMES_H
#define ODVA_VULKAN_FRAMES_H

#include "base/layout.h"
#include "kernels/vulkan/stream.h"

/** What shaders get of them: Frames of planes.glsl. */
struct odva_vulkan_frames_argument {
    VkDeviceAddress address;
    VkDeviceSize frame_bytes;
    uint32_t stride[2]; /* of luma and chroma: with room for whole tokens */
    uint32_t offset[2]; /* of the chroma planes in a frame */
};

/** Pictures of one size, one after the other. */
struct odva_vulkan_frames {
    struct odva_buffer *buffer;
    int count, planes; /* 1 or 3 planes of each */
    int width, height; /* of luma */
    struct odva_vulkan_frames_argument argument;
};

/** @param planes 1: luma only @return ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_LIMIT */
int odva_vulkan_frames_alloc(struct odva_vulkan_stream *stream, struct odva_vulkan_frames *frames,
                             int count, int planes, int width, int height);
/** Those not allocated, or zero-initialised, too. */
void odva_vulkan_frames_free(struct odva_vulkan_stream *stream, struct odva_vulkan_frames *frames);

/** Planes that a picture lacks stay as they are. Pictures have been copied when it returns. */
int odva_vulkan_frames_upload(struct odva_vulkan_stream *stream,
                              const struct odva_vulkan_frames *frames,
                              const struct onedva_const_picture *pictures);
/** Planes that a picture lacks are left out. Waits. */
int odva_vulkan_frames_download(struct odva_vulkan_stream *stream,
                                const struct odva_vulkan_frames *frames,
                                const struct onedva_picture *pictures);

#endif
