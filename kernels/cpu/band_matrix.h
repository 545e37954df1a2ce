/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The transform over a token's frames (doc/bitstream.md, section 8). */
#ifndef ODVA_CPU_BAND_MATRIX_H
#define ODVA_CPU_BAND_MATRIX_H

#include <stdint.h>

#include "base/layout.h"

/* Orthonormal DCT over four frames, 1/4096: [band][frame]. */
static const int32_t band_matrix[ODVA_BANDS][ODVA_TOKEN_FRAMES] = {{2048, 2048, 2048, 2048},
                                                                   {2676, 1108, -1108, -2676},
                                                                   {2048, -2048, -2048, 2048},
                                                                   {1108, -2676, 2676, -1108}};

#endif
