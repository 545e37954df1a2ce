/*
 * One-DVA filter: drawings of what the codec does, over the reconstructed pictures
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All frames are yuv420p or yuv420p10, and those of a call alike.
 */

#ifndef AVFILTER_ONEDVA_SHOW_H
#define AVFILTER_ONEDVA_SHOW_H

#include <onedva/onedva.h>

#include "libavutil/frame.h"
#include "libavutil/macros.h"

/**
 * Draw a grid that rests on the clip's canvases, as it lies in each frame, and the paths that its
 * points take over the clip. Where the codec follows the content, the grid moves with it. A clip
 * without motion stays as it is.
 * @param frames the clip's n frames, writable
 * @return 0 or AVERROR(ENOMEM)
 */
int ff_onedva_show_mesh(const struct onedva_mesh *mesh, AVFrame *const *frames, int n);

/**
 * Replace a picture by its error: 4 (picture - source) of every sample around mid-grey, clipped.
 * @param picture writable @param source of the same size
 */
void ff_onedva_show_diff(AVFrame *picture, const AVFrame *source);

/**
 * Colour each tile by the share of its coefficients that it keeps, from blue (none) over green to
 * red (all) on a logarithmic scale, over half of the picture's brightness, with dark lines between
 * tiles. Tiles lie where the clip's content does, so they move with it.
 * @param picture    frame index of the clip, writable
 * @param max_tokens of the model's largest tiles
 */
void ff_onedva_show_tokens(AVFrame *picture, int index, const struct onedva_mesh *mesh,
                           const struct onedva_tiles *tiles, int max_tokens);

/** Copy a picture into the left of one that has room for two, see ff_onedva_right_half(). */
void ff_onedva_show_source(AVFrame *both, const AVFrame *source);

/** Where the right one of two pictures of some width begins: chroma samples are not shared. */
static inline int ff_onedva_right_half(int width)
{
    return FFALIGN(width, 2);
}

#endif /* AVFILTER_ONEDVA_SHOW_H */
