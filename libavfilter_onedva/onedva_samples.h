/*
 * One-DVA filter: samples of planes, of 8 bits in bytes or of 10 in words
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVFILTER_ONEDVA_SAMPLES_H
#define AVFILTER_ONEDVA_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "libavutil/frame.h"

/** Where a row of a plane begins. */
static inline uint8_t *ff_onedva_row(const AVFrame *frame, int plane, int y)
{
    return frame->data[plane] + y * (ptrdiff_t)frame->linesize[plane];
}

static inline int ff_onedva_get_sample(const uint8_t *row, int x, int depth)
{
    return depth > 8 ? ((const uint16_t *)row)[x] : row[x];
}

static inline void ff_onedva_set_sample(uint8_t *row, int x, int depth, int value)
{
    if (depth > 8)
        ((uint16_t *)row)[x] = value;
    else
        row[x] = value;
}

#endif /* AVFILTER_ONEDVA_SAMPLES_H */
