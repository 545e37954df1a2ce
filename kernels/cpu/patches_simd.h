/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Samples to numbers and back, the same as the C reference; include a simd_*.h before. */
#ifndef ODVA_CPU_PATCHES_SIMD_H
#define ODVA_CPU_PATCHES_SIMD_H

#include "kernels/cpu/reference.h"

/* v / 127.5 - 1 */
static inline v_float from_samples(v_float v)
{
    return v_sub(v_div(v, v_set1(127.5f)), v_set1(1.0f));
}

/* clip((x + 1) 127.5 + 0.5), not yet rounded down; what is not a number gives 0. */
static inline v_float to_samples(v_float x)
{
    const v_float v = v_add(v_mul(v_add(x, v_set1(1.0f)), v_set1(127.5f)), v_set1(0.5f));

    return v_min(v_max(v, v_zero()), v_set1(255.0f));
}

static void read_block_simd(float *dst, const struct odva_cpu_block *b, const uint8_t *data,
                            ptrdiff_t stride)
{
    const uint8_t *src = data + b->y * stride + b->x;

    if (b->x + b->side > b->width || b->y + b->side > b->height) {
        odva_cpu_read_block_c(dst, b, data, stride);
        return;
    }
#if V_WIDTH > ODVA_TOKEN_CHROMA
    if (b->side < V_WIDTH) {
        for (int i = 0; i < b->side; i += 2, src += 2 * stride, dst += V_WIDTH)
            v_store(dst, from_samples(v_load_two_samples(src, src + stride)));
        return;
    }
#endif
    for (int i = 0; i < b->side; i++, src += stride, dst += b->side)
        for (int j = 0; j < b->side; j += V_WIDTH)
            v_store(dst + j, from_samples(v_load_samples(src + j)));
}

static void write_block_simd(uint8_t *data, ptrdiff_t stride, const struct odva_cpu_block *b,
                             const float *src)
{
    uint8_t *dst = data + b->y * stride + b->x;

    if (b->x + b->side > b->width || b->y + b->side > b->height) {
        odva_cpu_write_block_c(data, stride, b, src);
        return;
    }
#if V_WIDTH > ODVA_TOKEN_CHROMA
    if (b->side < V_WIDTH) {
        for (int i = 0; i < b->side; i += 2, dst += 2 * stride, src += V_WIDTH)
            v_store_two_samples(dst, dst + stride, to_samples(v_load(src)));
        return;
    }
#endif
    for (int i = 0; i < b->side; i++, dst += stride, src += b->side)
        for (int j = 0; j < b->side; j += V_WIDTH)
            v_store_samples(dst + j, to_samples(v_load(src + j)));
}

#endif
