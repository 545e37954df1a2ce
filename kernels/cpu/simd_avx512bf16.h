/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Pairs of bfloat16 numbers beside simd_avx512.h's floats. v_dot_pairs sums two products for each
 * of V_WIDTH floats; factors are rounded to nearest, sums are float32.
 */
#ifndef ODVA_CPU_SIMD_AVX512BF16_H
#define ODVA_CPU_SIMD_AVX512BF16_H

#include <string.h>

#include "kernels/cpu/simd_avx512.h"

#define V_ROUNDS 1 /* v_store_rounded_n */

typedef __m512i v_pairs; /* V_WIDTH pairs */

#define v_load_pairs(p)      _mm512_loadu_si512(p)
#define v_store_pairs(p, a)  _mm512_storeu_si512(p, a)
#define v_dot_pairs(c, a, b) _mm512_dpbf16_ps(c, (__m512bh)(a), (__m512bh)(b)) /* c + a b */

#define v_bits(a)         _mm512_castps_si512(a)
#define v_of_bits(a)      _mm512_castsi512_ps(a)
#define v_any_above(a, b) (_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0)

static inline void v_store_rounded_n(uint16_t *p, v_float a, int n)
{
    const __m256i rounded = (__m256i)_mm512_cvtneps_pbh(a);

    if (n == V_WIDTH)
        _mm256_storeu_si256((__m256i *)p, rounded);
    else
        _mm256_mask_storeu_epi16(p, v_mask(n), rounded);
}

/* A pair that may lie anywhere. */
static inline v_pairs v_set1_pair(const uint16_t *p)
{
    int pair;

    memcpy(&pair, p, sizeof(pair));
    return _mm512_set1_epi32(pair);
}

/* The first half of the pairs and the second half. */
static inline void v_store_half_pairs(void *first, void *second, v_pairs a)
{
    _mm256_storeu_si256(first, _mm512_castsi512_si256(a));
    _mm256_storeu_si256(second, _mm512_extracti64x4_epi64(a, 1));
}

/* 2 V_WIDTH numbers in a row: a, then b. */
static inline v_pairs v_round_pairs(v_float a, v_float b)
{
    return (v_pairs)_mm512_cvtne2ps_pbh(b, a);
}

/* Pairs (a[i], b[i]). */
static inline v_pairs v_zip_pairs(v_float a, v_float b)
{
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);

    return _mm512_permutexvar_epi16(order, v_round_pairs(a, b));
}

/* Transpose V_WIDTH x V_WIDTH dwords. */
static inline void v_transpose_dwords(__m512i r[V_WIDTH])
{
    __m512i t[V_WIDTH];

    for (int i = 0; i < V_WIDTH; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < V_WIDTH; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    /* r[4 i + j] has of rows 4 i .. 4 i + 3 the columns j, 4 + j, 8 + j, 12 + j */
    for (int j = 0; j < 4; j++) {
        t[j] = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x88);
        t[4 + j] = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xDD);
        t[8 + j] = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x88);
        t[12 + j] = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xDD);
    }
    for (int j = 0; j < 4; j++) {
        r[j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0x88);
        r[8 + j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0xDD);
        r[4 + j] = _mm512_shuffle_i32x4(t[4 + j], t[12 + j], 0x88);
        r[12 + j] = _mm512_shuffle_i32x4(t[4 + j], t[12 + j], 0xDD);
    }
}

#endif
