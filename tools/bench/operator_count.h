/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Counts what a CPU backend's operators do and how long they take, and sets it against what the
 * machine can do. One backend at a time, with one thread.
 */
#ifndef ONEDVA_OPERATOR_COUNT_H
#define ONEDVA_OPERATOR_COUNT_H

#include "kernels/backend.h"

/** From now on the backend's operators are counted. */
void operator_count_attach(struct odva_backend *backend);
/** Forget all counts and measured peaks. */
void operator_count_reset(void);
/** What comes next is a run of its own; measures the machine's peaks. */
void operator_count_next_run(void);
/**
 * Of each operator the medians of all runs: time, operations or bytes per second and what fraction
 * of the peak that is; then the sums. @param elements prints cycles per element too
 */
void operator_count_print(const char *title, int elements);

#endif
