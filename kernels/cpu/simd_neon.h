/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Eight floats or sixteen 16-bit integers side by side, in two registers, for the *_simd.h
 * operators. */
#ifndef ODVA_CPU_SIMD_NEON_H
#define ODVA_CPU_SIMD_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define V_WIDTH     8
#define V_TILE_ROWS 6 /* rows x vectors of a product held in registers */
#define V_TILE_VECS 2

typedef float32x4x2_t v_float;

/* Four sums of products of pairs of 16-bit integers. */
#define V_SUMS 4
typedef int32x4_t v_sums;
typedef int16x8_t v_shorts;

#define v_sums_zero()         vdupq_n_s32(0)
#define v_load_shorts(p)      vld1q_s16(p)
#define v_set1_shorts(pair)   vreinterpretq_s16_u32(vdupq_n_u32(pair))
#define v_sums_store(p, sums) vst1q_s32(p, sums)

static inline v_sums v_dot_shorts(v_sums sums, int16x8_t a, int16x8_t b)
{
    const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));

    return vaddq_s32(sums, vpaddq_s32(low, vmull_high_s16(a, b)));
}

static inline v_float v_set1(float a)
{
    const float32x4_t v = vdupq_n_f32(a);

    return (v_float){{v, v}};
}

static inline v_float v_zero(void)
{
    return v_set1(0.0f);
}

static inline v_float v_load(const float *p)
{
    return (v_float){{vld1q_f32(p), vld1q_f32(p + 4)}};
}

static inline void v_store(float *p, v_float a)
{
    vst1q_f32(p, a.val[0]);
    vst1q_f32(p + 4, a.val[1]);
}

#define V_FLOATS(name, intrinsic)                                                                  \
    static inline v_float name(v_float a, v_float b)                                               \
    {                                                                                              \
        return (v_float){{intrinsic(a.val[0], b.val[0]), intrinsic(a.val[1], b.val[1])}};          \
    }

V_FLOATS(v_add, vaddq_f32)
V_FLOATS(v_sub, vsubq_f32)
V_FLOATS(v_mul, vmulq_f32)
V_FLOATS(v_div, vdivq_f32)
V_FLOATS(v_min, vminnmq_f32) /* the number where the other one is none */
V_FLOATS(v_max, vmaxnmq_f32)

/* a b + c */
static inline v_float v_fma(v_float a, v_float b, v_float c)
{
    return (v_float){
        {vfmaq_f32(c.val[0], a.val[0], b.val[0]), vfmaq_f32(c.val[1], a.val[1], b.val[1])}};
}

/* c - a b */
static inline v_float v_fnma(v_float a, v_float b, v_float c)
{
    return (v_float){
        {vfmsq_f32(c.val[0], a.val[0], b.val[0]), vfmsq_f32(c.val[1], a.val[1], b.val[1])}};
}

static inline v_float v_round(v_float a)
{
    return (v_float){{vrndnq_f32(a.val[0]), vrndnq_f32(a.val[1])}};
}

/* The first n numbers, the rest 0. */
static inline v_float v_load_n(const float *p, int n)
{
    float some[V_WIDTH] = {0};

    if (n >= V_WIDTH)
        return v_load(p);
    for (int i = 0; i < n; i++)
        some[i] = p[i];
    return v_load(some);
}

static inline void v_store_n(float *p, v_float a, int n)
{
    float some[V_WIDTH];

    if (n >= V_WIDTH) {
        v_store(p, a);
        return;
    }
    v_store(some, a);
    for (int i = 0; i < n; i++)
        p[i] = some[i];
}

/* a 2^n for whole n in -126 .. 127 */
static inline float32x4_t v_scale_quad(float32x4_t a, float32x4_t n)
{
    const int32x4_t exponent = vshlq_n_s32(vcvtnq_s32_f32(n), 23);

    return vmulq_f32(a, vreinterpretq_f32_s32(vaddq_s32(exponent, vdupq_n_s32(0x3f800000))));
}

static inline v_float v_scale(v_float a, v_float n)
{
    return (v_float){{v_scale_quad(a.val[0], n.val[0]), v_scale_quad(a.val[1], n.val[1])}};
}

static inline float v_sum(v_float a)
{
    return vaddvq_f32(vaddq_f32(a.val[0], a.val[1]));
}

static inline float v_largest(v_float a)
{
    return vmaxvq_f32(vmaxq_f32(a.val[0], a.val[1]));
}

