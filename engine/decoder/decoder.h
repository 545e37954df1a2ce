/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What tools inside the library see of a decoder. */
#ifndef ODVA_DECODER_H
#define ODVA_DECODER_H

#include "bitstream/latents.h"
#include "motion/canvas.h"
#include "onedva/onedva.h"

/** The quantised latents of the packet read last; NULL when none was read or it failed. */
const struct odva_latents *odva_decoder_latents(const onedva_decoder *decoder);

/**
 * What the network sees of the packet read last: its linear reconstruction on the canvases, which
 * is not deblocked.
 * @param canvas NULL when no packet was read or it failed; else valid until the decoder's next call
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM or what the backend gives
 */
int odva_decoder_reconstruct_linear(onedva_decoder *decoder, const struct odva_canvas **canvas);

#endif
