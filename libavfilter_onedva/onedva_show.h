/*
 * One-DVA filter: drawings of what the codec does, over the reconstructed pictures
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVFILTER_ONEDVA_SHOW_H
#define AVFILTER_ONEDVA_SHOW_H

#include <onedva/onedva.h>

#include "libavutil/frame.h"

/**
 * Draw a grid that rests on the clip's canvases, as it lies in each frame, and the paths that its
 * points take over the clip. Where the codec follows the content, the grid moves with it. A clip
 * without motion stays as it is.
 * @param frames the clip's n frames, yuv420p and writable
 * @return 0 or AVERROR(ENOMEM)
 */
int ff_onedva_show_mesh(const struct onedva_mesh *mesh, AVFrame *const *frames, int n);

#endif /* AVFILTER_ONEDVA_SHOW_H */
