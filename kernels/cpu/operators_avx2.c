/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/simd_avx2.h"

#include "kernels/cpu/attention_simd.h"
#include "kernels/cpu/linear_operator_simd.h"
#include "kernels/cpu/warp_simd.h"

#include "kernels/cpu/common_operators_simd.h"
#include "kernels/cpu/wide.h"

const struct odva_cpu_operators odva_cpu_operators_avx2 = {
    .name = "avx2",
    .wide = &odva_cpu_wide_avx2,
    .linear = linear_simd,
    .linear_scratch = linear_scratch_simd,
    .attention = attention_simd,
    .attention_scratch = attention_scratch_simd,
    COMMON_OPERATORS_SIMD,
};
