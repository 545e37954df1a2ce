/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The video that onedva-latents writes. */
#ifndef LATENTS_OUTPUT_H
#define LATENTS_OUTPUT_H

#include <libavformat/avformat.h>

/** A container of the kind that the path says, .odva for "-", standard output; with one stream,
 * whose parameters are to be set. Dies where no kind is said. */
AVFormatContext *latents_output_alloc(const char *path);

/** Open the file and write what it begins with; dies before a file that is there is lost to a
 * container that cannot hold One-DVA. */
void latents_output_open(AVFormatContext *container, const char *path);

/** Write what it ends with, and free the container. */
void latents_output_close(AVFormatContext *container, const char *path);

#endif