/* A bit for each number that is not 0. */
static inline unsigned v_nonzero(v_float a)
{
    static const uint32_t low[4] = {1, 2, 4, 8}, high[4] = {16, 32, 64, 128};
    const uint32x4_t bits = vorrq_u32(vbicq_u32(vld1q_u32(low), vceqzq_f32(a.val[0])),
                                      vbicq_u32(vld1q_u32(high), vceqzq_f32(a.val[1])));

    return vaddvq_u32(bits);
}

/* Eight bytes. */
static inline v_float v_from_bytes(uint8x8_t bytes)
{
    const uint16x8_t words = vmovl_u8(bytes);

    return (v_float){{vcvtq_f32_u32(vmovl_u16(vget_low_u16(words))),
                      vcvtq_f32_u32(vmovl_u16(vget_high_u16(words)))}};
}

/* V_WIDTH bytes. */
static inline v_float v_load_samples(const uint8_t *p)
{
    return v_from_bytes(vld1_u8(p));
}

/* Numbers from 0 to 255, rounded down. */
static inline uint8x8_t v_to_bytes(v_float a)
{
    return vmovn_u16(
        vcombine_u16(vmovn_u32(vcvtq_u32_f32(a.val[0])), vmovn_u32(vcvtq_u32_f32(a.val[1]))));
}

static inline void v_store_samples(uint8_t *p, v_float a)
{
    vst1_u8(p, v_to_bytes(a));
}

#define V_WORDS 16

typedef int16x8x2_t v_int;

static inline v_int v_set1_words(int16_t a)
{
    const int16x8_t v = vdupq_n_s16(a);

    return (v_int){{v, v}};
}

static inline v_int v_int_zero(void)
{
    return v_set1_words(0);
}

static inline v_int v_set1_bytes(int8_t a)
{
    const int16x8_t v = vreinterpretq_s16_s8(vdupq_n_s8(a));

    return (v_int){{v, v}};
}

/* 2 V_WORDS of them */
static inline v_int v_load_bytes(const uint8_t *p)
{
    return (v_int){{vreinterpretq_s16_u8(vld1q_u8(p)), vreinterpretq_s16_u8(vld1q_u8(p + 16))}};
}

static inline void v_store_bytes(uint8_t *p, v_int a)
{
    vst1q_u8(p, vreinterpretq_u8_s16(a.val[0]));
    vst1q_u8(p + 16, vreinterpretq_u8_s16(a.val[1]));
}

/* of bytes */
static inline v_int v_load_words(const uint8_t *p)
{
    const uint8x16_t bytes = vld1q_u8(p);

    return (v_int){{vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes))),
                    vreinterpretq_s16_u16(vmovl_high_u8(bytes))}};
}

#define V_INTS(name, intrinsic)                                                                    \
    static inline v_int name(v_int a, v_int b)                                                     \
    {                                                                                              \
        return (v_int){{intrinsic(a.val[0], b.val[0]), intrinsic(a.val[1], b.val[1])}};            \
    }

static inline int16x8_t v_add_dwords_quad(int16x8_t a, int16x8_t b)
{
    return vreinterpretq_s16_s32(vaddq_s32(vreinterpretq_s32_s16(a), vreinterpretq_s32_s16(b)));
}

/* unsigned by signed, sums of two */
static inline int16x8_t v_pair_bytes_quad(int16x8_t a, int16x8_t b)
{
    const uint8x16_t u = vreinterpretq_u8_s16(a);
    const int8x16_t s = vreinterpretq_s8_s16(b);
    const int16x8_t low =
        vmulq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(u))), vmovl_s8(vget_low_s8(s)));
    const int16x8_t high = vmulq_s16(vreinterpretq_s16_u16(vmovl_high_u8(u)), vmovl_high_s8(s));

    return vpaddq_s16(low, high);
}

static inline int16x8_t v_pair_words_quad(int16x8_t a, int16x8_t b)
{
    return vreinterpretq_s16_s32(
        vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_high_s16(a, b)));
}

#define V_BYTES_QUAD(name, intrinsic)                                                              \
    static inline int16x8_t name(int16x8_t a, int16x8_t b)                                         \
    {                                                                                              \
        return vreinterpretq_s16_u8(intrinsic(vreinterpretq_u8_s16(a), vreinterpretq_u8_s16(b)));  \
    }

