/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/noise.h"

#include <math.h>

#include "base/strict_math.h"

void odva_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Box and Muller: two uniform numbers to two Gaussians. */
static void gaussian_pair(float *dst, uint32_t o0, uint32_t o1)
{
    const double u0 = (o0 + 0.5) * (1.0 / 4294967296.0);
    const double u1 = (o1 + 0.5) * (1.0 / 4294967296.0);
    const double radius = sqrt(-2.0 * odva_ln(u0));
    double sine, cosine;

    odva_sincos(2.0 * ODVA_PI * u1, &sine, &cosine);
    dst[0] = (float)(radius * cosine);
    dst[1] = (float)(radius * sine);
}

void odva_noise_fill(float *dst, uint64_t first, int count, uint64_t seed, uint32_t step)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};

    for (int i = 0; i < count; i += 4) {
        const uint64_t block = (first + i) / 4;
        const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), step, 0};
        uint32_t out[4];

        odva_philox(counter, key, out);
        gaussian_pair(dst + i, out[0], out[1]);
        gaussian_pair(dst + i + 2, out[2], out[3]);
    }
}
