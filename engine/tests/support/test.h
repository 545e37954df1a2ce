/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What cmocka tests include, and a seeded generator of test data. */
#ifndef ODVA_TEST_H
#define ODVA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct random {
    uint64_t state;
};

/* SplitMix64: uniform over 64 bits. */
static inline uint64_t random_u64(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Uniform in 0 .. n-1. */
static inline int random_below(struct random *random, int n)
{
    return (int)(random_u64(random) % (uint64_t)n);
}

/* Uniform in [0, 1). */
static inline double random_unit(struct random *random)
{
    return (double)(random_u64(random) >> 11) * 0x1p-53;
}

/* A strictly increasing CDF from 0 to 32768; with skew > 1 most symbols are rare. */
static inline void random_cdf(struct random *random, uint16_t *cdf, int symbols, int skew)
{
    double weight[64], total = 0, sum = 0;
    const int free_total = 32768 - symbols;

    for (int s = 0; s < symbols; s++) {
        double u = random_unit(random);
        weight[s] = 1;
        for (int i = 0; i < skew; i++)
            weight[s] *= u;
        total += weight[s];
    }
    cdf[0] = 0;
    for (int s = 0; s < symbols; s++) {
        sum += weight[s];
        cdf[s + 1] = (uint16_t)(s + 1 + (int)(free_total * (sum / total)));
    }
    cdf[symbols] = 32768;
}

#endif
