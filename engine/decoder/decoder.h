/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What tools inside the library see of a decoder. */
#ifndef ODVA_DECODER_H
#define ODVA_DECODER_H

#include "bitstream/latents.h"
#include "onedva/onedva.h"

/** The quantised latents of the packet read last; NULL when none was read or it failed. */
const struct odva_latents *odva_decoder_latents(const onedva_decoder *decoder);

#endif
