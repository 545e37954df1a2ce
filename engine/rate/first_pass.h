/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The first of two passes: statistics of each clip, and the quantiser that suits those so far. */
#ifndef ODVA_FIRST_PASS_H
#define ODVA_FIRST_PASS_H

#include "rate/first_pass_stats.h"

struct odva_first_pass {
    struct odva_first_pass_writer writer;
    struct odva_first_pass_clip clip; /* that is being coded */
    struct odva_first_pass_clip sum;  /* bits of all clips before */
    double seconds;                   /* of all clips before */
};

/** Index at which all clips so far, with this one of some seconds, have a bitrate. */
double odva_first_pass_index(const struct odva_first_pass *pass, double bitrate, double seconds);

/** Write the clip's line. @param index that it was coded at @param bits of its packets
 * @param fixed of them, those that no index changes */
void odva_first_pass_add(struct odva_first_pass *pass, double seconds, double index, double bits,
                         double fixed);

#endif
