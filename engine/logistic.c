/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "logistic.h"

#include <stdint.h>

#define SEGMENT_BITS 11 /* half a nat */
#define LIMIT        32767

int odva_logistic(int logit)
{
    /* 32768 / (1 + exp(-x)), rounded, for x = -8, -7.5 .. 8 */
    static const uint16_t knot[33] = {
        11,    18,    30,    49,    81,    133,   219,   360,   589,   961,   1554,
        2486,  3906,  5978,  8813,  12371, 16384, 20397, 23955, 26790, 28862, 30282,
        31214, 31807, 32179, 32408, 32549, 32635, 32687, 32719, 32738, 32750, 32757,
    };
    const int clipped = logit < -LIMIT ? -LIMIT : logit > LIMIT ? LIMIT : logit;
    const int segment = (clipped + LIMIT + 1) >> SEGMENT_BITS;
    const int fraction = (clipped + LIMIT + 1) & ((1 << SEGMENT_BITS) - 1);

    return knot[segment] + ((knot[segment + 1] - knot[segment]) * fraction >> SEGMENT_BITS);
}
