/*
 * One-DVA packets with fewer layers: lower rates without encoding again, and without a model
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "libavutil/mathematics.h"
#include "libavutil/opt.h"

#include "bsf.h"
#include "bsf_internal.h"
#include "onedva_bsf_packet.h"

typedef struct OneDVATruncateContext {
    const AVClass *class;
    int layers;
    int tokens;
    int64_t bitrate;

    double budget; ///< bytes that the packets up to now leave of the bitrate
    int64_t frame_duration; ///< that the frames of the clip in progress were expected to last
    int warned;
} OneDVATruncateContext;

static av_cold int truncate_init(AVBSFContext *ctx)
{
    OneDVATruncateContext *s = ctx->priv_data;

    if ((s->layers > 0) + (s->tokens > 0) + (s->bitrate > 0) != 1) {
        av_log(ctx, AV_LOG_ERROR,
               "expected one of layers=, tokens= and bitrate=, each above 0\n");
        return AVERROR(EINVAL);
    }
    return 0;
}

static void truncate_flush(AVBSFContext *ctx)
{
    OneDVATruncateContext *s = ctx->priv_data;

    s->budget = 0;
    s->frame_duration = 0;
}

/* Bytes that the bitrate gives to packets that last so long. */
static double bytes_of(const AVBSFContext *ctx, int64_t duration)
{
    const OneDVATruncateContext *s = ctx->priv_data;

    return s->bitrate / 8.0 * duration * av_q2d(ctx->time_base_in);
}

/* A later frame of a clip has spent its share with the clip's packet, but for what it takes itself. */
static void count_frame(AVBSFContext *ctx, const AVPacket *pkt)
{
    OneDVATruncateContext *s = ctx->priv_data;

    s->budget += bytes_of(ctx, FFMAX(pkt->duration, 0) - s->frame_duration) - pkt->size;
}

/* As many layers as the packet's share of the bitrate, and what was left before it, pay for. */
static int layers_of_bitrate(AVBSFContext *ctx, const struct onedva_packet_info *info,
                             int64_t duration)
{
    OneDVATruncateContext *s = ctx->priv_data;
    int layers = 1;

    if (duration <= 0) {
        if (!s->warned++)
            av_log(ctx, AV_LOG_WARNING, "packets without a duration keep their first layer only: "
                   "bitrate= needs a container that knows how long they last\n");
        return 1;
    }
    // the clip's other frames are expected to last as long as the first one
    s->frame_duration = duration;
    s->budget += bytes_of(ctx, info->kind == ONEDVA_PACKET_CLIP ? info->frames * duration : duration);
    while (layers < info->whole_layers && info->layer[layers].size <= s->budget)
        layers++;
    s->budget -= info->layer[layers - 1].size;
    return layers;
}

static int choose_layers(AVBSFContext *ctx, const struct onedva_packet_info *info,
                         int64_t duration)
{
    const OneDVATruncateContext *s = ctx->priv_data;
    int layers;

    if (s->bitrate > 0)
        return layers_of_bitrate(ctx, info, duration);
    if (s->layers > 0)
        return FFMIN(s->layers, info->whole_layers);
    // a later refinement codes its tokens by what those before it say of them
    for (layers = 1; layers < info->whole_layers; layers++)
        if (info->layer[layers].token_start >= s->tokens)
            break;
    return layers;
}

static int truncate_filter(AVBSFContext *ctx, AVPacket *pkt)
{
    struct onedva_packet_info info;
    AVBufferRef *buf = NULL;
    size_t size;
    int layers, status, ret;

    ret = onedva_bsf_get_packet(ctx, pkt);
    if (ret < 0 || !pkt->size) // AVI has empty ones
        return ret;
    status = onedva_packet_get_info(&info, pkt->data, pkt->size);
    if (status >= 0 && info.kind == ONEDVA_PACKET_FRAME) {
        count_frame(ctx, pkt);
        return 0;
    }
    if (status < 0 || info.whole_layers < 1) {
        av_log(ctx, AV_LOG_WARNING, "packet of %d bytes is passed on as it is: %s\n", pkt->size,
               status < 0 ? onedva_status_text(status) : "it is cut before its first layer ends");
        return 0;
    }
    layers = choose_layers(ctx, &info, pkt->duration);
    if (layers == info.layers)
        return 0;
    buf = av_buffer_alloc(pkt->size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!buf) {
        ret = AVERROR(ENOMEM);
        goto fail;
    }
    status = onedva_packet_truncate(pkt->data, pkt->size, layers, buf->data, &size);
    if (status < 0) {
        av_log(ctx, AV_LOG_ERROR, "packet of %d bytes: %s\n", pkt->size,
               onedva_status_text(status));
        ret = status == ONEDVA_ERR_NOMEM ? AVERROR(ENOMEM) : AVERROR_INVALIDDATA;
        goto fail;
    }
    onedva_bsf_replace_data(pkt, buf, size);
    return 0;

fail:
    av_buffer_unref(&buf);
    av_packet_unref(pkt);
    return ret;
}

#define OFFSET(x) offsetof(OneDVATruncateContext, x)
#define FLAGS (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_BSF_PARAM)
static const AVOption options[] = {
    { "layers", "keep the first layers of each packet", OFFSET(layers), AV_OPT_TYPE_INT,
      { .i64 = 0 }, 0, ONEDVA_MAX_LAYERS, FLAGS },
    { "tokens", "keep the layers before the first one that begins with this token of each tile",
      OFFSET(tokens), AV_OPT_TYPE_INT, { .i64 = 0 }, 0, INT_MAX, FLAGS },
    { "bitrate", "keep as many layers as this many bits per second pay for", OFFSET(bitrate),
      AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, INT64_MAX, FLAGS },
    { NULL },
};

static const AVClass onedva_truncate_class = {
    .class_name = "onedva_truncate",
    .item_name  = av_default_item_name,
    .option     = options,
    .version    = LIBAVUTIL_VERSION_INT,
};

static const enum AVCodecID codec_ids[] = {
    AV_CODEC_ID_ONEDVA, AV_CODEC_ID_NONE,
};

const FFBitStreamFilter ff_onedva_truncate_bsf = {
    .p.name         = "onedva_truncate",
    .p.codec_ids    = codec_ids,
    .p.priv_class   = &onedva_truncate_class,
    .priv_data_size = sizeof(OneDVATruncateContext),
    .init           = truncate_init,
    .flush          = truncate_flush,
    .filter         = truncate_filter,
};
