/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The shaders of the operators. Each is a file of this folder, NAME.comp. */
#ifndef ODVA_VULKAN_SHADERS_H
#define ODVA_VULKAN_SHADERS_H

#include <stddef.h>
#include <stdint.h>

#define ODVA_VULKAN_CONSTANTS 5 /* that a pipeline is made with, at most */

#define ODVA_VULKAN_SHADERS(SHADER)                                                                \
    SHADER(ATTENTION, attention)                                                                   \
    SHADER(AXPBY, axpby)                                                                           \
    SHADER(DEBLOCK_COLUMNS, deblock_columns)                                                       \
    SHADER(DEBLOCK_ROWS, deblock_rows)                                                             \
    SHADER(DCT_FORWARD, dct_forward)                                                               \
    SHADER(DCT_INVERSE, dct_inverse)                                                               \
    SHADER(DOWNSCALE2X, downscale2x)                                                               \
    SHADER(LINEAR, linear)                                                                         \
    SHADER(NOISE, noise)                                                                           \
    SHADER(NORM_MODULATE, norm_modulate)                                                           \
    SHADER(PATCHIFY, patchify)                                                                     \
    SHADER(PROJECT, project)                                                                       \
    SHADER(RECONSTRUCT, reconstruct)                                                               \
    SHADER(SCAN, scan)                                                                             \
    SHADER(SMOOTH, smooth)                                                                         \
    SHADER(STRUCTURE_TENSORS, structure_tensors)                                                   \
    SHADER(UNPATCHIFY, unpatchify)                                                                 \
    SHADER(WARP, warp)

enum odva_vulkan_shader {
#define ODVA_VULKAN_SHADER(name, file) ODVA_VULKAN_##name##_SHADER,
    ODVA_VULKAN_SHADERS(ODVA_VULKAN_SHADER)
#undef ODVA_VULKAN_SHADER
        ODVA_VULKAN_LINEAR_MATRICES_SHADER, /* where HAVE_VULKAN_MATRICES is 1 */
};

struct odva_vulkan_code {
    const uint32_t *words;
    size_t bytes;
    int has_full_subgroups; /* it must have none with invocations missing */
};

extern const struct odva_vulkan_code odva_vulkan_code[];

#endif
