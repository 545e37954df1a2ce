/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How far a clip's pictures are from others. */
#ifndef ODVA_PICTURE_ERROR_H
#define ODVA_PICTURE_ERROR_H

#include <stdint.h>

#include "base/thread_pool.h"
#include "onedva/onedva.h"

/** Sum of squared differences over all planes of count pictures.
 * @param count         1 .. ONEDVA_MAX_CLIP_FRAMES
 * @param width, height luma samples */
int64_t odva_picture_error(struct odva_thread_pool *pool, const struct onedva_const_picture *a,
                           const struct onedva_const_picture *b, int count, int width, int height,
                           int depth);

#endif
