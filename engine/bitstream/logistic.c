/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "bitstream/logistic.h"

/* 32768 / (1 + exp(-x)), rounded, for x = -8, -7.5 .. 8 */
const uint16_t odva_logistic_knot[ODVA_LOGISTIC_KNOTS] = {
    11,    18,    30,    49,    81,    133,   219,   360,   589,   961,   1554,
    2486,  3906,  5978,  8813,  12371, 16384, 20397, 23955, 26790, 28862, 30282,
    31214, 31807, 32179, 32408, 32549, 32635, 32687, 32719, 32738, 32750, 32757,
};

/* 4096 log(1 + exp(x)), rounded, at the same x */
const uint16_t odva_softplus_knot[ODVA_LOGISTIC_KNOTS] = {
    1,     2,     4,     6,     10,    17,    28,    45,    74,    122,   199,
    323,   520,   825,   1283,  1942,  2839,  3990,  5379,  6969,  8712,  10563,
    12487, 14458, 16458, 18477, 20508, 22545, 24586, 26630, 28676, 30722, 32769,
};
