/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The median of times. */
#ifndef ONEDVA_BENCH_MEDIAN_H
#define ONEDVA_BENCH_MEDIAN_H

#include <stdlib.h>

static inline int bench_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/** @param values count of them, 1 or more; sorted afterwards */
static inline double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), bench_compare);
    return values[count / 2];
}

#endif
