/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the kernels of peak.cu are given, and what they do. */
#ifndef ONEDVA_PEAK_H
#define ONEDVA_PEAK_H

#include <stdint.h>

#define PEAK_THREADS    256
#define PEAK_OPERATIONS 256                        /* of a thread's round: multiply-adds are two */
#define PEAK_MMA_ROUND  (8 * 2 * 16 * 16 * 8 / 32) /* the same on tensor cores */

struct peak_arguments {
    float *dst; /* for each thread */
    int32_t rounds;
    int32_t factor, summand; /* 1 and 0: sums stay as they are, which compilers do not know */
};

#endif
