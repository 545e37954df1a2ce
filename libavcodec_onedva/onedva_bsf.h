/*
 * One-DVA: what bitstream filters of all codecs need of it
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVCODEC_ONEDVA_BSF_H
#define AVCODEC_ONEDVA_BSF_H

#include <stddef.h>
#include <stdint.h>

#include "bsf.h"
#include "packet.h"

/// A stream header as the container has it.
typedef struct OneDVAHeader {
    uint8_t data[64];
    size_t size; ///< 0: none yet
} OneDVAHeader;

/// Put the stream header into a packet that has none, for dump_extra. @param header of the packets before
int ff_onedva_repeat_header(AVBSFContext *ctx, AVPacket *pkt, OneDVAHeader *header);

#endif /* AVCODEC_ONEDVA_BSF_H */
