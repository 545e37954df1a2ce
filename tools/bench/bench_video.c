/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tools/bench/bench_video.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/bench/bench.h"

#define FRAMES ONEDVA_MAX_CLIP_FRAMES

void bench_video_open(struct bench_video *video, int clips)
{
    struct y4m_reader *reader = &video->reader;

    if (y4m_reader_init(reader, stdin) < 0) {
        fprintf(stderr, "standard input: %s\n", reader->error);
        exit(1);
    }
    video->stream = (struct onedva_stream){.width = (uint32_t)reader->width,
                                           .height = (uint32_t)reader->height,
                                           .timebase_num = 1,
                                           .timebase_den = 25,
                                           .frame_duration = 1,
                                           .sar_den = 1,
                                           .colour_primaries = 2,
                                           .transfer = 2,
                                           .matrix = 2};
    video->data = bench_checked(malloc(clips * FRAMES * y4m_picture_size(reader)));
}

void bench_video_close(struct bench_video *video)
{
    free(video->data);
}

static uint8_t *frame_of(const struct bench_video *video, int clip, int t)
{
    return video->data + ((size_t)clip * FRAMES + t) * y4m_picture_size(&video->reader);
}

int bench_video_read_clip(struct bench_video *video, int clip)
{
    for (int t = 0; t < FRAMES; t++)
        if (y4m_read_picture(&video->reader, frame_of(video, clip, t)) <= 0)
            return 0;
    return 1;
}

void bench_video_clip(const struct bench_video *video, int clip,
                      struct onedva_const_picture *pictures)
{
    for (int t = 0; t < FRAMES; t++)
        pictures[t] = y4m_picture_of(&video->reader, frame_of(video, clip, t));
}
