/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Wide samples to numbers and bands and back: loops that compilers make vectors of, one source for
 * every instruction set, the C reference's included. */
#ifndef ODVA_CPU_WIDE_PATCHES_H
#define ODVA_CPU_WIDE_PATCHES_H

#include <string.h>

#include "kernels/cpu/band_matrix.h"
#include "kernels/cpu/wide.h"

#define SAMPLES ODVA_FRAME_SAMPLES
#define HALF    (127.5f * (1 << ODVA_WIDE_SHIFT)) /* of the range */

static inline void read_numbers(float *restrict dst, const uint16_t *restrict src)
{
    for (int j = 0; j < ODVA_TOKEN_CHROMA; j++)
        dst[j] = (float)src[j] / HALF - 1.0f;
}

/* Not a number gives 0. */
static inline void write_numbers(uint16_t *restrict dst, const float *restrict src)
{
    for (int j = 0; j < ODVA_TOKEN_CHROMA; j++) {
        float v = (src[j] + 1.0f) * HALF + 0.5f;

        v = v > 0.0f ? v : 0.0f;
        v = v < ODVA_WIDE_LARGEST ? v : ODVA_WIDE_LARGEST;
        dst[j] = (uint16_t)(int32_t)v;
    }
}

static inline int least(int a, int b)
{
    return a < b ? a : b;
}

static void read_block_wide(float *dst, const struct odva_cpu_block *b, const uint8_t *data,
                            ptrdiff_t stride)
{
    const int columns = least(b->side, b->width - b->x);

    for (int i = 0; i < b->side; i++, dst += b->side) {
        const uint8_t *row = data + least(b->y + i, b->height - 1) * stride;
        const uint16_t *src = (const uint16_t *)row + b->x;
        uint16_t edge[ODVA_TOKEN_LUMA];

        if (columns < b->side) {
            memcpy(edge, src, columns * sizeof(*src));
            for (int j = columns; j < b->side; j++)
                edge[j] = edge[columns - 1];
            src = edge;
        }
        for (int j = 0; j < b->side; j += ODVA_TOKEN_CHROMA)
            read_numbers(dst + j, src + j);
    }
}

static void write_block_wide(uint8_t *data, ptrdiff_t stride, const struct odva_cpu_block *b,
                             const float *src)
{
    const int rows = least(b->side, b->height - b->y);
    const int columns = least(b->side, b->width - b->x);

    for (int i = 0; i < rows; i++, src += b->side) {
        uint16_t *dst = (uint16_t *)(data + (b->y + i) * stride) + b->x;
        uint16_t samples[ODVA_TOKEN_LUMA];

        for (int j = 0; j < b->side; j += ODVA_TOKEN_CHROMA)
            write_numbers(samples + j, src + j);
        memcpy(dst, samples, columns * sizeof(*dst));
    }
}

/* As bands_loops.h has it of bytes. */
static void split_bands_wide(int16_t *restrict bands, const uint16_t *restrict samples,
                             const int16_t *restrict mean)
{
    const int step = 8 >> ODVA_WIDE_SHIFT; /* of a sample, in 1/8 of one of 8 bits */

    for (int b = 0; b < ODVA_BANDS; b++) {
        const int32_t *m = band_matrix[b];

        for (int i = 0; i < SAMPLES; i++) {
            const int32_t sum = m[0] * (step * samples[i] - mean[i]) +
                                m[1] * (step * samples[SAMPLES + i] - mean[i]) +
                                m[2] * (step * samples[2 * SAMPLES + i] - mean[i]) +
                                m[3] * (step * samples[3 * SAMPLES + i] - mean[i]);

            bands[b * SAMPLES + i] = (int16_t)((sum + 2048) >> 12);
        }
    }
}

#define JOIN_SHIFT (20 - ODVA_WIDE_SHIFT)

static inline uint16_t clip_joined(uint32_t sum)
{
    const int32_t v = (int32_t)sum >> JOIN_SHIFT;

    return (uint16_t)(v < 0 ? 0 : v > ODVA_WIDE_LARGEST ? ODVA_WIDE_LARGEST : v);
}

static inline uint32_t rounded_sum(int32_t sum)
{
    return (uint32_t)((int32_t)((uint32_t)sum + 128) >> 8);
}

static inline uint32_t joined_mean(int16_t mean)
{
    return ((uint32_t)mean << 17) + (1u << (JOIN_SHIFT - 1));
}

/* Frames that do not differ. */
static void join_rest_wide(uint16_t *restrict samples, const int32_t *restrict sums,
                           const int16_t *restrict mean)
{
    for (int i = 0; i < SAMPLES; i++)
        samples[i] = clip_joined(2048 * rounded_sum(sums[i]) + joined_mean(mean[i]));
    for (int f = 1; f < ODVA_TOKEN_FRAMES; f++)
        memcpy(samples + f * SAMPLES, samples, SAMPLES * sizeof(*samples));
}

static void join_bands_wide(uint16_t *restrict samples, const int32_t *restrict sums,
                            const int16_t *restrict mean, int is_at_rest)
{
    if (is_at_rest) {
        join_rest_wide(samples, sums, mean);
        return;
    }
    for (int f = 0; f < ODVA_TOKEN_FRAMES; f++) {
        const uint32_t m0 = (uint32_t)band_matrix[0][f], m1 = (uint32_t)band_matrix[1][f],
                       m2 = (uint32_t)band_matrix[2][f], m3 = (uint32_t)band_matrix[3][f];

        for (int i = 0; i < SAMPLES; i++)
            samples[f * SAMPLES + i] =
                clip_joined(m0 * rounded_sum(sums[i]) + m1 * rounded_sum(sums[SAMPLES + i]) +
                            m2 * rounded_sum(sums[2 * SAMPLES + i]) +
                            m3 * rounded_sum(sums[3 * SAMPLES + i]) + joined_mean(mean[i]));
    }
}

#undef SAMPLES
#undef HALF
#undef JOIN_SHIFT
#endif
