/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/simd_avx512bf16.h"
#include "kernels/cpu/simd_avx512vnni.h"

#include "kernels/cpu/attention_bf16.h"
#include "kernels/cpu/linear_int8.h"
#include "kernels/cpu/warp_simd.h"

#include "kernels/cpu/common_operators_simd.h"
#include "kernels/cpu/wide.h"

const struct odva_cpu_operators odva_cpu_operators_avx512bf16vnni = {
    .name = "avx512bf16vnni",
    .wide = &odva_cpu_wide_avx512,
    .linear_precision = ONEDVA_PRECISION_INT8,
    .attention_precision = ONEDVA_PRECISION_BFLOAT16,
    .network_element = ODVA_BFLOAT16,
    .linear = linear_int8,
    .linear_scratch = linear_scratch_int8,
    .attention = attention_bf16,
    .attention_scratch = attention_scratch_bf16,
    COMMON_OPERATORS_SIMD,
};
