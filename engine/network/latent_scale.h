/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Latents as networks see them: over their scale B = 2^(b/8), clipped. */
#ifndef ODVA_LATENT_SCALE_H
#define ODVA_LATENT_SCALE_H

#include <stdint.h>

#include "base/layout.h"
#include "base/strict_math.h"
#include "bitstream/scan.h"

#define ODVA_LATENT_CLIP 8.0f

/** Latent tokens first .. first+tokens-1 of a tile, 0 beyond its last coefficient. */
static inline void odva_normalise_latents(float *dst, const float *latents,
                                          const struct odva_scan *scan, int tokens)
{
    for (int i = 0; i < tokens * ODVA_LATENT_TOKEN; i++) {
        float v = 0.0f;

        if (i < scan->count)
            v = latents[i] / odva_exp2_eighths(scan->scale[i]);
        v = v < ODVA_LATENT_CLIP ? v : ODVA_LATENT_CLIP;
        dst[i] = v > -ODVA_LATENT_CLIP ? v : -ODVA_LATENT_CLIP;
    }
}

#endif
