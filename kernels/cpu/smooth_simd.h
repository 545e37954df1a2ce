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

/* Of the four samples at a distance: their sum fits. */
static inline v_int smooth_count_four(const uint8_t *const *lines, int x, int distance,
                                      v_int samples, v_int limit)
{
    const uint8_t *row = lines[ODVA_CPU_SMOOTH_REACH] + x;
    const v_int left = smooth_count(row - distance, samples, limit);
    const v_int right = smooth_count(row + distance, samples, limit);
    const v_int up = smooth_count(lines[ODVA_CPU_SMOOTH_REACH - distance] + x, samples, limit);
    const v_int down = smooth_count(lines[ODVA_CPU_SMOOTH_REACH + distance] + x, samples, limit);

    return v_add_bytes(v_add_bytes(left, right), v_add_bytes(up, down));
}

static inline v_int smooth_samples(const uint8_t *const *lines, int x, v_int limit)
{
    const v_int weights =
        v_set1_words(ODVA_CPU_SMOOTH_NEAR | ODVA_CPU_SMOOTH_FAR << 8); /* as bytes */
    const v_int samples = v_load_bytes(lines[ODVA_CPU_SMOOTH_REACH] + x);
    const v_int near = smooth_count_four(lines, x, 1, samples, limit);
    const v_int far = smooth_count_four(lines, x, 2, samples, limit);
    const v_int low = v_pair_bytes(weights, v_zip_low_bytes(near, far));
    const v_int high = v_pair_bytes(weights, v_zip_high_bytes(near, far));

    return v_add_bytes(samples, v_pack_words(share_of_words(low), share_of_words(high)));
}

static void smooth_run(uint8_t *dst, const uint8_t *const *lines, int count, int limit)
{
    /* not in memory that dst might be */
    const uint8_t *const rows[] = {lines[0], lines[1], lines[2], lines[3], lines[4]};
    const v_int limits = v_set1_bytes((int8_t)limit);
    int x = 0;

    for (; x + SMOOTH_BYTES <= count; x += SMOOTH_BYTES)
        v_store_bytes(dst + x, smooth_samples(rows, x, limits));
    if (x < count) {
        uint8_t last[SMOOTH_BYTES];

        v_store_bytes(last, smooth_samples(rows, x, limits));
        memcpy(dst + x, last, count - x);
    }
}

static void smooth_simd(const struct odva_cpu_filter *job, uint8_t *scratch)
{
    odva_cpu_smooth_plane(job, scratch, smooth_run);
}

#endif
