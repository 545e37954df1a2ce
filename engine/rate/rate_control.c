/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "rate/rate_control.h"

#include <math.h>

#include "base/assert.h"

/* Savings and debts reach over this many clips, and no clip gets more than this many times its
 * share or less than one part in as many. */
#define HORIZON 4.0

/* What key clips take more than their share, inter clips pay back within so many. */
#define GOP_HORIZON 6.0

/* Bits of key clips over those of inter clips, until both are known, and how many shares a key clip
 * may have. */
#define USUAL_KEY_RATIO 3.0
#define MOST_KEY_SHARES 3.5

/* What an index more saves, about, in logarithms. */
#define BITS_PER_INDEX 0.1

/* Budgets keep this much below the limit: what a search counts is an estimate. */
#define HEADROOM 0.95

/* Of a packet, about: header and checksums. */
#define HEADER_BITS 100

/* What payloads take of what is counted, until a clip has told
 * (doc/decisions/entropy-static-estimate.md), and its limits. */
#define USUAL_PAYLOAD 0.95
#define LEAST_PAYLOAD 0.7
#define MOST_PAYLOAD  2

/* First step of the search: neighbouring clips need similar quantisers. */
#define FIRST_STEP 2

static double clip_double(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* What a key clip gets of an inter clip's share, at the quantiser that both get. */
static double key_shares(const struct odva_rate_control *control)
{
    const double ratio = control->rate[0] > 0 && control->rate[1] > 0
                             ? fmax(control->rate[0] / control->rate[1], 1)
                             : USUAL_KEY_RATIO;

    return fmin(ratio, MOST_KEY_SHARES);
}

double odva_rate_control_budget(const struct odva_rate_control *control, double seconds, int is_key)
{
    const double share = control->bitrate * seconds;
    const double shares = control->predicts && is_key ? key_shares(control) : 1;
    const double budget =
        shares * share + control->saved / (control->predicts && !is_key ? GOP_HORIZON : 2);

    ODVA_ASSERT(control->bitrate > 0);
    return fmin(clip_double(budget, share / HORIZON, share * HORIZON),
                HEADROOM * odva_rate_control_most(control));
}

void odva_rate_control_note_kind(struct odva_rate_control *control, int is_key, double rate,
                                 double index)
{
    double *known = &control->rate[!is_key];
    const double now = rate * exp(BITS_PER_INDEX * index);

    *known = *known > 0 ? (*known + now) / 2 : now;
}

double odva_rate_control_most(const struct odva_rate_control *control)
{
    return control->buffer_size > 0 ? control->buffered : INFINITY;
}

static double payload_of(const struct odva_rate_control *control)
{
    return control->payload > 0 ? control->payload : USUAL_PAYLOAD;
}

double odva_rate_control_packet(const struct odva_rate_control *control, double counted,
                                double motion)
{
    return HEADER_BITS + motion + payload_of(control) * counted;
}

double odva_rate_control_counted(const struct odva_rate_control *control, double packet,
                                 double motion)
{
    return fmax(packet - HEADER_BITS - motion, 0) / payload_of(control);
}

void odva_rate_control_learn(struct odva_rate_control *control, double counted, double taken)
{
    if (counted > 0)
        control->payload = clip_double(taken / counted, LEAST_PAYLOAD, MOST_PAYLOAD);
}

void odva_rate_control_spend(struct odva_rate_control *control, double seconds, double bits)
{
    const double share = control->bitrate * seconds;

    control->saved = clip_double(control->saved + share - bits, -HORIZON * share, HORIZON * share);
    control->buffered = clip_double(control->buffered - bits + control->max_rate * seconds, 0,
                                    control->buffer_size);
}

void odva_rate_search_start(struct odva_rate_search *search, double budget, int guess)
{
    ODVA_ASSERT(budget >= 0);
    *search = (struct odva_rate_search){
        .low = ONEDVA_MIN_QIDX,
        .high = ONEDVA_MAX_QIDX,
        .next = guess,
        .step = FIRST_STEP,
        .best = guess,
        .best_error = INFINITY,
        .budget = budget,
    };
}

/* Bits fall as the index grows: keep the half that can hold the budget, and until both ends have
 * moved look only a few indices on. */
int odva_rate_search_step(struct odva_rate_search *search, double bits)
{
    const int tried = search->next;
    const double ratio = (bits + 1) / (search->budget + 1);
    const double error = ratio > 1 ? ratio : 1 / ratio;

    if (error < search->best_error) {
        search->best_error = error;
        search->best_bits = bits;
        search->best = tried;
    }
    if (ratio > 1)
        search->low = tried + 1;
    else
        search->high = tried - 1;
    if (search->low > search->high)
        return 0;
    search->next = (search->low + search->high) / 2;
    if (search->high == ONEDVA_MAX_QIDX && tried + search->step < search->next)
        search->next = tried + search->step;
    if (search->low == ONEDVA_MIN_QIDX && tried - search->step > search->next)
        search->next = tried - search->step;
    search->step *= 2;
    return 1;
}
