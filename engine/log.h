/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* One line of text to the caller's logger. */
#ifndef ODVA_LOG_H
#define ODVA_LOG_H

#include "onedva/onedva.h"

/** @param logger may be NULL. Lines longer than 511 bytes are cut. */
void odva_log(const struct onedva_logger *logger, enum onedva_log_level level, const char *format,
              ...) __attribute__((format(printf, 3, 4)));

#endif
