/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "latents_output.h"

#include <string.h>
#include <unistd.h>

#include "die.h"

static int is_standard_output(const char *path)
{
    return !strcmp(path, "-");
}

AVFormatContext *latents_output_alloc(const char *path)
{
    const int piped = is_standard_output(path);
    const AVOutputFormat *kind = av_guess_format(piped ? "odva" : NULL, piped ? NULL : path, NULL);
    AVFormatContext *container;

    if (!kind)
        die("%s: its name says no kind of file; .mkv, .mp4, .mov, .nut, .avi and .odva do, and - "
            "is .odva to standard output",
            path);
    if (piped && isatty(STDOUT_FILENO))
        die("-: standard output is a terminal; send it to a file or a program");
    check_av(avformat_alloc_output_context2(&container, kind, NULL, piped ? "pipe:1" : path), path);
    if (!avformat_new_stream(container, NULL))
        die("out of memory");
    return container;
}

void latents_output_open(AVFormatContext *container, const char *path)
{
    const AVOutputFormat *kind = container->oformat;

    if (avformat_query_codec(kind, container->streams[0]->codecpar->codec_id,
                             FF_COMPLIANCE_NORMAL) != 1)
        die("%s: a file of kind %s does not hold One-DVA; .mkv, .mp4, .mov, .nut, .avi and .odva "
            "do",
            path, kind->name);
    if (!(kind->flags & AVFMT_NOFILE))
        check_av(avio_open(&container->pb, container->url, AVIO_FLAG_WRITE), path);
    check_av(avformat_write_header(container, NULL), path);
}

void latents_output_close(AVFormatContext *container, const char *path)
{
    check_av(av_write_trailer(container), path);
    if (!(container->oformat->flags & AVFMT_NOFILE))
        check_av(avio_closep(&container->pb), path);
    avformat_free_context(container);
}
