/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators on wide pictures, those of 10 bits: their samples are words of 16 bits, and planes are
 * pointers to bytes and strides in bytes all the same, both even. */
#ifndef ODVA_CPU_WIDE_H
#define ODVA_CPU_WIDE_H

#include "kernels/cpu/operators.h"

#define ODVA_WIDE_DEPTH   10
#define ODVA_WIDE_SHIFT   (ODVA_WIDE_DEPTH - 8) /* a step of 8 bits is so many of these */
#define ODVA_WIDE_LARGEST ((1 << ODVA_WIDE_DEPTH) - 1)

/** Those of struct odva_cpu_operators that see samples, all the same in all versions. */
struct odva_cpu_wide_operators {
    void (*warp)(const struct odva_cpu_warp *warp, int first_row, int rows);
    void (*deblock)(const struct odva_cpu_filter *job, int first_band, int bands);
    void (*smooth)(const struct odva_cpu_filter *job, uint8_t *scratch);
    void (*split_bands)(int16_t *restrict bands, const uint16_t *restrict samples,
                        const int16_t *restrict mean);
    void (*join_bands)(uint16_t *restrict samples, const int32_t *restrict sums,
                       const int16_t *restrict mean, int is_at_rest);
    odva_cpu_read_block_fn read_block;
    odva_cpu_write_block_fn write_block;
};

extern const struct odva_cpu_wide_operators odva_cpu_wide_c;
extern const struct odva_cpu_wide_operators odva_cpu_wide_avx2;
extern const struct odva_cpu_wide_operators odva_cpu_wide_avx512;
extern const struct odva_cpu_wide_operators odva_cpu_wide_neon;

#endif
