/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Logits to probabilities (doc/bitstream.md, section 6). Integer arithmetic only. */
#ifndef ODVA_LOGISTIC_H
#define ODVA_LOGISTIC_H

#include <stdint.h>

#define ODVA_LOGIT_ONE          4096 /* a logit of 1, in nats */
#define ODVA_LOGISTIC_KNOTS     33   /* half a nat apart */
#define ODVA_LOGISTIC_KNOT_BITS 11

extern const uint16_t odva_logistic_knot[ODVA_LOGISTIC_KNOTS];

extern const uint16_t odva_softplus_knot[ODVA_LOGISTIC_KNOTS];

/* Between the knots of a table over logits. */
static inline int odva_interpolate(const uint16_t *knots, int logit)
{
    int x = logit + 32768;
    const uint16_t *knot;

    if (x < 1 || x > 65535)
        x = x < 1 ? 1 : 65535;
    knot = &knots[x >> ODVA_LOGISTIC_KNOT_BITS];
    return knot[0] + ((knot[1] - knot[0]) * (x & ((1 << ODVA_LOGISTIC_KNOT_BITS) - 1)) >>
                      ODVA_LOGISTIC_KNOT_BITS);
}

/** Probability of 1, in 1/32768: 11..32757. @param logit 1/4096 */
static inline int odva_logistic(int logit)
{
    return odva_interpolate(odva_logistic_knot, logit);
}

/** log(1 + exp(logit)), in 1/4096: 1..32769. @param logit 1/4096 */
static inline int odva_softplus(int logit)
{
    return odva_interpolate(odva_softplus_knot, logit);
}

#endif
