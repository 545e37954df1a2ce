/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The clip that packets of later frames show frames of. */
#ifndef ODVA_CLIP_FRAMES_H
#define ODVA_CLIP_FRAMES_H

#include "onedva/onedva.h"

/** Zero-initialised there is no clip. */
struct odva_clip_frames {
    struct onedva_clip clip; /* frames = 0: none */
    uint8_t name;            /* of the clip in its frames' packets */
    int told;                /* it was said that a clip is missing, or there is no need to */
};

/** A clip was read. @param first_crc of its packet */
void odva_clip_frames_begin(struct odva_clip_frames *frames, const struct onedva_clip *clip,
                            uint16_t first_crc);

/** There is no clip, and that has been said or goes without saying. */
void odva_clip_frames_forget(struct odva_clip_frames *frames);

/**
 * Read the packet of a later frame.
 * @param clip as onedva_decoder_read_packet says
 * @return ONEDVA_OK, or an error after one line
 */
int odva_clip_frames_read(struct odva_clip_frames *frames, const struct onedva_logger *logger,
                          const uint8_t *data, size_t size, struct onedva_clip *clip);

#endif
