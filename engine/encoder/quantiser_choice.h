/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The quantiser of a clip: by constant quality, bitrate, buffer, PSNR, or the pass before. */
#ifndef ODVA_QUANTISER_CHOICE_H
#define ODVA_QUANTISER_CHOICE_H

#include <stdint.h>

struct onedva_encoder;
struct onedva_const_picture;

/**
 * Choose the quantiser, quantise and write the packet of the clip that was analysed last.
 * @param frames, durations as in onedva_encode
 * @param seconds   that the clip lasts
 */
int odva_encode_clip(struct onedva_encoder *encoder, const struct onedva_const_picture *frames,
                     const uint32_t *durations, double seconds);

#endif
