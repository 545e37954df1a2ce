/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What all benchmarks need; what fails ends the program. */
#ifndef ONEDVA_BENCH_H
#define ONEDVA_BENCH_H

#include <stdint.h>

#include "onedva/onedva.h"

/** End the program with the place and the reason, if status is an error. */
#define bench_check(status) bench_check_at(status, __FILE__, __LINE__)
void bench_check_at(int status, const char *file, int line);

/** @return memory, if that is not NULL */
void *bench_checked(void *memory);

/** @return count numbers of -0.5 .. 0.5, to be freed */
float *bench_random_floats(int64_t count);

/** Seconds on a clock that all threads share. */
double bench_now(void);

/** Print the line "processor: NAME", where the system names it. */
void bench_print_processor(void);

/** Prints lines to standard error. */
extern const struct onedva_logger bench_logger;

#endif
