/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Loops over a few sums are unrolled whole, or the sums would be in memory and not in registers. */
#ifndef ODVA_CPU_UNROLL_H
#define ODVA_CPU_UNROLL_H

#if defined(__clang__)
#define ODVA_UNROLL _Pragma("unroll")
#else
#define ODVA_UNROLL _Pragma("GCC unroll 16")
#endif

#endif
