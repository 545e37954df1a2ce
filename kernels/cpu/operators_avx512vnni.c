/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/simd_avx512vnni.h"

#include "kernels/cpu/attention_simd.h"
#include "kernels/cpu/linear_int8.h"
#include "kernels/cpu/warp_simd.h"

#include "kernels/cpu/common_operators_simd.h"
#include "kernels/cpu/wide.h"

const struct odva_cpu_operators odva_cpu_operators_avx512vnni = {
    .name = "avx512vnni",
    .wide = &odva_cpu_wide_avx512,
    .linear_precision = ONEDVA_PRECISION_INT8,
    .attention_precision = ONEDVA_PRECISION_FLOAT32,
    .linear = linear_int8,
    .linear_scratch = linear_scratch_int8,
    .attention = attention_simd,
    .attention_scratch = attention_scratch_simd,
    COMMON_OPERATORS_SIMD,
};
