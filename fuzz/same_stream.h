/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Whether two streams have the same fields. */
#ifndef ODVA_FUZZ_SAME_STREAM_H
#define ODVA_FUZZ_SAME_STREAM_H

#include "onedva/onedva.h"

static inline int same_stream(const struct onedva_stream *a, const struct onedva_stream *b)
{
    return a->width == b->width && a->height == b->height && a->timebase_num == b->timebase_num &&
           a->timebase_den == b->timebase_den && a->frame_duration == b->frame_duration &&
           a->sar_num == b->sar_num && a->sar_den == b->sar_den && a->full_range == b->full_range &&
           a->colour_primaries == b->colour_primaries && a->transfer == b->transfer &&
           a->matrix == b->matrix && a->chroma_location == b->chroma_location &&
           a->model_id == b->model_id && a->depth == b->depth;
}

#endif
