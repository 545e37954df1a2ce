/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/reference.h"

#include "kernels/cpu/bands_loops.h"
#include "kernels/cpu/wide.h"

const struct odva_cpu_operators odva_cpu_operators_c = {
    .name = "c",
    .wide = &odva_cpu_wide_c,
    .panel_width = ODVA_CPU_C_WIDTH,
    .linear = odva_cpu_linear_c,
    .norm_modulate = odva_cpu_norm_modulate_c,
    .attention = odva_cpu_attention_c,
    .attention_scratch = odva_cpu_attention_scratch_c,
    .warp = odva_cpu_warp_c,
    .downscale2x = odva_cpu_downscale2x_c,
    .deblock = odva_cpu_deblock_c,
    .smooth = odva_cpu_smooth_c,
    .structure_tensors = odva_cpu_structure_tensors_c,
    .read_block = odva_cpu_read_block_c,
    .write_block = odva_cpu_write_block_c,
    .transform = odva_cpu_transform_c,
    .multiply_pairs = odva_cpu_multiply_pairs_c,
    .split_bands = split_bands_loops,
    .join_bands = join_bands_loops,
    .inverse_transform = inverse_transform_loops,
};
