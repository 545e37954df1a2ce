/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which operators are the fastest on this processor, by the clock: an instruction that does twice
 * as much is no faster where it issues at half the rate. */
#ifndef ODVA_CPU_FASTEST_H
#define ODVA_CPU_FASTEST_H

#include "kernels/cpu/operators.h"

/** What one of them took. */
struct odva_cpu_time {
    const struct odva_cpu_operators *operators;
    double nanoseconds; /* of a product as networks have it */
};

/**
 * Time products of networks, which take nearly all of a decode with steps.
 * @param times of so many operators, whose nanoseconds are set
 * @return the fastest, the first one of equals; the first one of all where memory is short
 */
const struct odva_cpu_operators *odva_cpu_fastest(struct odva_cpu_time *times, int count);

#endif
