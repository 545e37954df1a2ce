/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Messages to the caller's log function. */
#ifndef ODVA_LOG_H
#define ODVA_LOG_H

#include "onedva/onedva.h"

#define ODVA_LOG_SIZE 512 /* longer messages are cut */

/** @param logger NULL or without a function: silent. @param format as printf, no newline */
__attribute__((format(printf, 3, 4))) void
odva_log(const struct onedva_logger *logger, enum onedva_log_level level, const char *format, ...);

#endif
