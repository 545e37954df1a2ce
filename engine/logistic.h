/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Logits to probabilities (doc/bitstream.md, section 6). Integer arithmetic only. */
#ifndef ODVA_LOGISTIC_H
#define ODVA_LOGISTIC_H

#define ODVA_LOGIT_ONE 4096 /* a logit of 1, in nats */

/** Probability of 1, in 1/32768: 11..32757. @param logit 1/4096 */
int odva_logistic(int logit);

#endif
