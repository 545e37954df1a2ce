/*
 * One-DVA filter: figures of each clip, as metadata of its frames and as lines of a file
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVFILTER_ONEDVA_STATS_H
#define AVFILTER_ONEDVA_STATS_H

#include <stdint.h>
#include <stdio.h>

#include <onedva/onedva.h>

#include "libavutil/frame.h"
#include "libavutil/rational.h"

/** What coding did to a clip. */
typedef struct OneDVAClipFigures {
    int64_t pts;      ///< of the first frame
    int64_t duration; ///< of all frames
    AVRational time_base;
    int nb_frames;
    struct onedva_clip_stats coded;
    struct onedva_tiles tiles;
    double mse_y[ONEDVA_MAX_CLIP_FRAMES]; ///< of each frame's luma, see ff_onedva_mse_y()
} OneDVAClipFigures;

/** A file of one line per clip, if there is one, and the sums over all clips. */
typedef struct OneDVAStats {
    void *avcl; ///< context for av_log()
    const char *name;
    FILE *file;

    int64_t nb_clips;
    int64_t nb_frames;
    int64_t bits;
    double seconds;
    double mse_y; ///< summed over frames
} OneDVAStats;

/** Mean squared error of the luma of two frames of the first one's size, scaled to a peak of 255
 *  whatever their depth. */
double ff_onedva_mse_y(const AVFrame *frame, const AVFrame *reference);

/**
 * Set a frame's lavfi.onedva.* metadata.
 * @param index of the frame in its clip
 * @return 0 or AVERROR(ENOMEM)
 */
int ff_onedva_set_metadata(AVFrame *frame, const OneDVAClipFigures *figures, int index);

/**
 * Open the file.
 * @param name "-": standard output; kept, not copied
 * @return 0 or an error code after one line on what is wrong
 */
int ff_onedva_stats_open(OneDVAStats *stats, const char *name);

/** Add a clip. The first error in writing its line is logged and ends the file. */
void ff_onedva_stats_add(OneDVAStats *stats, const OneDVAClipFigures *figures);

/** Close the file and log the rate and the quality of all clips. */
void ff_onedva_stats_close(OneDVAStats *stats);

#endif /* AVFILTER_ONEDVA_STATS_H */
