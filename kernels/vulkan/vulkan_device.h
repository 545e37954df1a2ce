/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * A device and what it holds of a model: weights, basis and constants. Several threads may use it
 * at once, but for open and close; what it holds must be freed before it is closed.
 */
#ifndef ODVA_VULKAN_DEVICE_H
#define ODVA_VULKAN_DEVICE_H

#include "base/layout.h"
#include "kernels/device.h"
#include "kernels/vulkan/stream.h"

struct odva_vulkan_device {
    struct odva_device base;
    struct odva_vulkan_gpu *gpu;
    pthread_mutex_t lock;             /* of the stream */
    struct odva_vulkan_stream stream; /* on which all of it is copied, and which has its memory */
    struct odva_buffer *tables;       /* struct odva_vulkan_tables */
};

#define ODVA_VULKAN_DCT_MAX 8 /* longest axis of a transform */

/** What shaders look up; tables.glsl says the same. */
struct odva_vulkan_tables {
    float numbers[256]; /* of samples: v / 127.5 - 1 */
    /* [n][f][i]: orthonormal DCT-II of n numbers, and rounded to 1/65536 */
    float forward[ODVA_VULKAN_DCT_MAX + 1][ODVA_VULKAN_DCT_MAX][ODVA_VULKAN_DCT_MAX];
    int32_t exact[ODVA_VULKAN_DCT_MAX + 1][ODVA_VULKAN_DCT_MAX][ODVA_VULKAN_DCT_MAX];
};

/** @return whether a device can be opened */
int odva_vulkan_probe(void);
/** @param choice where one opens what the wish leads to */
int odva_vulkan_choose(const struct odva_device_wish *wish, const void **choice);
int odva_vulkan_open(struct odva_device **device, const void *choice,
                     const struct odva_device_wish *wish);

/** Parameters and results as of odva_vulkan_gpu_open, of odva_vulkan_gpu_adopt. The caller has the
 * first reference. */
int odva_vulkan_device_open(struct odva_vulkan_device **device, int index,
                            const struct onedva_logger *logger);
int odva_vulkan_device_adopt(struct odva_vulkan_device **device,
                             const struct onedva_vulkan_device *outside,
                             const struct onedva_logger *logger);

#endif
