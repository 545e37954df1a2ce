/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Patches of a clip to rows of 1536 numbers and back; rows are in the order of position. */
#ifndef ODVA_CPU_PATCHES_H
#define ODVA_CPU_PATCHES_H

#include <stdint.h>

#include "base/layout.h"
#include "kernels/cpu/operators.h"
#include "onedva/onedva.h"

/** One patch at (t, y, x) = position of the grid, v / 127.5 - 1. @param dst 1536 numbers */
void odva_cpu_read_patch(const struct odva_cpu_operators *operators, float *dst,
                         const struct odva_grid *grid, const struct onedva_const_picture *pictures,
                         int32_t position);
void odva_cpu_write_patch(const struct odva_cpu_operators *operators,
                          const struct onedva_picture *pictures, const struct odva_grid *grid,
                          const float *src, int32_t position);

/** The samples of a picture, [384]. @param position whose place is meant, at whatever time */
void odva_cpu_read_frame(uint8_t *dst, const struct odva_grid *grid,
                         const struct onedva_const_picture *picture, int32_t position);

/** The samples themselves, [4][384]. */
void odva_cpu_read_samples(uint8_t *dst, const struct odva_grid *grid,
                           const struct onedva_const_picture *pictures, int32_t position);
void odva_cpu_write_samples(const struct onedva_picture *pictures, const struct odva_grid *grid,
                            const uint8_t *src, int32_t position);

#endif
