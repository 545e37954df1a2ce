/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Samples of pictures in memory: bytes, or of more than 8 bits words of 16. */
#ifndef ODVA_SAMPLES_H
#define ODVA_SAMPLES_H

/** @param depth bits of a sample */
static inline int odva_sample_bytes(int depth)
{
    return depth > 8 ? 2 : 1;
}

#endif
