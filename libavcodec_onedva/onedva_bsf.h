/*
 * What the bitstream filters of One-DVA share
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVCODEC_ONEDVA_BSF_H
#define AVCODEC_ONEDVA_BSF_H

#include <string.h>

#include "libavutil/buffer.h"

#include "packet.h"

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
