/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A video on standard input to measure with; what fails ends the program. */
#ifndef ONEDVA_BENCH_VIDEO_H
#define ONEDVA_BENCH_VIDEO_H

#include "onedva/onedva.h"
#include "tools/canvas/y4m_reader.h"

struct bench_video {
    struct y4m_reader reader;
    struct onedva_stream stream;
    uint8_t *data; /* room for some clips of ONEDVA_MAX_CLIP_FRAMES frames */
};

/** @param clips to make room for */
void bench_video_open(struct bench_video *video, int clips);
void bench_video_close(struct bench_video *video);

/** Read a whole clip to the place of one. @return 0 at the end of the video */
int bench_video_read_clip(struct bench_video *video, int clip);

/** The clip in a place. */
void bench_video_clip(const struct bench_video *video, int clip,
                      struct onedva_const_picture *pictures);

#endif
