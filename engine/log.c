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
    char message[ODVA_LOG_SIZE];
    va_list arguments;

    if (!logger || !logger->log)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    logger->log(logger->opaque, level, message);
}
