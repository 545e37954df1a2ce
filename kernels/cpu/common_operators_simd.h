/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What all instruction sets have of one kind; include a simd_*.h and a warp_*.h before. */
#ifndef ODVA_CPU_COMMON_OPERATORS_SIMD_H
#define ODVA_CPU_COMMON_OPERATORS_SIMD_H

#include "cpu/block_tensors_simd.h"
#include "cpu/deblock_simd.h"
#include "cpu/halve_simd.h"
#include "cpu/linear_simd.h"
#include "cpu/norm_simd.h"
#include "cpu/planes_simd.h"
#include "cpu/transform_simd.h"

/* Members of struct odva_cpu_operators. */
#define COMMON_OPERATORS_SIMD                                                                      \
    .panel_width = PANEL, .norm_modulate = norm_modulate_simd, .warp = warp_simd,                  \
    .halve = halve_simd, .deblock = deblock_simd, .block_tensors = block_tensors_simd,             \
    .read_block = read_block_simd, .write_block = write_block_simd, .transform = transform_simd

#endif
