/*
 * Packets of One-DVA in bitstream filters
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef AVCODEC_ONEDVA_BSF_PACKET_H
#define AVCODEC_ONEDVA_BSF_PACKET_H

#include <string.h>

#include <onedva/onedva.h>

#include "libavutil/buffer.h"

#include "bsf.h"
#include "bsf_internal.h"
#include "packet.h"

/// Get the next packet, as the keyframe that it is or is not, whatever its container says.
static inline int onedva_bsf_get_packet(AVBSFContext *ctx, AVPacket *pkt)
{
    enum onedva_packet_kind kind;
    int ret = ff_bsf_get_packet_ref(ctx, pkt);

    if (ret < 0 || onedva_packet_get_kind(&kind, pkt->data, pkt->size) < 0)
        return ret;
    pkt->flags &= ~AV_PKT_FLAG_KEY;
    if (onedva_packet_is_key(pkt->data, pkt->size))
        pkt->flags |= AV_PKT_FLAG_KEY;
    return ret;
}

/// Let a packet have the first size bytes of a buffer that has room for the padding behind them.
static inline void onedva_bsf_replace_data(AVPacket *pkt, AVBufferRef *buf, size_t size)
{
    memset(buf->data + size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    av_buffer_unref(&pkt->buf);
    pkt->buf  = buf;
    pkt->data = buf->data;
    pkt->size = size;
}

#endif /* AVCODEC_ONEDVA_BSF_PACKET_H */
