/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The one line that says why onedva-latents ends. */
#ifndef DIE_H
#define DIE_H

/** Print "onedva-latents: ..." and exit with status 1. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/** Go on, or end with "WHAT: " and FFmpeg's text where status is negative. */
void check_av(int status, const char *what);

/** Go on, or end with what the library has logged last, or else its status' text. */
void check_onedva(int status);

struct onedva_logger;

/** The logger whose last error check_onedva prints. */
struct onedva_logger error_logger(void);

#endif
