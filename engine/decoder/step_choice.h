/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How many decoder steps keep up with the video, from the time that the first clips took. */
#ifndef ODVA_STEP_CHOICE_H
#define ODVA_STEP_CHOICE_H

#define ODVA_STEP_CHOICE_CLIPS 3 /* that are measured */
#define ODVA_STEP_CHOICE_MOST  8 /* more hardly change the picture */

/** Zero-initialised is the start. Times are shares: seconds of decoding over seconds of video. */
struct odva_step_choice {
    int clips;   /* measured */
    double base; /* of no step */
    double step; /* of one more; before all clips are measured, of a decode with one step */
    int steps;   /* decided, once clips is ODVA_STEP_CHOICE_CLIPS */
};

/** Steps to decode the next clip with. The first clip, which allocates, and the second take one
 * step, the third none. */
int odva_step_choice_steps(const struct odva_step_choice *choice);

/**
 * Note how long a clip took with odva_step_choice_steps().
 * @param video its duration in seconds, above 0
 * @return 1 when that has decided, once
 */
int odva_step_choice_note(struct odva_step_choice *choice, double seconds, double video);

#endif
