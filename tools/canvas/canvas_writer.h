/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Writes canvases for training. The data file has, clip after clip, the raw planes Y, U, V of each
 * frame and then the visibility mask, a byte for each 4x4 luma samples:
 * [frames][ceil(height/4)][ceil(width/4)]. Of pairs, the planes that a decoder's network sees lie
 * behind that. The index has a line of JSON for each clip.
 */
#ifndef CANVAS_WRITER_H
#define CANVAS_WRITER_H

#include <stdint.h>
#include <stdio.h>

#include "bitstream/latents.h"
#include "motion/canvas.h"
#include "onedva/onedva.h"

struct canvas_writer {
    FILE *data, *index;
    int64_t offset; /* of the next clip in the data file */
};

/** What the index says of a clip beside its canvas. */
struct canvas_clip {
    double crf;
    enum onedva_motion motion;
    int left, top; /* of the picture on the canvas */
    /* of pairs, else NULL: the linear reconstruction, of the canvas' size and not deblocked, and
     * the latents that it was made from */
    const struct odva_canvas *linear;
    const struct odva_latents *latents;
};

/** Open both files to append. @return 0, or -1 with errno set */
int canvas_writer_open(struct canvas_writer *writer, const char *data, const char *index);

/** The index names a clip only when all of it is in the data file. @return 0, or -1 with errno set
 */
int canvas_writer_add(struct canvas_writer *writer, const struct onedva_canvas *canvas,
                      const struct canvas_clip *clip);

/** @return 0, or -1 with errno set */
int canvas_writer_close(struct canvas_writer *writer);

/** off, global, mesh or auto. */
const char *canvas_motion_name(enum onedva_motion motion);

#endif
