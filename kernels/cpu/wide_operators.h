/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* All operators on wide pictures, of the instruction set that the file is compiled for. */
#ifndef ODVA_CPU_WIDE_OPERATORS_H
#define ODVA_CPU_WIDE_OPERATORS_H

#include "kernels/cpu/wide_filters.h"
#include "kernels/cpu/wide_patches.h"
#include "kernels/cpu/wide_warp.h"

/* Members of struct odva_cpu_wide_operators. */
#define WIDE_OPERATORS                                                                             \
    .warp = warp_wide, .deblock = deblock_wide, .smooth = smooth_wide,                             \
    .split_bands = split_bands_wide, .join_bands = join_bands_wide, .read_block = read_block_wide, \
    .write_block = write_block_wide

#endif
