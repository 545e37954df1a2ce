/*
 * One-DVA packets of a clip's frames to one packet that holds and shows all of them
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include "bsf.h"
#include "bsf_internal.h"
#include "onedva_bsf_packet.h"
#include "onedva_clip_packets.h"

typedef struct OneDVAMergeContext {
    OneDVAClipClock clock;
    AVPacket *held[ONEDVA_MAX_CLIP_FRAMES]; ///< of one clip, from its first frame on
    int nb_held;
    int clip_frames;  ///< that it has
    int is_releasing; ///< those held come out as they came: the clip cannot be merged
    int next_out;     ///< the first of them
    AVPacket *next;   ///< that came behind them, where has_next
    int has_next;
} OneDVAMergeContext;

static av_cold int merge_init(AVBSFContext *ctx)
{
    OneDVAMergeContext *s = ctx->priv_data;

    s->clock.time_base = ctx->time_base_in;
    ff_onedva_clock_set_header(&s->clock, ctx->par_in->extradata, ctx->par_in->extradata_size);
    s->next = av_packet_alloc();
    if (!s->next)
        return AVERROR(ENOMEM);
    for (int i = 0; i < FF_ARRAY_ELEMS(s->held); i++) {
        s->held[i] = av_packet_alloc();
        if (!s->held[i])
            return AVERROR(ENOMEM);
    }
    return 0;
}

static void drop_held(OneDVAMergeContext *s)
{
    for (int i = 0; i < s->nb_held; i++)
        av_packet_unref(s->held[i]);
    s->nb_held = s->next_out = s->is_releasing = 0;
}

static void merge_flush(AVBSFContext *ctx)
{
    OneDVAMergeContext *s = ctx->priv_data;

    drop_held(s);
    av_packet_unref(s->next);
    s->has_next = 0;
    s->clock.is_on_time = 0;
}

static av_cold void merge_close(AVBSFContext *ctx)
{
    OneDVAMergeContext *s = ctx->priv_data;

    for (int i = 0; i < FF_ARRAY_ELEMS(s->held); i++)
        av_packet_free(&s->held[i]);
    av_packet_free(&s->next);
}

static int have_same_matrix(const AVPacket *a, const AVPacket *b)
{
    size_t size_a, size_b;
    const uint8_t *matrix_a = av_packet_get_side_data(a, AV_PKT_DATA_DISPLAYMATRIX, &size_a);
    const uint8_t *matrix_b = av_packet_get_side_data(b, AV_PKT_DATA_DISPLAYMATRIX, &size_b);

    if (!matrix_a || !matrix_b)
        return matrix_a == matrix_b;
    return size_a == size_b && !memcmp(matrix_a, matrix_b, size_a);
}

/// Whether a packet is what the split of a whole clip puts behind those that are held.
static int continues_clip(const OneDVAMergeContext *s, const AVPacket *pkt)
{
    const AVPacket *clip = s->held[0];
    uint8_t expected[ONEDVA_FRAME_PACKET_SIZE];

    return pkt->size == sizeof(expected) &&
           onedva_frame_packet_write(expected, clip->data, clip->size, s->nb_held) >= 0 &&
           !memcmp(pkt->data, expected, sizeof(expected)) &&
           !av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, NULL) && have_same_matrix(clip, pkt);
}

/// Output all frames that are held as one clip. @return 1, or 0 where there is no packet that splits into them
static int output_clip(OneDVAMergeContext *s, AVPacket *pkt)
{
    OneDVAFramePackets frames = {
        .nb_frames = s->nb_held,
        .data      = s->held[0]->data,
        .size      = s->held[0]->size,
    };
    AVBufferRef *buf;
    int64_t duration;
    size_t size;

    for (int i = 0; i < s->nb_held; i++) {
        frames.pts[i]      = s->held[i]->pts;
        frames.duration[i] = s->held[i]->duration;
    }
    if (!ff_onedva_merge_clip(&s->clock, &frames, &buf, &size, &duration))
        return 0;
    av_packet_move_ref(pkt, s->held[0]);
    onedva_bsf_replace_data(pkt, buf, size);
    pkt->duration = duration;
    drop_held(s);
    return 1;
}

/// Whether a packet begins a clip that is to be merged.
static int begins_clip(OneDVAMergeContext *s, const AVPacket *pkt)
{
    struct onedva_packet_info info;

    ff_onedva_clock_read_side_data(&s->clock, pkt);
    if (onedva_packet_get_info(&info, pkt->data, pkt->size) < 0 || info.kind != ONEDVA_PACKET_CLIP)
        return 0;
    s->clip_frames = info.frames;
    return 1;
}

static int get_packet(AVBSFContext *ctx, AVPacket *pkt)
{
    OneDVAMergeContext *s = ctx->priv_data;

    if (!s->has_next)
        return onedva_bsf_get_packet(ctx, pkt);
    av_packet_move_ref(pkt, s->next);
    s->has_next = 0;
    return 0;
}

static void release_packet(OneDVAMergeContext *s, AVPacket *pkt)
{
    av_packet_move_ref(pkt, s->held[s->next_out++]);
    if (s->next_out == s->nb_held)
        drop_held(s);
}

static int merge_filter(AVBSFContext *ctx, AVPacket *pkt)
{
    OneDVAMergeContext *s = ctx->priv_data;

    while (!s->is_releasing) {
        int ret = get_packet(ctx, pkt);

        if (ret == AVERROR_EOF && s->nb_held)
            break;
        if (ret < 0)
            return ret;
        if (s->nb_held && !continues_clip(s, pkt)) {
            av_packet_move_ref(s->next, pkt);
            s->has_next = 1;
            break;
        }
        if (!s->nb_held && !begins_clip(s, pkt))
            return 0;
        av_packet_move_ref(s->held[s->nb_held++], pkt);
        if (s->nb_held == s->clip_frames) {
            if (output_clip(s, pkt))
                return 0;
            break;
        }
    }
    s->is_releasing = 1;
    release_packet(s, pkt);
    return 0;
}

static const enum AVCodecID codec_ids[] = {
    AV_CODEC_ID_ONEDVA, AV_CODEC_ID_NONE,
};

const FFBitStreamFilter ff_onedva_merge_bsf = {
    .p.name         = "onedva_merge",
    .p.codec_ids    = codec_ids,
    .priv_data_size = sizeof(OneDVAMergeContext),
    .init           = merge_init,
    .filter         = merge_filter,
    .flush          = merge_flush,
    .close          = merge_close,
};
