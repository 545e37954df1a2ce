/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "cpu/simd_avx512.h"

#include "cpu/attention_simd.h"
#include "cpu/linear_operator_simd.h"
#include "cpu/norm_simd.h"
#include "cpu/reference.h"

const struct odva_cpu_operators odva_cpu_operators_avx512 = {
    .name = "avx512",
    .panel_width = PANEL,
    .linear = linear_simd,
    .norm_modulate = norm_modulate_simd,
    .attention = attention_simd,
    .attention_scratch = attention_scratch_simd,
    .warp = odva_cpu_warp_c,
    .halve = odva_cpu_halve_c,
    .block_tensors = odva_cpu_block_tensors_c,
};
