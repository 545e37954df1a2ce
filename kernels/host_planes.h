/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Planes of pictures in memory of the host, for backends. */
#ifndef ODVA_HOST_PLANES_H
#define ODVA_HOST_PLANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Width or height of a plane. @param side luma's */
static inline int odva_plane_side(int side, int plane)
{
    return plane ? (side + 1) / 2 : side;
}

static inline void odva_copy_rows(uint8_t *dst, ptrdiff_t dst_stride, const uint8_t *src,
                                  ptrdiff_t src_stride, int width, int height)
{
    for (int y = 0; y < height; y++)
        memcpy(dst + y * dst_stride, src + y * src_stride, width);
}

#endif
