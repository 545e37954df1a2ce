/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Functions of vectors; include a simd_*.h before. */
#ifndef ODVA_CPU_MATH_SIMD_H
#define ODVA_CPU_MATH_SIMD_H

/* odva_expf with fused sums. */
static inline v_float v_exp(v_float x)
{
    x = v_min(v_max(x, v_set1(-87.0f)), v_set1(88.0f));
    const v_float n = v_round(v_mul(x, v_set1(1.44269504f)));
    const v_float r = v_fnma(n, v_set1(-2.12194440e-4f), v_fnma(n, v_set1(0.693359375f), x));
    v_float p = v_set1(1.0f / 720);
    p = v_fma(p, r, v_set1(1.0f / 120));
    p = v_fma(p, r, v_set1(1.0f / 24));
    p = v_fma(p, r, v_set1(1.0f / 6));
    p = v_fma(p, r, v_set1(0.5f));
    p = v_fma(p, r, v_set1(1.0f));
    p = v_fma(p, r, v_set1(1.0f));
    return v_scale(p, n);
}

/* x / (1 + e^-x) */
static inline v_float v_silu(v_float x)
{
    return v_div(x, v_add(v_set1(1.0f), v_exp(v_sub(v_zero(), x))));
}

/* x/2 (1 + tanh u) = x / (1 + e^-2u), u = sqrt(2/pi) (x + 0.044715 x^3) */
static inline v_float v_gelu(v_float x)
{
    const v_float x3 = v_mul(x, v_mul(x, x));
    const v_float u = v_mul(v_fma(v_set1(0.044715f), x3, x), v_set1(-1.59576912f));

    return v_div(x, v_add(v_set1(1.0f), v_exp(u)));
}

#endif
