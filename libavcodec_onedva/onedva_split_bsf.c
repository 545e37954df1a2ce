/*
 * One-DVA packets that hold and show whole clips to a packet for each frame
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "bsf.h"
#include "bsf_internal.h"
#include "onedva_bsf_packet.h"
#include "onedva_clip_packets.h"

typedef struct OneDVASplitContext {
    OneDVAClipClock clock;
    OneDVAFramePackets frames; ///< of the clip in progress
    AVBufferRef *buf;          ///< of its packet
    AVPacket *clip;            ///< as it came
    int next_frame;            ///< the first one that has not come out
} OneDVASplitContext;

static av_cold int split_init(AVBSFContext *ctx)
{
    OneDVASplitContext *s = ctx->priv_data;

    s->clock.time_base = ctx->time_base_in;
    ff_onedva_clock_set_header(&s->clock, ctx->par_in->extradata, ctx->par_in->extradata_size);
    s->clip = av_packet_alloc();
    return s->clip ? 0 : AVERROR(ENOMEM);
}

static void split_flush(AVBSFContext *ctx)
{
    OneDVASplitContext *s = ctx->priv_data;

    av_packet_unref(s->clip);
    av_buffer_unref(&s->buf);
    s->frames.nb_frames = s->next_frame = 0;
    s->clock.is_on_time = 0;
}

static av_cold void split_close(AVBSFContext *ctx)
{
    OneDVASplitContext *s = ctx->priv_data;

    av_buffer_unref(&s->buf);
    av_packet_free(&s->clip);
}

/// What is shown of a packet that begins before 0, where an edit list hides what is before.
static int flags_at(const AVPacket *clip, int64_t pts)
{
    return clip->pts < 0 && pts >= 0 ? clip->flags & ~AV_PKT_FLAG_DISCARD : clip->flags;
}

static int output_clip(OneDVASplitContext *s, AVPacket *pkt)
{
    int ret = av_packet_copy_props(pkt, s->clip);

    if (ret < 0)
        return ret;
    onedva_bsf_replace_data(pkt, s->buf, s->frames.size);
    s->buf = NULL;
    return 0;
}

static int output_later_frame(OneDVASplitContext *s, AVPacket *pkt)
{
    int ret = av_new_packet(pkt, ONEDVA_FRAME_PACKET_SIZE);

    if (ret >= 0)
        ret = av_packet_copy_props(pkt, s->clip);
    if (ret < 0)
        return ret;
    av_packet_side_data_remove(pkt->side_data, &pkt->side_data_elems, AV_PKT_DATA_NEW_EXTRADATA);
    pkt->flags = (flags_at(s->clip, s->frames.pts[s->next_frame]) & ~AV_PKT_FLAG_KEY) |
                 AV_PKT_FLAG_DISPOSABLE;
    return onedva_frame_packet_write(pkt->data, s->clip->data, s->clip->size, s->next_frame) < 0 ?
           AVERROR_BUG : 0;
}

static int output_frame(AVBSFContext *ctx, AVPacket *pkt)
{
    OneDVASplitContext *s = ctx->priv_data;
    const int i = s->next_frame;
    int ret = i ? output_later_frame(s, pkt) : output_clip(s, pkt);

    if (ret < 0) {
        av_packet_unref(pkt);
        split_flush(ctx);
        return ret;
    }
    pkt->pts = pkt->dts = s->frames.pts[i];
    pkt->duration = s->frames.duration[i];
    s->next_frame++;
    return 0;
}

static int split_filter(AVBSFContext *ctx, AVPacket *pkt)
{
    OneDVASplitContext *s = ctx->priv_data;
    struct onedva_packet_info info;
    int ret;

    if (s->next_frame < s->frames.nb_frames)
        return output_frame(ctx, pkt);
    ret = onedva_bsf_get_packet(ctx, pkt);
    if (ret < 0)
        return ret;
    if (!pkt->size) { // AVI has one in the place of each later frame
        av_packet_unref(pkt);
        return AVERROR(EAGAIN);
    }
    ff_onedva_clock_read_side_data(&s->clock, pkt);
    // what is wrong with a packet the decoder says
    if (onedva_packet_get_info(&info, pkt->data, pkt->size) < 0 || info.kind != ONEDVA_PACKET_WHOLE_CLIP)
        return 0;
    av_packet_unref(s->clip);
    av_packet_move_ref(s->clip, pkt);
    s->next_frame = 0;
    ret = ff_onedva_split_clip(&s->clock, &info, s->clip, &s->frames, &s->buf);
    if (ret < 0) {
        split_flush(ctx);
        return ret;
    }
    return output_frame(ctx, pkt);
}

static const enum AVCodecID codec_ids[] = {
    AV_CODEC_ID_ONEDVA, AV_CODEC_ID_NONE,
};

const FFBitStreamFilter ff_onedva_split_bsf = {
    .p.name         = "onedva_split",
    .p.codec_ids    = codec_ids,
    .priv_data_size = sizeof(OneDVASplitContext),
    .init           = split_init,
    .filter         = split_filter,
    .flush          = split_flush,
    .close          = split_close,
};