V_BYTES_QUAD(v_add_bytes_quad, vaddq_u8)
V_BYTES_QUAD(v_sub_bytes_quad, vsubq_u8)
V_BYTES_QUAD(v_less_bytes_quad, vqsubq_u8)
V_BYTES_QUAD(v_min_bytes_quad, vminq_u8)
V_BYTES_QUAD(v_zip_low_bytes_quad, vzip1q_u8)
V_BYTES_QUAD(v_zip_high_bytes_quad, vzip2q_u8)

/* -128 .. 127 */
static inline int16x8_t v_pack_words_quad(int16x8_t a, int16x8_t b)
{
    return vreinterpretq_s16_s8(vcombine_s8(vqmovn_s16(a), vqmovn_s16(b)));
}

V_INTS(v_add_bytes, v_add_bytes_quad)
V_INTS(v_sub_bytes, v_sub_bytes_quad)
V_INTS(v_less_bytes, v_less_bytes_quad) /* max(a - b, 0) of unsigned ones */
V_INTS(v_min_bytes, v_min_bytes_quad)
/* Of each 128 bits: the lower, the higher halves' bytes of a and b in turn; and what gives the
 * words made of these back as bytes. */
V_INTS(v_zip_low_bytes, v_zip_low_bytes_quad)
V_INTS(v_zip_high_bytes, v_zip_high_bytes_quad)
V_INTS(v_pack_words, v_pack_words_quad)
V_INTS(v_and, vandq_s16)
V_INTS(v_add_words, vaddq_s16)
V_INTS(v_sub_words, vsubq_s16)
V_INTS(v_mul_words, vmulq_s16)
V_INTS(v_min_words, vminq_s16)
V_INTS(v_max_words, vmaxq_s16)
V_INTS(v_add_dwords, v_add_dwords_quad)
V_INTS(v_pair_bytes, v_pair_bytes_quad)
V_INTS(v_pair_words, v_pair_words_quad)

static inline v_int v_shift_words(v_int a, int n)
{
    const int16x8_t shift = vdupq_n_s16((int16_t)-n);

    return (v_int){{vreinterpretq_s16_u16(vshlq_u16(vreinterpretq_u16_s16(a.val[0]), shift)),
                    vreinterpretq_s16_u16(vshlq_u16(vreinterpretq_u16_s16(a.val[1]), shift))}};
}

/* Of signed ones, by 2^n. */
static inline v_int v_floor_words(v_int a, int n)
{
    const int16x8_t shift = vdupq_n_s16((int16_t)-n);

    return (v_int){{vshlq_s16(a.val[0], shift), vshlq_s16(a.val[1], shift)}};
}

static inline v_int v_clip_words(v_int a)
{
    return v_min_words(v_max_words(a, v_int_zero()), v_set1_words(255));
}

static inline int16x8_t v_pick_dwords_quad(int16x8_t a, int16x8_t b, int i, int j, int k, int l)
{
    const int32x4_t x = vreinterpretq_s32_s16(a), y = vreinterpretq_s32_s16(b);

    return vreinterpretq_s16_s32((int32x4_t){x[i], x[j], y[k], y[l]});
}

/* Dwords i, j of each 128 bits of a, then k, l of b. */
static inline v_int v_pick_dwords(v_int a, v_int b, int i, int j, int k, int l)
{
    return (v_int){{v_pick_dwords_quad(a.val[0], b.val[0], i, j, k, l),
                    v_pick_dwords_quad(a.val[1], b.val[1], i, j, k, l)}};
}

/* All bits of the first n words. */
static inline v_int v_word_mask(int n)
{
    static const int16_t order[V_WORDS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const int16x8_t count = vdupq_n_s16((int16_t)n);

    return (v_int){{vreinterpretq_s16_u16(vcgtq_s16(count, vld1q_s16(order))),
                    vreinterpretq_s16_u16(vcgtq_s16(count, vld1q_s16(order + 8)))}};
}

/* Words of 0 .. 255 to bytes. */
static inline void v_store_words(uint8_t *p, v_int a)
{
    vst1q_u8(p, vcombine_u8(vqmovun_s16(a.val[0]), vqmovun_s16(a.val[1])));
}

/* The first 128 bits of a, b and c, then the next. */
static inline void v_store_lanes3(void *p, v_int a, v_int b, v_int c)
{
    int16_t *out = p;

    for (int i = 0; i < 2; i++, out += 24) {
        vst1q_s16(out, a.val[i]);
        vst1q_s16(out + 8, b.val[i]);
        vst1q_s16(out + 16, c.val[i]);
    }
}

#endif
