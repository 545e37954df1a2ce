/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Bits for each clip of a stream with a target bitrate. */
#ifndef ODVA_RATE_CONTROL_H
#define ODVA_RATE_CONTROL_H

#include <stdint.h>

#include "onedva/onedva.h"

/**
 * Target and limit. The limit is that of a decoder's buffer (leaky bucket, as in the hypothetical
 * reference decoders of H.264, Annex C): it fills at max_rate up to buffer_size, and a clip's
 * packet is taken out whole at the time of its first frame.
 */
struct odva_rate_control {
    double bitrate;     /* bits per second; 0: there is no target */
    double saved;       /* bits that the clips so far left over; negative: overspent */
    double max_rate;    /* bits per second */
    double buffer_size; /* bits; 0: there is no limit */
    double buffered;    /* bits in the buffer when the next clip is taken out */
    double payload;     /* what payloads take of what is counted for them; 0: not known yet */
    int predicts;       /* whether there are inter clips */
    /* bits per second of clips as if at one quantiser, key clips and inter clips; 0: not known yet
     */
    double rate[2];
};

/** Bits that a clip of some seconds should take; bitrate > 0. @param is_key 0: an inter clip */
double odva_rate_control_budget(const struct odva_rate_control *control, double seconds,
                                int is_key);

/** Bits that the next clip may take, INFINITY without a limit. */
double odva_rate_control_most(const struct odva_rate_control *control);

/** Bits of a packet. @param counted for its payloads @param motion bits of its motion */
double odva_rate_control_packet(const struct odva_rate_control *control, double counted,
                                double motion);

/** The inverse: what may be counted for the payloads of a packet, 0 or more. */
double odva_rate_control_counted(const struct odva_rate_control *control, double packet,
                                 double motion);

/** Note what was counted for a clip's payloads, and what they took. */
void odva_rate_control_learn(struct odva_rate_control *control, double counted, double taken);

/** Note what a clip took of each second. @param index of its quantiser */
void odva_rate_control_note_kind(struct odva_rate_control *control, int is_key, double rate,
                                 double index);

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

/** @param budget bits, 0: as few as there can be; @param guess index to begin with */
void odva_rate_search_start(struct odva_rate_search *search, double budget, int guess);

/** Tell what search->next takes. @return 0 when search->best is final */
int odva_rate_search_step(struct odva_rate_search *search, double bits);

#endif
