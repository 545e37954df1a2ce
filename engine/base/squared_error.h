/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* How far two planes of samples are from each other. */
#ifndef ODVA_SQUARED_ERROR_H
#define ODVA_SQUARED_ERROR_H

#include <stddef.h>
#include <stdint.h>

/** Sum of squared differences of width x height samples. @param a_stride, b_stride in bytes */
int64_t odva_squared_error(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
                           ptrdiff_t b_stride, int width, int height);
/** The same of samples that are words of up to 12 bits. */
int64_t odva_squared_error_wide(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
                                ptrdiff_t b_stride, int width, int height);
/** Of samples of so many bits. */
int64_t odva_squared_error_of_depth(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
                                    ptrdiff_t b_stride, int width, int height, int depth);

#endif
