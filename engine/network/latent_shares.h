/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What the diffusion decoder is told of a clip's latents. */
#ifndef ODVA_LATENT_SHARES_H
#define ODVA_LATENT_SHARES_H

#include "bitstream/latents.h"

/** Of each superblock's coefficients, how many are in its tiles' tokens.
 * @param shares [grid.superblock_count], 0 to 1 */
void odva_latent_shares(float *shares, const struct odva_latents *latents);

#endif
