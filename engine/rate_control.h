/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Bits for each clip of a stream with a target bitrate. */
#ifndef ODVA_RATE_CONTROL_H
#define ODVA_RATE_CONTROL_H

#include <stdint.h>

#include "onedva/onedva.h"

struct odva_rate_control {
    double bitrate; /* bits per second */
    double saved;   /* bits that the clips so far left over; negative: overspent */
};

/** Bits that a clip of some seconds should take. */
double odva_rate_control_budget(const struct odva_rate_control *control, double seconds);

/** Note what a clip took. */
void odva_rate_control_spend(struct odva_rate_control *control, double seconds, double bits);

/** The quantiser index whose bits are nearest to a budget. */
struct odva_rate_search {
    int low, high; /* what is left to try */
    int next;      /* index to measure next */
    int step;      /* how far to go while only one end is known */
    int best;      /* index nearest to the budget so far */
    double best_bits;
    double best_error; /* larger of bits/budget and its inverse */
    double budget;
};

/** @param guess index to begin with */
void odva_rate_search_start(struct odva_rate_search *search, double budget, int guess);

/** Tell what search->next takes. @return 0 when search->best is final */
int odva_rate_search_step(struct odva_rate_search *search, double bits);

#endif
