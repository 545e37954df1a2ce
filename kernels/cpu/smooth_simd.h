/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The smooth operator; include a simd_*.h before. */
#ifndef ODVA_CPU_SMOOTH_SIMD_H
#define ODVA_CPU_SMOOTH_SIMD_H

#include <string.h>

#include "kernels/cpu/deblock_simd.h"
#include "kernels/cpu/reference.h"

#define SMOOTH_BYTES (2 * V_WORDS) /* side by side */
_Static_assert(SMOOTH_BYTES + ODVA_CPU_SMOOTH_REACH <= ODVA_CPU_SMOOTH_MARGIN,
               "a line holds what is read behind its end");

/* What differences of other samples to these count: signed bytes, limit / 2 at most. */
static inline v_int smooth_count(const uint8_t *others, v_int samples, v_int limit)
{
    const v_int other = v_load_bytes(others);
    const v_int above = v_less_bytes(other, samples), below = v_less_bytes(samples, other);

    return v_sub_bytes(v_min_bytes(above, v_less_bytes(limit, above)),
                       v_min_bytes(below, v_less_bytes(limit, below)));
}

/* Weighted sums of the counts of four: words of the lower and the higher halves of each 128 bits.
 */
static inline void smooth_add(v_int sums[2], v_int a, v_int b, v_int c, v_int d, v_int weight)
{
    sums[0] = v_add_words(sums[0], v_add_words(v_pair_bytes(weight, v_zip_low_bytes(a, b)),
                                               v_pair_bytes(weight, v_zip_low_bytes(c, d))));
    sums[1] = v_add_words(sums[1], v_add_words(v_pair_bytes(weight, v_zip_high_bytes(a, b)),
                                               v_pair_bytes(weight, v_zip_high_bytes(c, d))));
}

static inline v_int smooth_samples(const uint8_t *const *lines, int x, v_int limit)
{
    const uint8_t *row = lines[2] + x;
    const v_int samples = v_load_bytes(row);
    v_int sums[2] = {v_int_zero(), v_int_zero()};

    smooth_add(sums, smooth_count(row - 1, samples, limit), smooth_count(row + 1, samples, limit),
               smooth_count(lines[1] + x, samples, limit),
               smooth_count(lines[3] + x, samples, limit), v_set1_bytes(ODVA_CPU_SMOOTH_NEAR));
    smooth_add(sums, smooth_count(row - 2, samples, limit), smooth_count(row + 2, samples, limit),
               smooth_count(lines[0] + x, samples, limit),
               smooth_count(lines[4] + x, samples, limit), v_set1_bytes(ODVA_CPU_SMOOTH_FAR));
    return v_add_bytes(samples, v_pack_words(share_of_words(sums[0]), share_of_words(sums[1])));
}

static void smooth_run(uint8_t *dst, const uint8_t *const *lines, int count, int limit)
{
    const v_int limits = v_set1_bytes((int8_t)limit);
    int x = 0;

    for (; x + SMOOTH_BYTES <= count; x += SMOOTH_BYTES)
        v_store_bytes(dst + x, smooth_samples(lines, x, limits));
    if (x < count) {
        uint8_t last[SMOOTH_BYTES];

        v_store_bytes(last, smooth_samples(lines, x, limits));
        memcpy(dst + x, last, count - x);
    }
}

static void smooth_simd(const struct odva_cpu_smooth *job, uint8_t *scratch)
{
    odva_cpu_smooth_plane(job, scratch, smooth_run);
}

#endif
