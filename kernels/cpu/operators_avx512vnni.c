/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "cpu/simd_avx512vnni.h"

#include "cpu/attention_simd.h"
#include "cpu/block_tensors_simd.h"
#include "cpu/deblock_simd.h"
#include "cpu/halve_simd.h"
#include "cpu/linear_int8.h"
#include "cpu/norm_simd.h"
#include "cpu/planes_simd.h"
#include "cpu/transform_simd.h"
#include "cpu/warp_simd.h"

const struct odva_cpu_operators odva_cpu_operators_avx512vnni = {
    .name = "avx512vnni",
    .panel_width = PANEL,
    .linear_precision = ONEDVA_PRECISION_INT8,
    .attention_precision = ONEDVA_PRECISION_FLOAT32,
    .linear = linear_int8,
    .linear_scratch = linear_scratch_int8,
    .norm_modulate = norm_modulate_simd,
    .attention = attention_simd,
    .attention_scratch = attention_scratch_simd,
    .warp = warp_simd,
    .halve = halve_simd,
    .deblock = deblock_simd,
    .block_tensors = block_tensors_simd,
    .read_block = read_block_simd,
    .write_block = write_block_simd,
    .transform = transform_simd,
};
