/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What one thread of this machine can do at most, measured. */
#ifndef ONEDVA_MACHINE_PEAK_H
#define ONEDVA_MACHINE_PEAK_H

enum machine_peak_kind {
    PEAK_FMA,   /* float32 multiply-adds with the widest vectors: operations per second */
    PEAK_BF16,  /* bfloat16 dot products, float32 sums: operations per second */
    PEAK_INT8,  /* 8-bit dot products, 32-bit sums: operations per second */
    PEAK_INT16, /* products of pairs of 16-bit integers, added to 32-bit sums: the same */
    PEAK_COPY,  /* memcpy of memory that no cache holds: bytes read and written per second */
    PEAK_KINDS
};

/** Time that the calling thread has run, in seconds. */
double machine_thread_seconds(void);

/** One measurement of a few milliseconds. @return 0: the processor has no such instructions */
double machine_peak(enum machine_peak_kind kind);

/** Core cycles per second: a chain of additions takes one each. */
double machine_frequency(void);

#endif
