/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "decoder/step_choice.h"

#include "base/assert.h"

/* What a decode may take of the time that there is: reading, scaling and showing need some, too. */
#define SHARE 0.7

int odva_step_choice_steps(const struct odva_step_choice *choice)
{
    if (choice->clips == ODVA_STEP_CHOICE_CLIPS)
        return choice->steps;
    return choice->clips == ODVA_STEP_CHOICE_CLIPS - 1 ? 0 : 1;
}

static int most_steps(double base, double step)
{
    int steps = 0;

    while (steps < ODVA_STEP_CHOICE_MOST && base + (steps + 1) * step <= SHARE)
        steps++;
    return steps;
}

int odva_step_choice_note(struct odva_step_choice *choice, double seconds, double video)
{
    const double share = seconds / video;

    ODVA_ASSERT(seconds >= 0 && video > 0);
    if (choice->clips == ODVA_STEP_CHOICE_CLIPS)
        return 0;
    if (odva_step_choice_steps(choice) == 1) {
        choice->step = choice->clips == 0 || share < choice->step ? share : choice->step;
    } else {
        choice->base = share;
        choice->step = choice->step > share ? choice->step - share : 0;
    }
    if (++choice->clips < ODVA_STEP_CHOICE_CLIPS)
        return 0;
    choice->steps = most_steps(choice->base, choice->step);
    return 1;
}
