/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Integer loops of the linear path that compilers make vectors of: one source for every instruction
 * set, the C reference's included (doc/bitstream.md, section 8). */
#ifndef ODVA_CPU_BANDS_LOOPS_H
#define ODVA_CPU_BANDS_LOOPS_H

#include <string.h>

#include "kernels/cpu/band_matrix.h"
#include "kernels/cpu/operators.h"

#define SAMPLES ODVA_FRAME_SAMPLES
#define COLUMNS ODVA_CPU_PAIR_OUTPUTS

/* Samples [4][384] to bands [4][384], in 1/8 of a sample's step. */
static void split_bands_loops(int16_t *restrict bands, const uint8_t *restrict samples,
                              const int16_t *restrict mean)
{
    for (int b = 0; b < ODVA_BANDS; b++) {
        const int32_t *m = band_matrix[b];

        for (int i = 0; i < SAMPLES; i++) {
            const int32_t sum = m[0] * (8 * samples[i] - mean[i]) +
                                m[1] * (8 * samples[SAMPLES + i] - mean[i]) +
                                m[2] * (8 * samples[2 * SAMPLES + i] - mean[i]) +
                                m[3] * (8 * samples[3 * SAMPLES + i] - mean[i]);

            bands[b * SAMPLES + i] = (int16_t)((sum + 2048) >> 12);
        }
    }
}

static inline uint8_t clip_sample(uint32_t sum)
{
    const int32_t v = (int32_t)sum >> 20;

    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static inline uint32_t rounded(int32_t sum)
{
    return (uint32_t)((int32_t)((uint32_t)sum + 128) >> 8);
}

/* Frames that do not differ. */
static void join_rest(uint8_t *restrict samples, const int32_t *restrict sums,
                      const int16_t *restrict mean)
{
    for (int i = 0; i < SAMPLES; i++)
        samples[i] = clip_sample(2048 * rounded(sums[i]) + ((uint32_t)mean[i] << 17) + (1u << 19));
    for (int f = 1; f < ODVA_TOKEN_FRAMES; f++)
        memcpy(samples + f * SAMPLES, samples, SAMPLES);
}

static void join_bands_loops(uint8_t *restrict samples, const int32_t *restrict sums,
                             const int16_t *restrict mean, int is_at_rest)
{
    if (is_at_rest) {
        join_rest(samples, sums, mean);
        return;
    }
    for (int f = 0; f < ODVA_TOKEN_FRAMES; f++) {
        const uint32_t m0 = (uint32_t)band_matrix[0][f], m1 = (uint32_t)band_matrix[1][f],
                       m2 = (uint32_t)band_matrix[2][f], m3 = (uint32_t)band_matrix[3][f];

        for (int i = 0; i < SAMPLES; i++)
            samples[f * SAMPLES + i] = clip_sample(
                m0 * rounded(sums[i]) + m1 * rounded(sums[SAMPLES + i]) +
                m2 * rounded(sums[2 * SAMPLES + i]) + m3 * rounded(sums[3 * SAMPLES + i]) +
                ((uint32_t)mean[i] << 17) + (1u << 19));
    }
}

static void inverse_transform_loops(int32_t *restrict dst, const int32_t *restrict src,
                                    const int32_t matrix[ODVA_CPU_DCT_MAX][ODVA_CPU_DCT_MAX], int n,
                                    int inputs, int64_t length)
{
    for (int i = 0; i < n; i++, dst += length) {
        for (int64_t j = 0; j < length; j += COLUMNS) {
            int64_t sum[COLUMNS];

            for (int c = 0; c < COLUMNS; c++)
                sum[c] = 1 << 15;
            for (int f = 0; f < inputs; f++) {
                const int32_t *term = src + f * length + j;

                for (int c = 0; c < COLUMNS; c++)
                    sum[c] += (int64_t)matrix[f][i] * term[c];
            }
            for (int c = 0; c < COLUMNS; c++)
                dst[j + c] = (int32_t)(uint32_t)((uint64_t)sum[c] >> 16);
        }
    }
}

#undef SAMPLES
#undef COLUMNS
#endif
