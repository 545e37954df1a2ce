/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* FFmpeg's messages while it is fuzzed. */
#ifndef ODVA_FUZZ_FFMPEG_LOG_H
#define ODVA_FUZZ_FFMPEG_LOG_H

#include <libavutil/log.h>
#include <stdio.h>

/** A message is formatted, which reads what it is made of, and then forgotten. */
static inline void fuzz_forget_message(void *object, int level, const char *format, va_list args)
{
    char text[1024];

    (void)object;
    (void)level;
    vsnprintf(text, sizeof(text), format, args);
}

#endif
