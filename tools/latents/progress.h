/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What long work says of itself, as tools/python/onedva_progress.py does: a bar on a terminal,
 * plain lines in a log. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>

struct progress {
    const char *unit;
    int64_t total, before; /* of these units, and how many were done before this run */
    int64_t begin, shown;  /* times in microseconds */
    int on_terminal;
    int width; /* of the line that stands on the terminal */
};

/** Begin with so many done of a total of units, as in "clips". */
void progress_begin(struct progress *progress, const char *unit, int64_t total, int64_t done);

/** Say how many are done, where it is time for it. */
void progress_show(struct progress *progress, int64_t done);

/** Before something else is written: the bar leaves its line. */
void progress_clear(struct progress *progress);

/** The last look, which stays on a terminal where there was one before. */
void progress_end(struct progress *progress, int64_t done);

#endif
