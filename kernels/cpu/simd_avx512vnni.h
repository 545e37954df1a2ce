/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Quads of bytes beside simd_avx512.h's floats. v_dot_quads sums four products of a byte without
 * and one with a sign for each of V_WIDTH int32.
 */
#ifndef ODVA_CPU_SIMD_AVX512VNNI_H
#define ODVA_CPU_SIMD_AVX512VNNI_H

#include "kernels/cpu/simd_avx512.h"

#define v_abs(a)         _mm512_abs_ps(a)
#define v_load_dwords(p) _mm512_loadu_si512(p)
#define v_set1_quad(p)   _mm512_set1_epi32(*(const int *)(p))
#define v_to_float(a)    _mm512_cvtepi32_ps(a)

/* c + a b. Not the intrinsic, around which GCC 12 copies the sums from register to register. */
static inline __attribute__((always_inline)) v_int v_dot_quads(v_int c, v_int a, v_int b)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(c) : "v"(a), "v"(b));
    return c;
}

/* V_WIDTH numbers from -127 to 127 to the nearest bytes 128 higher: where floats are whole numbers
 * apart the last byte is that of the number. */
static inline void v_store_offset_bytes(uint8_t *p, v_float a)
{
    const __m512 sum = _mm512_add_ps(a, _mm512_set1_ps(0x1p23f + 128));

    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_castps_si512(sum)));
}

#endif
