/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * What the transforms of tiles read on a device, one set for each shape: made when the first codec
 * asks for it, shared by all of the model's codecs on that device.
 */
#ifndef ODVA_TILE_TABLES_H
#define ODVA_TILE_TABLES_H

#include "bitstream/scan.h"
#include "model/device_weights.h"

/** Of tiles of one shape (odva_dct_tile), and of pictures at rest. */
struct odva_tile_table {
    struct odva_buffer *order, *rows;
    struct odva_buffer *still_order, *still_rows; /* of the tile's first token time alone */
    int32_t *still; /* scan indices of the coefficients that pictures at rest have */
    int still_count;
};

struct odva_tile_tables;

/** @return those of a device, or NULL when memory ran out */
struct odva_tile_tables *odva_tile_tables_of(const struct onedva_model *model,
                                             struct odva_device *device);

/** @param scan of the shape @return NULL when memory ran out */
const struct odva_tile_table *odva_tile_table(struct odva_tile_tables *tables,
                                              const struct odva_scan *scan);

#endif
