/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How much memory is allocated now. */
#ifndef ODVA_ALLOCATED_H
#define ODVA_ALLOCATED_H

#include <malloc.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

/* Bytes by which equal states may differ: what free() keeps for each thread comes and goes. */
#if defined(__SANITIZE_ADDRESS__)
#define ALLOCATED_NOISE 0
#else
#define ALLOCATED_NOISE 1024
#endif

/* Bytes; exact with AddressSanitizer, otherwise with what free() keeps for each thread. */
static inline size_t allocated(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return __sanitizer_get_current_allocated_bytes();
#else
    const struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
#endif
}

#endif
