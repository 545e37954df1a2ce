/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/vulkan/shaders.h"

#include "config.h"

#include "kernels/vulkan/attention.spv.h"
#include "kernels/vulkan/axpby.spv.h"
#include "kernels/vulkan/dct_forward.spv.h"
#include "kernels/vulkan/dct_inverse.spv.h"
#include "kernels/vulkan/deblock_columns.spv.h"
#include "kernels/vulkan/deblock_rows.spv.h"
#include "kernels/vulkan/downscale2x.spv.h"
#include "kernels/vulkan/linear.spv.h"
#include "kernels/vulkan/noise.spv.h"
#include "kernels/vulkan/norm_modulate.spv.h"
#include "kernels/vulkan/patchify.spv.h"
#include "kernels/vulkan/project.spv.h"
#include "kernels/vulkan/reconstruct.spv.h"
#include "kernels/vulkan/scan.spv.h"
#include "kernels/vulkan/smooth.spv.h"
#include "kernels/vulkan/structure_tensors.spv.h"
#include "kernels/vulkan/unpatchify.spv.h"
#include "kernels/vulkan/warp.spv.h"
#if HAVE_VULKAN_MATRICES
#include "kernels/vulkan/linear_matrices.spv.h"
#endif

const struct odva_vulkan_code odva_vulkan_code[] = {
#define CODE(name, file)                                                                           \
    [ODVA_VULKAN_##name##_SHADER] = {odva_spirv_##file, sizeof(odva_spirv_##file), 0},
    ODVA_VULKAN_SHADERS(CODE)
#undef CODE
#if HAVE_VULKAN_MATRICES
        [ODVA_VULKAN_LINEAR_MATRICES_SHADER] = {odva_spirv_linear_matrices,
                                                sizeof(odva_spirv_linear_matrices), 1},
#endif
};
