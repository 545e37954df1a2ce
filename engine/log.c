/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

void odva_log(const struct onedva_logger *logger, enum onedva_log_level level, const char *format,
              ...)
{
    char line[512];
    va_list args;

    if (!logger || !logger->log)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    logger->log(logger->opaque, level, line);
}
