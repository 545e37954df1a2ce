/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Eight floats or sixteen 16-bit integers side by side, for the *_simd.h operators. */
#ifndef ODVA_CPU_SIMD_AVX2_H
#define ODVA_CPU_SIMD_AVX2_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define V_WIDTH     8
#define V_TILE_ROWS 6 /* rows x vectors of a product held in registers */
#define V_TILE_VECS 2

typedef __m256 v_float;

/* Eight sums of products of pairs of 16-bit integers. */
#define V_SUMS 8
typedef __m256i v_sums, v_shorts;

#define v_sums_zero()            _mm256_setzero_si256()
#define v_load_shorts(p)         _mm256_loadu_si256((const __m256i *)(p))
#define v_set1_shorts(pair)      _mm256_set1_epi32((int)(pair))
#define v_dot_shorts(sums, a, b) _mm256_add_epi32(sums, _mm256_madd_epi16(a, b))
#define v_sums_store(p, sums)    _mm256_storeu_si256((__m256i *)(p), sums)

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

/* A bit for each number that is not 0. */
static inline unsigned v_nonzero(v_float a)
{
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_NEQ_UQ));
}

/* V_WIDTH bytes. */
static inline v_float v_load_samples(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}

/* Numbers from 0 to 255, rounded down: to the first V_WIDTH bytes. */
static inline __m128i v_to_bytes(v_float a)
{
    const __m256i v = _mm256_cvttps_epi32(a);
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));

    return _mm_packus_epi16(words, words);
}

static inline void v_store_samples(uint8_t *p, v_float a)
{
    _mm_storel_epi64((__m128i *)p, v_to_bytes(a));
}

#define V_WORDS 16

typedef __m256i v_int;

#define v_int_zero()        _mm256_setzero_si256()
#define v_set1_bytes(a)     _mm256_set1_epi8(a)
#define v_set1_words(a)     _mm256_set1_epi16(a)
#define v_load_bytes(p)     _mm256_loadu_si256((const __m256i *)(p)) /* 2 V_WORDS of them */
#define v_load_words(p)     _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(p))) /* of bytes */
#define v_store_bytes(p, a) _mm256_storeu_si256((__m256i *)(p), a)
#define v_and(a, b)         _mm256_and_si256(a, b)
#define v_add_bytes(a, b)   _mm256_add_epi8(a, b)
#define v_sub_bytes(a, b)   _mm256_sub_epi8(a, b)
#define v_less_bytes(a, b)  _mm256_subs_epu8(a, b) /* max(a - b, 0) of unsigned ones */
#define v_min_bytes(a, b)   _mm256_min_epu8(a, b)
#define v_add_words(a, b)   _mm256_add_epi16(a, b)
#define v_sub_words(a, b)   _mm256_sub_epi16(a, b)
#define v_shift_words(a, n) _mm256_srli_epi16(a, n)
#define v_mul_words(a, b)   _mm256_mullo_epi16(a, b)
#define v_min_words(a, b)   _mm256_min_epi16(a, b)
#define v_max_words(a, b)   _mm256_max_epi16(a, b)
#define v_floor_words(a, n) _mm256_srai_epi16(a, n) /* of signed ones, by 2^n */
#define v_clip_words(a)     v_min_words(v_max_words(a, v_int_zero()), v_set1_words(255))
#define v_add_dwords(a, b)  _mm256_add_epi32(a, b)
#define v_pair_bytes(a, b)  _mm256_maddubs_epi16(a, b) /* unsigned by signed, sums of two */
#define v_pair_words(a, b)  _mm256_madd_epi16(a, b)

/* Of each 128 bits: the lower, the higher halves' bytes of a and b in turn; and what gives the
 * words made of these back as bytes. */
#define v_zip_low_bytes(a, b)  _mm256_unpacklo_epi8(a, b)
#define v_zip_high_bytes(a, b) _mm256_unpackhi_epi8(a, b)
#define v_pack_words(a, b)     _mm256_packs_epi16(a, b) /* -128 .. 127 */

/* Dwords i, j of each 128 bits of a, then k, l of b. */
#define v_pick_dwords(a, b, i, j, k, l)                                                            \
    _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b),          \
                                          (i) | (j) << 2 | (k) << 4 | (l) << 6))

/* All bits of the first n words. */
static inline v_int v_word_mask(int n)
{
    const __m256i order = _mm256_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

    return _mm256_cmpgt_epi16(_mm256_set1_epi16((int16_t)n), order);
}

/* Words of 0 .. 255 to bytes. */
static inline void v_store_words(uint8_t *p, v_int a)
{
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(a, a), 0x08);

    _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(packed));
}

/* The first 128 bits of a, b and c, then the next. */
static inline void v_store_lanes3(void *p, v_int a, v_int b, v_int c)
{
    __m128i *out = p;

    _mm_storeu_si128(out, _mm256_castsi256_si128(a));
    _mm_storeu_si128(out + 1, _mm256_castsi256_si128(b));
    _mm_storeu_si128(out + 2, _mm256_castsi256_si128(c));
    _mm_storeu_si128(out + 3, _mm256_extracti128_si256(a, 1));
    _mm_storeu_si128(out + 4, _mm256_extracti128_si256(b, 1));
    _mm_storeu_si128(out + 5, _mm256_extracti128_si256(c, 1));
}

#endif
