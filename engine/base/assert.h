/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * What callers inside the library promise. Builds with sanitisers define ONEDVA_CHECKS and end the
 * program where a promise is broken; others compute nothing. What comes from outside the library
 * is never asserted: it is checked, and refused with a status.
 */
#ifndef ODVA_ASSERT_H
#define ODVA_ASSERT_H

#ifdef ONEDVA_CHECKS
#include <stdio.h>
#include <stdlib.h>

_Noreturn static inline void odva_assertion_failed(const char *condition, const char *file,
                                                   int line)
{
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, condition);
    abort();
}

#define ODVA_ASSERT(condition)                                                                     \
    ((condition) ? (void)0 : odva_assertion_failed(#condition, __FILE__, __LINE__))
#else
#define ODVA_ASSERT(condition) ((void)sizeof(!(condition)))
#endif

#endif
