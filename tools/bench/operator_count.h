/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Counts what a backend's operators do and how long they take, and sets it against what the machine
 * can do. One backend at a time; of the CPU with one thread.
 */
#ifndef ONEDVA_OPERATOR_COUNT_H
#define ONEDVA_OPERATOR_COUNT_H

#include "kernels/backend.h"
#include "tools/bench/machine_peak.h"

/** What matrices are multiplied in. */
struct operator_factors {
    const char *suffix; /* of an operator's name */
    enum machine_peak_kind peak;
    double size; /* of a factor, bytes */
};

/** Bytes from the host and to it; kernels and copies that were recorded. */
struct operator_traffic {
    int64_t uploaded, downloaded, pieces;
};

/** What a backend runs on. */
struct operator_machine {
    /** Seconds, when all that was begun is done. */
    double (*seconds)(struct odva_backend *backend);
    /** One measurement of each peak; 0: there is none. @return cycles per second, 0: not known */
    double (*measure)(struct odva_backend *backend, double peaks[PEAK_KINDS]);
    /** Of a product with such weights; NULL: of attention with network precision. */
    struct operator_factors (*factors)(const struct odva_weights *weights);
    /** So far between host and device; NULL: they are one. */
    struct operator_traffic (*traffic)(struct odva_backend *backend);
};

/** The CPU, one thread of it. */
extern const struct operator_machine operator_machine_cpu;

/** From now on the backend's operators are counted. */
void operator_count_attach(struct odva_backend *backend, const struct operator_machine *machine);
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
