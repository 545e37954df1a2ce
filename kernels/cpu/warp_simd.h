/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The filter of a block for warp_blocks.h: maddubs over pairs of taps along rows, madd down the
 * columns. With 512 bits a block took 10 % to 40 % longer on Zen 4: its rows have to be collected.
 */
#ifndef ODVA_CPU_WARP_SIMD_H
#define ODVA_CPU_WARP_SIMD_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/warp_taps.h"

#define WARP_READ 16

/** The taps of a phase, as rows and columns take them. */
struct warp_phase {
    int8_t row0123[16]; /* taps 0 1 for four samples, then taps 2 3 */
    int16_t column[6];
    int8_t row45[4]; /* taps 4 5 for two samples */
};

#define PHASE(t0, t1, t2, t3, t4, t5)                                                              \
    {{t0, t1, t0, t1, t0, t1, t0, t1, t2, t3, t2, t3, t2, t3, t2, t3},                             \
     {t0, t1, t2, t3, t4, t5},                                                                     \
     {t4, t5, t4, t5}},

static const struct warp_phase warp_phases[16] = {WARP_PHASES(PHASE)};

static inline int32_t warp_load32(const void *p)
{
    int32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static inline void warp_store32(uint8_t *dst, int v)
{
    memcpy(dst, &v, sizeof(v));
}

/* Bytes of a row for taps 0 1 of four samples, then for taps 2 3. */
static inline __m128i warp_order0123(void)
{
    return _mm_setr_epi8(0, 1, 1, 2, 2, 3, 3, 4, 2, 3, 3, 4, 4, 5, 5, 6);
}

/* From bytes 4 .. 11 of two rows, bytes for taps 4 5 of four samples of each. */
static inline __m128i warp_order45(void)
{
    return _mm_setr_epi8(0, 1, 1, 2, 2, 3, 3, 4, 8, 9, 9, 10, 10, 11, 11, 12);
}

/* Four filtered samples of one row, twice. */
static inline __m128i warp_row(const uint8_t *src, __m128i across0123, __m128i across45)
{
    const __m128i row = _mm_loadu_si128((const __m128i *)src);
    const __m128i sum = _mm_maddubs_epi16(_mm_shuffle_epi8(row, warp_order0123()), across0123);
    const __m128i last =
        _mm_maddubs_epi16(_mm_shuffle_epi8(_mm_shuffle_epi32(row, 0x99), warp_order45()), across45);

    return _mm_add_epi16(_mm_add_epi16(sum, _mm_shuffle_epi32(sum, 0x4E)), last);
}

static inline __m256i warp_two_rows(const uint8_t *src, ptrdiff_t stride)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)src)),
                                   _mm_loadu_si128((const __m128i *)(src + stride)), 1);
}

/* Rows 0, 4 | 1, 5 of src, four filtered samples of each. */
static inline __m256i warp_rows_0415(const uint8_t *src, ptrdiff_t stride, __m256i across0123,
                                     __m256i across45)
{
    const __m256i order0123 = _mm256_broadcastsi128_si256(warp_order0123());
    const __m256i order45 = _mm256_broadcastsi128_si256(warp_order45());
    const __m256i rows01 = warp_two_rows(src, stride);
    const __m256i rows45 = warp_two_rows(src + 4 * stride, stride);
    const __m256i both = _mm256_castps_si256(
        _mm256_shuffle_ps(_mm256_castsi256_ps(rows01), _mm256_castsi256_ps(rows45), 0x99));
    const __m256i sum01 = _mm256_maddubs_epi16(_mm256_shuffle_epi8(rows01, order0123), across0123);
    const __m256i sum45 = _mm256_maddubs_epi16(_mm256_shuffle_epi8(rows45, order0123), across0123);
    const __m256i last = _mm256_maddubs_epi16(_mm256_shuffle_epi8(both, order45), across45);

    return _mm256_add_epi16(
        _mm256_add_epi16(_mm256_unpacklo_epi64(sum01, sum45), _mm256_unpackhi_epi64(sum01, sum45)),
        last);
}

/* Sums over pairs of rows, two output rows of four samples. */
static inline __m256i warp_columns(__m256i pairs01, __m256i pairs23, __m256i pairs45,
                                   const struct warp_phase *phase)
{
    const __m256i down01 = _mm256_set1_epi32(warp_load32(phase->column));
    const __m256i down23 = _mm256_set1_epi32(warp_load32(phase->column + 2));
    const __m256i down45 = _mm256_set1_epi32(warp_load32(phase->column + 4));
    const __m256i half = _mm256_set1_epi32(1 << (WARP_SHIFT - 1));
    const __m256i sum = _mm256_add_epi32(
        _mm256_add_epi32(_mm256_madd_epi16(pairs01, down01), half),
        _mm256_add_epi32(_mm256_madd_epi16(pairs23, down23), _mm256_madd_epi16(pairs45, down45)));

    return _mm256_srai_epi32(sum, WARP_SHIFT);
}

static inline void warp_block(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                              ptrdiff_t src_stride, int a, int b)
{
    const struct warp_phase *row_phase = &warp_phases[a], *column_phase = &warp_phases[b];
    const __m256i across0123 =
        _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)row_phase->row0123));
    const __m256i across45 = _mm256_set1_epi32(warp_load32(row_phase->row45));
    const __m256i h0415 = warp_rows_0415(src, src_stride, across0123, across45);
    const __m256i h2637 = warp_rows_0415(src + 2 * src_stride, src_stride, across0123, across45);
    const __m128i h8 = warp_row(src + 8 * src_stride, _mm256_castsi256_si128(across0123),
                                _mm256_castsi256_si128(across45));
    const __m128i h48 = _mm_unpackhi_epi64(_mm256_castsi256_si128(h0415), h8);
    const __m256i h1526 = _mm256_permute2x128_si256(h0415, h2637, 0x21);
    const __m256i h3748 = _mm256_permute2x128_si256(h2637, _mm256_castsi128_si256(h48), 0x21);
    const __m256i pairs01 = _mm256_unpacklo_epi16(h0415, h1526); /* rows 0 1 | 1 2 */
    const __m256i pairs23 = _mm256_unpacklo_epi16(h2637, h3748);
    const __m256i pairs45 = _mm256_unpackhi_epi16(h0415, h1526);
    const __m256i pairs67 = _mm256_unpackhi_epi16(h2637, h3748);
    const __m256i out01 = warp_columns(pairs01, pairs23, pairs45, column_phase);
    const __m256i out23 = warp_columns(pairs23, pairs45, pairs67, column_phase);
    const __m256i words = _mm256_packs_epi32(out01, out23);
    const __m256i bytes = _mm256_packus_epi16(words, words); /* rows 0 2 | 1 3 */
    const __m128i rows02 = _mm256_castsi256_si128(bytes);
    const __m128i rows13 = _mm256_extracti128_si256(bytes, 1);

    warp_store32(dst, _mm_cvtsi128_si32(rows02));
    warp_store32(dst + dst_stride, _mm_cvtsi128_si32(rows13));
    warp_store32(dst + 2 * dst_stride, _mm_extract_epi32(rows02, 1));
    warp_store32(dst + 3 * dst_stride, _mm_extract_epi32(rows13, 1));
}

typedef uint8_t warp_sample;
#include "kernels/cpu/warp_blocks.h"

static void warp_simd(const struct odva_cpu_warp *warp, int first_row, int rows)
{
    warp_block_rows(warp, first_row, rows);
}

#endif
