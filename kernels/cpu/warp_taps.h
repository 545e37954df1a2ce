/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The interpolation filter of doc/bitstream.md, section 10. */
#ifndef ODVA_CPU_WARP_TAPS_H
#define ODVA_CPU_WARP_TAPS_H

#define WARP_TAPS  6
#define WARP_SHIFT 12 /* of both directions; the taps of a phase have the sum 64 */

/* PHASE(taps 0..5) for phases 0..15 of 1/16 sample: a table takes what form it needs. */
#define WARP_PHASES(PHASE)                                                                         \
    PHASE(0, 0, 64, 0, 0, 0)                                                                       \
    PHASE(1, -3, 63, 4, -1, 0)                                                                     \
    PHASE(1, -5, 62, 8, -2, 0)                                                                     \
    PHASE(2, -7, 60, 12, -3, 0)                                                                    \
    PHASE(2, -9, 57, 17, -4, 1)                                                                    \
    PHASE(2, -9, 53, 23, -6, 1)                                                                    \
    PHASE(2, -9, 49, 28, -7, 1)                                                                    \
    PHASE(2, -9, 44, 34, -8, 1)                                                                    \
    PHASE(2, -9, 39, 39, -9, 2)                                                                    \
    PHASE(1, -8, 34, 44, -9, 2)                                                                    \
    PHASE(1, -7, 28, 49, -9, 2)                                                                    \
    PHASE(1, -6, 23, 53, -9, 2)                                                                    \
    PHASE(1, -4, 17, 57, -9, 2)                                                                    \
    PHASE(0, -3, 12, 60, -7, 2)                                                                    \
    PHASE(0, -2, 8, 62, -5, 1)                                                                     \
    PHASE(0, -1, 4, 63, -3, 1)

#endif
