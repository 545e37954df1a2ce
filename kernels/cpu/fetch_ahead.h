/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Asks for memory that is wanted later, a little at each step of a loop that has no use for it. */
#ifndef ODVA_CPU_FETCH_AHEAD_H
#define ODVA_CPU_FETCH_AHEAD_H

#include "kernels/cpu/operators.h"

struct fetch_ahead {
    uintptr_t next; /* may lead beyond the range, where asking does no harm */
    int64_t step;   /* bytes */
};

/** @param steps of the loop, in which all of the range is to be asked for */
static inline struct fetch_ahead fetch_ahead_begin(const struct odva_cpu_range *range,
                                                   int64_t steps)
{
    /* where there is nothing, a line that is near */
    return (struct fetch_ahead){.next = (uintptr_t)(range->bytes > 0 ? range->data : range),
                                .step = steps > 0 ? (range->bytes + steps - 1) / steps : 0};
}

static inline __attribute__((always_inline)) void fetch_ahead_step(struct fetch_ahead *fetch)
{
    __builtin_prefetch((const void *)fetch->next);
    fetch->next += fetch->step;
}

/** What is asked for while a tile is summed. */
struct tile_fetch {
    struct fetch_ahead results; /* two lines for each row of the tile */
    struct fetch_ahead rows;    /* of the next block */
};

/** A step of one of the first sums: all lines at once would keep the sums' own factors waiting. */
static inline __attribute__((always_inline)) void fetch_tile_row(struct tile_fetch *fetch)
{
    __builtin_prefetch((const void *)fetch->results.next, 1);
    __builtin_prefetch((const void *)(fetch->results.next + ODVA_CPU_ALIGN), 1);
    fetch->results.next += fetch->results.step;
    fetch_ahead_step(&fetch->rows);
}

#endif
