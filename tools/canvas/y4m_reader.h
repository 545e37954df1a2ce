/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Reads yuv4mpeg: 4:2:0 pictures of 8 bits, one after another. */
#ifndef Y4M_READER_H
#define Y4M_READER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "onedva/onedva.h"

struct y4m_reader {
    FILE *file;
    int width, height;
    uint32_t rate_num, rate_den; /* frames per second */
    int64_t frames;              /* read so far */
    char error[160];             /* what is wrong, after a function returned -1 */
};

/** Read the stream's header. @param file stays the caller's @return 0 or -1 */
int y4m_reader_init(struct y4m_reader *reader, FILE *file);

/** Bytes of a picture: Y, then U and V of ceil(width/2) x ceil(height/2). */
size_t y4m_picture_size(const struct y4m_reader *reader);

/** The picture in such bytes. */
struct onedva_const_picture y4m_picture_of(const struct y4m_reader *reader, const uint8_t *data);

/** Read the next picture. @return 1, 0 at the end, -1 where the file is damaged */
int y4m_read_picture(struct y4m_reader *reader, uint8_t *picture);

#endif
