/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The second of two passes: the quantiser that gives a whole video the size it should have.
 *
 * The least squared error for given bits has one slope, and so one quantiser index, for all clips;
 * a decoder's buffer makes some clips coarser. What clips take beside what the first pass said
 * moves the index of those that follow.
 */
#ifndef ODVA_RATE_PLAN_H
#define ODVA_RATE_PLAN_H

#include <stdint.h>

#include "rate/first_pass_stats.h"
#include "rate/rate_control.h"

struct odva_rate_plan {
    struct odva_first_pass_stats stats;
    double seconds; /* of a unit of the clips' durations */
    double bits;    /* of all clips that are left */
    double counted; /* what the first pass said of the clips coded, and what they took */
    double taken;
    double *index; /* of each clip, as planned last */
    int clip;      /* of the first pass: the one in which the next frame is */
    int frame;     /* of that clip: the next one */
    int coded;     /* clips coded since they were planned last */
};

/**
 * Read the statistics and plan.
 * @param control bitrate and buffer
 * @return as odva_first_pass_stats_read
 */
int odva_rate_plan_open(struct odva_rate_plan *plan, const char *text,
                        const struct onedva_stream *stream, const struct odva_rate_control *control,
                        const struct onedva_logger *logger);
void odva_rate_plan_close(struct odva_rate_plan *plan);

/** Quantiser index for the clip that is next; one is left. */
double odva_rate_plan_index(struct odva_rate_plan *plan, const struct odva_rate_control *control);

/** Frames that are left. */
int64_t odva_rate_plan_frames(const struct odva_rate_plan *plan);

/**
 * How many of n frames the first pass saw: as many are left, and each among them with which the
 * first pass began a clip is the same.
 */
int odva_rate_plan_known(const struct odva_rate_plan *plan,
                         const struct onedva_const_picture *frames, int n,
                         const struct onedva_stream *stream);

/** Note the next clip. @param index that it was coded at @param bits of its packet */
void odva_rate_plan_spend(struct odva_rate_plan *plan, int frames, double index, double bits);

#endif
