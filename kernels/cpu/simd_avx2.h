/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Eight floats side by side, for the *_simd.h operators. */
#ifndef ODVA_CPU_SIMD_AVX2_H
#define ODVA_CPU_SIMD_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#define V_WIDTH     8
#define V_TILE_ROWS 6 /* rows x vectors of a product held in registers */
#define V_TILE_VECS 2

typedef __m256 v_float;

#define v_zero()        _mm256_setzero_ps()
#define v_set1(a)       _mm256_set1_ps(a)
#define v_load(p)       _mm256_loadu_ps(p)
#define v_store(p, a)   _mm256_storeu_ps(p, a)
#define v_add(a, b)     _mm256_add_ps(a, b)
#define v_sub(a, b)     _mm256_sub_ps(a, b)
#define v_mul(a, b)     _mm256_mul_ps(a, b)
#define v_div(a, b)     _mm256_div_ps(a, b)
#define v_min(a, b)     _mm256_min_ps(a, b)
#define v_max(a, b)     _mm256_max_ps(a, b)
#define v_fma(a, b, c)  _mm256_fmadd_ps(a, b, c)  /* a b + c */
#define v_fnma(a, b, c) _mm256_fnmadd_ps(a, b, c) /* c - a b */
#define v_round(a)      _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

static inline __m256i v_mask(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* The first n numbers, the rest 0. */
static inline v_float v_load_n(const float *p, int n)
{
    return n >= V_WIDTH ? v_load(p) : _mm256_maskload_ps(p, v_mask(n));
}

static inline void v_store_n(float *p, v_float a, int n)
{
    if (n >= V_WIDTH)
        v_store(p, a);
    else
        _mm256_maskstore_ps(p, v_mask(n), a);
}

/* a 2^n for whole n in -126 .. 127 */
static inline v_float v_scale(v_float a, v_float n)
{
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);

    return _mm256_mul_ps(
        a, _mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(0x3f800000))));
}

static inline float v_sum(v_float a)
{
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

static inline float v_largest(v_float a)
{
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

#endif
