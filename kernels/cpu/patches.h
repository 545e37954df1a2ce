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

/** One patch at (t, y, x) = position of the grid. @param dst 1536 of these elements */
void odva_cpu_read_patch(const struct odva_cpu_operators *operators, void *dst,
                         enum odva_element element, const struct odva_grid *grid,
                         const struct onedva_const_picture *pictures, int32_t position);
void odva_cpu_write_patch(const struct odva_cpu_operators *operators,
                          const struct onedva_picture *pictures, const struct odva_grid *grid,
                          const float *src, int32_t position);

#endif
