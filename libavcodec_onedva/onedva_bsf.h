/*
 * What the bitstream filters of One-DVA share
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVCODEC_ONEDVA_BSF_H
#define AVCODEC_ONEDVA_BSF_H

#include <string.h>

#include "libavutil/buffer.h"

#include "bsf.h"
#include "packet.h"

/// A stream header as the container has it.
typedef struct OneDVAHeader {
    uint8_t data[64];
    size_t size; ///< 0: none yet
} OneDVAHeader;

/// Put the stream header into a packet that has none, for dump_extra. @param header of the packets before
int ff_onedva_repeat_header(AVBSFContext *ctx, AVPacket *pkt, OneDVAHeader *header);

/// Let a packet have the first size bytes of a buffer that has room for the padding behind them.
static inline void onedva_bsf_replace_data(AVPacket *pkt, AVBufferRef *buf, size_t size)
{
    memset(buf->data + size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    av_buffer_unref(&pkt->buf);
    pkt->buf  = buf;
    pkt->data = buf->data;
    pkt->size = size;
}

#endif /* AVCODEC_ONEDVA_BSF_H */
