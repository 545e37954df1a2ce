/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which nodes of the superblocks' trees are split, and which tiles are predicted (doc/bitstream.md,
 * section 6). Integers only. */
#ifndef ODVA_PARTITION_H
#define ODVA_PARTITION_H

#include <stdint.h>

#include "base/layout.h"
#include "bitstream/range_decoder.h"
#include "bitstream/range_encoder.h"

/**
 * @param splits    for each superblock of the grid; bits of nodes that are not free are 0 then
 * @param predicted for each superblock of the grid (odva_token_bit), or NULL: of a key clip
 */
void odva_partition_decode(struct odva_range_decoder *range, const struct odva_grid *grid,
                           uint32_t *splits, uint64_t *predicted);
void odva_partition_encode(struct odva_range_encoder *range, const struct odva_grid *grid,
                           const uint32_t *splits, const uint64_t *predicted);

#endif
