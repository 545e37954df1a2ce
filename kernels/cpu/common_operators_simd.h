/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What all instruction sets have of one kind; include a simd_*.h and a warp_*.h before. */
#ifndef ODVA_CPU_COMMON_OPERATORS_SIMD_H
#define ODVA_CPU_COMMON_OPERATORS_SIMD_H

#include "kernels/cpu/bands_loops.h"
#include "kernels/cpu/basis_simd.h"
#include "kernels/cpu/dct_simd.h"
#include "kernels/cpu/deblock_simd.h"
#include "kernels/cpu/downscale2x_simd.h"
#include "kernels/cpu/norm_simd.h"
#include "kernels/cpu/panels_simd.h"
#include "kernels/cpu/patches_simd.h"
#include "kernels/cpu/smooth_simd.h"
#include "kernels/cpu/structure_tensors_simd.h"

/* Members of struct odva_cpu_operators. */
#define COMMON_OPERATORS_SIMD                                                                      \
    .panel_width = PANEL, .norm_modulate = norm_modulate_simd, .warp = warp_simd,                  \
    .downscale2x = downscale2x_simd, .deblock = deblock_simd, .smooth = smooth_simd,               \
    .structure_tensors = structure_tensors_simd, .read_block = read_block_simd,                    \
    .write_block = write_block_simd, .transform = transform_simd,                                  \
    .multiply_pairs = multiply_pairs_simd, .split_bands = split_bands_loops,                       \
    .join_bands = join_bands_loops, .inverse_transform = inverse_transform_loops

#endif
