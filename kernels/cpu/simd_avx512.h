/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Sixteen floats side by side, for the *_simd.h operators. */
#ifndef ODVA_CPU_SIMD_AVX512_H
#define ODVA_CPU_SIMD_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define V_WIDTH     16
#define V_TILE_ROWS 12 /* rows x vectors of a product held in registers */
#define V_TILE_VECS 2

typedef __m512 v_float;

#define v_zero()        _mm512_setzero_ps()
#define v_set1(a)       _mm512_set1_ps(a)
#define v_load(p)       _mm512_loadu_ps(p)
#define v_store(p, a)   _mm512_storeu_ps(p, a)
#define v_add(a, b)     _mm512_add_ps(a, b)
#define v_sub(a, b)     _mm512_sub_ps(a, b)
#define v_mul(a, b)     _mm512_mul_ps(a, b)
#define v_div(a, b)     _mm512_div_ps(a, b)
#define v_min(a, b)     _mm512_min_ps(a, b)
#define v_max(a, b)     _mm512_max_ps(a, b)
#define v_fma(a, b, c)  _mm512_fmadd_ps(a, b, c)  /* a b + c */
#define v_fnma(a, b, c) _mm512_fnmadd_ps(a, b, c) /* c - a b */
#define v_round(a)      _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define v_scale(a, n)   _mm512_scalef_ps(a, n) /* a 2^n */
#define v_sum(a)        _mm512_reduce_add_ps(a)
#define v_largest(a)    _mm512_reduce_max_ps(a)

static inline __mmask16 v_mask(int n)
{
    return n >= V_WIDTH ? (__mmask16)0xFFFF : (__mmask16)((1u << n) - 1);
}

/* The first n numbers, the rest 0. */
static inline v_float v_load_n(const float *p, int n)
{
    return _mm512_maskz_loadu_ps(v_mask(n), p);
}

static inline void v_store_n(float *p, v_float a, int n)
{
    _mm512_mask_storeu_ps(p, v_mask(n), a);
}

#endif
