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

/** One patch at (t, y, x) = position of the grid, v / 127.5 - 1. @param dst 1536 numbers
 * @param read_block of the pictures' depth */
void odva_cpu_read_patch(odva_cpu_read_block_fn read_block, float *dst,
                         const struct odva_grid *grid, const struct onedva_const_picture *pictures,
                         int32_t position);
void odva_cpu_write_patch(odva_cpu_write_block_fn write_block,
                          const struct onedva_picture *pictures, const struct odva_grid *grid,
                          const float *src, int32_t position);

/** A patch's samples [4][384] of 8 bits, or of more. */
union odva_cpu_samples {
    uint8_t bytes[ODVA_PATCH_SAMPLES];
    uint16_t words[ODVA_PATCH_SAMPLES];
};

/** The samples of a picture, [384]. @param position whose place is meant, at whatever time */
void odva_cpu_read_frame(uint8_t *dst, int sample_bytes, const struct odva_grid *grid,
                         const struct onedva_const_picture *picture, int32_t position);

/** The samples themselves, [4][384]. */
void odva_cpu_read_samples(uint8_t *dst, int sample_bytes, const struct odva_grid *grid,
                           const struct onedva_const_picture *pictures, int32_t position);
void odva_cpu_write_samples(const struct onedva_picture *pictures, const struct odva_grid *grid,
                            const uint8_t *src, int sample_bytes, int32_t position);

#endif
