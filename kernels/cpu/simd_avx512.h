/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Sixteen floats or 32 16-bit integers side by side, for the *_simd.h operators. */
#ifndef ODVA_CPU_SIMD_AVX512_H
#define ODVA_CPU_SIMD_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define V_WIDTH     16
#define V_TILE_ROWS 12 /* rows x vectors of a product held in registers */
#define V_TILE_VECS 2

typedef __m512 v_float;

/* Sixteen sums of products of pairs of 16-bit integers. */
#define V_SUMS 16
typedef __m512i v_sums, v_shorts;

#define v_sums_zero()            _mm512_setzero_si512()
#define v_load_shorts(p)         _mm512_loadu_si512(p)
#define v_set1_shorts(pair)      _mm512_set1_epi32((int)(pair))
#define v_dot_shorts(sums, a, b) _mm512_add_epi32(sums, _mm512_madd_epi16(a, b))
#define v_sums_store(p, sums)    _mm512_storeu_si512(p, sums)

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

/* The first n of bfloat16 numbers, the rest 0. */
static inline v_float v_load_rounded_n(const uint16_t *p, int n)
{
    const __m256i words = n >= V_WIDTH ? _mm256_loadu_si256((const __m256i *)p)
                                       : _mm256_maskz_loadu_epi16(v_mask(n), p);

    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(words), 16));
}

/* A bit for each number that is not 0. */
static inline unsigned v_nonzero(v_float a)
{
    return _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_NEQ_UQ);
}

/* V_WIDTH bytes. */
static inline v_float v_load_samples(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

/* V_WIDTH / 2 bytes of each. */
static inline v_float v_load_two_samples(const uint8_t *p, const uint8_t *q)
{
    const __m128i bytes = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)p),
                                             _mm_loadl_epi64((const __m128i *)q));

    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

/* Numbers from 0 to 255, rounded down. */
static inline void v_store_samples(uint8_t *p, v_float a)
{
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(a)));
}

static inline void v_store_two_samples(uint8_t *p, uint8_t *q, v_float a)
{
    const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(a));

    _mm_storel_epi64((__m128i *)p, bytes);
    _mm_storel_epi64((__m128i *)q, _mm_unpackhi_epi64(bytes, bytes));
}

/* 2^x within 2^-13.7: enough for what is rounded to bfloat16 or 8 bits next. */
static inline v_float v_exp2_coarse(v_float x)
{
    const v_float n = v_round(x), r = v_sub(x, n);
    v_float p = v_set1(0.0551716732f);

    p = v_fma(p, r, v_set1(0.24261115f));
    p = v_fma(p, r, v_set1(0.693260987f));
    p = v_fma(p, r, v_set1(0.999928072f));
    return v_scale(p, n);
}

/* v_gelu within 2^-13. */
static inline v_float v_gelu_coarse(v_float x)
{
    const v_float c = v_fma(v_mul(x, x), v_set1(-0.102943240f), v_set1(-2.30220818f));
    const v_float e = v_exp2_coarse(v_mul(x, c));

    return v_mul(x, _mm512_rcp14_ps(v_add(e, v_set1(1.0f))));
}

#define V_WORDS 32

typedef __m512i v_int;

#define v_int_zero()        _mm512_setzero_si512()
#define v_set1_bytes(a)     _mm512_set1_epi8(a)
#define v_set1_words(a)     _mm512_set1_epi16(a)
#define v_load_bytes(p)     _mm512_loadu_si512(p) /* 2 V_WORDS of them */
#define v_load_words(p)     _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(p)))
#define v_store_bytes(p, a) _mm512_storeu_si512(p, a)
#define v_and(a, b)         _mm512_and_si512(a, b)
#define v_add_bytes(a, b)   _mm512_add_epi8(a, b)
#define v_sub_bytes(a, b)   _mm512_sub_epi8(a, b)
#define v_less_bytes(a, b)  _mm512_subs_epu8(a, b) /* max(a - b, 0) of unsigned ones */
#define v_min_bytes(a, b)   _mm512_min_epu8(a, b)
#define v_add_words(a, b)   _mm512_add_epi16(a, b)
#define v_sub_words(a, b)   _mm512_sub_epi16(a, b)
#define v_shift_words(a, n) _mm512_srli_epi16(a, n)
#define v_mul_words(a, b)   _mm512_mullo_epi16(a, b)
#define v_min_words(a, b)   _mm512_min_epi16(a, b)
#define v_max_words(a, b)   _mm512_max_epi16(a, b)
#define v_floor_words(a, n) _mm512_srai_epi16(a, n) /* of signed ones, by 2^n */
#define v_clip_words(a)     v_min_words(v_max_words(a, v_int_zero()), v_set1_words(255))
#define v_add_dwords(a, b)  _mm512_add_epi32(a, b)
#define v_pair_bytes(a, b)  _mm512_maddubs_epi16(a, b) /* unsigned by signed, sums of two */
#define v_pair_words(a, b)  _mm512_madd_epi16(a, b)

/* Of each 128 bits: the lower, the higher halves' bytes of a and b in turn; and what gives the
 * words made of these back as bytes. */
#define v_zip_low_bytes(a, b)  _mm512_unpacklo_epi8(a, b)
#define v_zip_high_bytes(a, b) _mm512_unpackhi_epi8(a, b)
#define v_pack_words(a, b)     _mm512_packs_epi16(a, b) /* -128 .. 127 */

/* Dwords i, j of each 128 bits of a, then k, l of b. */
#define v_pick_dwords(a, b, i, j, k, l)                                                            \
    _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b),          \
                                          (i) | (j) << 2 | (k) << 4 | (l) << 6))

/* All bits of the first n words. */
static inline v_int v_word_mask(int n)
{
    return _mm512_movm_epi16(n >= V_WORDS ? 0xFFFFFFFF : (1u << n) - 1);
}

/* Words of 0 .. 255 to bytes. */
static inline void v_store_words(uint8_t *p, v_int a)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi16_epi8(a));
}

/* The first 128 bits of a, b and c, then the next, and so on. */
static inline void v_store_lanes3(void *p, v_int a, v_int b, v_int c)
{
    __m128i *out = p;

    _mm_storeu_si128(out, _mm512_castsi512_si128(a));
    _mm_storeu_si128(out + 1, _mm512_castsi512_si128(b));
    _mm_storeu_si128(out + 2, _mm512_castsi512_si128(c));
    _mm_storeu_si128(out + 3, _mm512_extracti32x4_epi32(a, 1));
    _mm_storeu_si128(out + 4, _mm512_extracti32x4_epi32(b, 1));
    _mm_storeu_si128(out + 5, _mm512_extracti32x4_epi32(c, 1));
    _mm_storeu_si128(out + 6, _mm512_extracti32x4_epi32(a, 2));
    _mm_storeu_si128(out + 7, _mm512_extracti32x4_epi32(b, 2));
    _mm_storeu_si128(out + 8, _mm512_extracti32x4_epi32(c, 2));
    _mm_storeu_si128(out + 9, _mm512_extracti32x4_epi32(a, 3));
    _mm_storeu_si128(out + 10, _mm512_extracti32x4_epi32(b, 3));
    _mm_storeu_si128(out + 11, _mm512_extracti32x4_epi32(c, 3));
}

#endif
