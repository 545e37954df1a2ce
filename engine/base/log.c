/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void odva_log(const struct onedva_logger *logger, enum onedva_log_level level, const char *format,
              ...)
{
    char message[ODVA_LOG_SIZE];
    va_list arguments;

    if (!logger || !logger->log)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    /* names that come from a file could begin a line of their own or command a terminal */
    for (char *c = message; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    logger->log(logger->opaque, level, message);
}
