/*
 * One-DVA headers: print them, change their colour fields, repeat them in packets
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <inttypes.h>

#include "libavutil/bprint.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"
#include "libavutil/pixdesc.h"
#include "libavutil/timestamp.h"

#include "bsf.h"
#include "bsf_internal.h"
#include "onedva_bsf.h"
#include "onedva_bsf_packet.h"

typedef struct OneDVAMetadataContext {
    const AVClass *class;
    int color_range;
    int color_primaries;
    int transfer_characteristics;
    int matrix_coefficients;
    int chroma_location;
    int repeat_headers;
    int print;

    struct onedva_stream stream; ///< of the packets that come now, as changed
    int has_stream;
} OneDVAMetadataContext;

static int changes_fields(const OneDVAMetadataContext *s)
{
    return s->color_range >= 0 || s->color_primaries >= 0 || s->transfer_characteristics >= 0 ||
           s->matrix_coefficients >= 0 || s->chroma_location >= 0;
}

static void change_fields(const OneDVAMetadataContext *s, struct onedva_stream *stream)
{
    if (s->color_range >= 0)
        stream->full_range = s->color_range;
    if (s->color_primaries >= 0)
        stream->colour_primaries = s->color_primaries;
    if (s->transfer_characteristics >= 0)
        stream->transfer = s->transfer_characteristics;
    if (s->matrix_coefficients >= 0)
        stream->matrix = s->matrix_coefficients;
    if (s->chroma_location >= 0)
        stream->chroma_location = s->chroma_location;
}

static void set_parameters(AVCodecParameters *par, const struct onedva_stream *stream)
{
    par->color_range     = stream->full_range;
    par->color_primaries = stream->colour_primaries;
    par->color_trc       = stream->transfer;
    par->color_space     = stream->matrix;
    par->chroma_location = stream->chroma_location;
}

static void print_stream(AVBSFContext *ctx, const struct onedva_stream *stream)
{
    const char *primaries = av_color_primaries_name(stream->colour_primaries);
    const char *transfer  = av_color_transfer_name(stream->transfer);
    const char *matrix    = av_color_space_name(stream->matrix);
    const char *range     = av_color_range_name(stream->full_range);
    const char *location  = av_chroma_location_name(stream->chroma_location);

    av_log(ctx, AV_LOG_INFO,
           "stream: model %016"PRIx64", %"PRIu32"x%"PRIu32", %"PRIu32" bits, sar %"PRIu32":%"PRIu32", range %s, "
           "primaries %s, transfer %s, matrix %s, chroma %s, time base %"PRIu32"/%"PRIu32", "
           "frame duration %"PRIu32"\n",
           stream->model_id, stream->width, stream->height, stream->depth, stream->sar_num, stream->sar_den,
           range, primaries ? primaries : "?", transfer ? transfer : "?", matrix ? matrix : "?",
           location, stream->timebase_num, stream->timebase_den, stream->frame_duration);
}

static int write_header(uint8_t header[ONEDVA_MAX_STREAM_HEADER], size_t *size,
                        const struct onedva_stream *stream)
{
    int status = onedva_stream_header_write(header, size, stream);

    if (status < 0)
        return status == ONEDVA_ERR_NOMEM ? AVERROR(ENOMEM) : AVERROR(EINVAL);
    return 0;
}

static int set_extradata(AVCodecParameters *par, const struct onedva_stream *stream)
{
    uint8_t header[ONEDVA_MAX_STREAM_HEADER];
    uint8_t *data;
    size_t size;
    int ret = write_header(header, &size, stream);

    if (ret < 0)
        return ret;
    data = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!data)
        return AVERROR(ENOMEM);
    memcpy(data, header, size);
    av_freep(&par->extradata);
    par->extradata      = data;
    par->extradata_size = size;
    return 0;
}

static av_cold int metadata_init(AVBSFContext *ctx)
{
    OneDVAMetadataContext *s = ctx->priv_data;
    int status, ret;

    if (!ctx->par_in->extradata_size)
        return 0;
    status = onedva_stream_header_parse(&s->stream, ctx->par_in->extradata,
                                        ctx->par_in->extradata_size);
    if (status < 0) {
        av_log(ctx, AV_LOG_ERROR, "stream header of %d bytes: %s\n", ctx->par_in->extradata_size,
               onedva_status_text(status));
        return AVERROR_INVALIDDATA;
    }
    s->has_stream = 1;
    if (changes_fields(s)) {
        change_fields(s, &s->stream);
        ret = set_extradata(ctx->par_out, &s->stream);
        if (ret < 0)
            return ret;
        set_parameters(ctx->par_out, &s->stream);
    }
    if (s->print)
        print_stream(ctx, &s->stream);
    return 0;
}

static void print_packet(AVBSFContext *ctx, const AVPacket *pkt,
                         const struct onedva_packet_info *info)
{
    AVBPrint layers;

    if (info->kind == ONEDVA_PACKET_FRAME) {
        av_log(ctx, AV_LOG_INFO, "packet at %s: %d bytes, frame %d of its clip\n", av_ts2str(pkt->pts),
               pkt->size, info->frame);
        return;
    }
    av_bprint_init(&layers, 0, AV_BPRINT_SIZE_AUTOMATIC);
    for (int i = 0; i < info->layers; i++)
        av_bprintf(&layers, "; layer %d%s: qidx %d, tokens %"PRIu32" to %"PRIu32", threshold %d, ends at %zu", i,
                   i < info->whole_layers ? "" : " (missing)", info->layer[i].qidx,
                   info->layer[i].token_start, info->layer[i].token_end, info->layer[i].threshold,
                   info->layer[i].size);
    av_log(ctx, AV_LOG_INFO,
           "packet at %s: %d bytes, %s of %d frames of %s clip%s, model tag %04x, motion in %zu bytes, %d "
           "refinements dropped%s\n",
           av_ts2str(pkt->pts), pkt->size,
           info->kind == ONEDVA_PACKET_CLIP ? "first" : "all", info->frames,
           info->is_key ? "a key" : "an inter",
           info->has_durations ? " of given durations" : "", info->model_tag, info->motion_size,
           info->dropped_refinements, layers.str);
    av_bprint_finalize(&layers, NULL);
    if (info->has_stream)
        print_stream(ctx, &info->stream);
}

/// Replace the stream header inside of a packet.
static int change_packet(AVBSFContext *ctx, AVPacket *pkt, const struct onedva_stream *stream)
{
    AVBufferRef *buf = av_buffer_alloc(pkt->size + ONEDVA_MAX_STREAM_HEADER + 1 +
                                       AV_INPUT_BUFFER_PADDING_SIZE);
    size_t size;
    int status;

    if (!buf)
        return AVERROR(ENOMEM);
    status = onedva_packet_set_stream(pkt->data, pkt->size, stream, buf->data, &size);
    if (status < 0) {
        av_buffer_unref(&buf);
        av_log(ctx, AV_LOG_ERROR, "packet of %d bytes: %s\n", pkt->size,
               onedva_status_text(status));
        return status == ONEDVA_ERR_NOMEM ? AVERROR(ENOMEM) : AVERROR_INVALIDDATA;
    }
    onedva_bsf_replace_data(pkt, buf, size);
    return 0;
}

static void set_header(OneDVAHeader *header, const uint8_t *data, size_t size)
{
    header->size = size <= sizeof(header->data) ? size : 0;
    if (header->size)
        memcpy(header->data, data, header->size);
}

int ff_onedva_repeat_header(AVBSFContext *ctx, AVPacket *pkt, OneDVAHeader *header)
{
    struct onedva_packet_info info;
    struct onedva_stream stream;
    size_t size;
    const uint8_t *data = av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, &size);

    if (data)
        set_header(header, data, size);
    else if (!header->size)
        set_header(header, ctx->par_in->extradata, ctx->par_in->extradata_size);
    if (onedva_packet_get_info(&info, pkt->data, pkt->size) < 0 || info.kind == ONEDVA_PACKET_FRAME)
        return 0; // what is wrong with it the decoder will say
    if (info.has_stream)
        return write_header(header->data, &header->size, &info.stream);
    if (!info.is_key || info.whole_layers < info.layers ||
        onedva_stream_header_parse(&stream, header->data, header->size) < 0)
        return 0;
    return change_packet(ctx, pkt, &stream);
}

/// Take over and change the stream header in a packet's side data.
static int change_side_data(AVBSFContext *ctx, AVPacket *pkt)
{
    OneDVAMetadataContext *s = ctx->priv_data;
    uint8_t header[ONEDVA_MAX_STREAM_HEADER];
    size_t size;
    uint8_t *data = av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, &size);
    int ret;

    if (!data)
        return 0;
    s->has_stream = onedva_stream_header_parse(&s->stream, data, size) >= 0;
    if (!s->has_stream) // the decoder will say so
        return 0;
    if (changes_fields(s)) {
        change_fields(s, &s->stream);
        ret = write_header(header, &size, &s->stream);
        if (ret < 0)
            return ret;
        memcpy(data, header, size); // never longer: in as few bytes as it takes
        av_packet_shrink_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, size);
    }
    if (s->print)
        print_stream(ctx, &s->stream);
    return 0;
}

/// Change the packet's stream header, or give it one.
static int change_header(AVBSFContext *ctx, AVPacket *pkt, struct onedva_packet_info *info)
{
    OneDVAMetadataContext *s = ctx->priv_data;

    if (info->has_stream) {
        change_fields(s, &info->stream);
        s->stream     = info->stream;
        s->has_stream = 1;
    }
    if (info->has_stream ? changes_fields(s) : s->repeat_headers && s->has_stream && info->is_key)
        return change_packet(ctx, pkt, &s->stream);
    return 0;
}

static int metadata_filter(AVBSFContext *ctx, AVPacket *pkt)
{
    const OneDVAMetadataContext *s = ctx->priv_data;
    struct onedva_packet_info info;
    int status, ret;

    ret = onedva_bsf_get_packet(ctx, pkt);
    if (ret < 0 || !pkt->size) // AVI has empty ones
        return ret;
    ret = change_side_data(ctx, pkt);
    status = onedva_packet_get_info(&info, pkt->data, pkt->size);
    if (status < 0 || info.whole_layers < info.layers)
        av_log(ctx, AV_LOG_WARNING, "packet of %d bytes is passed on as it is: %s\n", pkt->size,
               status < 0 ? onedva_status_text(status) : "it is cut short");
    else if (ret >= 0 && info.kind != ONEDVA_PACKET_FRAME)
        ret = change_header(ctx, pkt, &info);
    if (ret < 0) {
        av_packet_unref(pkt);
        return ret;
    }
    if (status >= 0 && s->print)
        print_packet(ctx, pkt, &info);
    return 0;
}

#define OFFSET(x) offsetof(OneDVAMetadataContext, x)
#define FLAGS (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_BSF_PARAM)
#define NAMED(name, value, unit_) \
    { name, NULL, 0, AV_OPT_TYPE_CONST, { .i64 = value }, .flags = FLAGS, .unit = unit_ }
static const AVOption options[] = {
    { "color_range", "set the range of samples", OFFSET(color_range), AV_OPT_TYPE_INT,
      { .i64 = -1 }, -1, AVCOL_RANGE_JPEG, FLAGS, .unit = "range" },
        NAMED("unknown", AVCOL_RANGE_UNSPECIFIED, "range"),
        NAMED("tv", AVCOL_RANGE_MPEG, "range"),
        NAMED("pc", AVCOL_RANGE_JPEG, "range"),
    { "color_primaries", "set the primaries (ISO/IEC 23091-2, section 8.1)",
      OFFSET(color_primaries), AV_OPT_TYPE_INT, { .i64 = -1 }, -1, UINT8_MAX, FLAGS },
    { "transfer_characteristics", "set the transfer characteristics (section 8.2)",
      OFFSET(transfer_characteristics), AV_OPT_TYPE_INT, { .i64 = -1 }, -1, UINT8_MAX, FLAGS },
    { "matrix_coefficients", "set the matrix (section 8.3)", OFFSET(matrix_coefficients),
      AV_OPT_TYPE_INT, { .i64 = -1 }, -1, UINT8_MAX, FLAGS },
    { "chroma_location", "set where chroma samples lie", OFFSET(chroma_location), AV_OPT_TYPE_INT,
      { .i64 = -1 }, -1, AVCHROMA_LOC_BOTTOM, FLAGS, .unit = "location" },
        NAMED("unspecified", AVCHROMA_LOC_UNSPECIFIED, "location"),
        NAMED("left", AVCHROMA_LOC_LEFT, "location"),
        NAMED("center", AVCHROMA_LOC_CENTER, "location"),
        NAMED("topleft", AVCHROMA_LOC_TOPLEFT, "location"),
        NAMED("top", AVCHROMA_LOC_TOP, "location"),
        NAMED("bottomleft", AVCHROMA_LOC_BOTTOMLEFT, "location"),
        NAMED("bottom", AVCHROMA_LOC_BOTTOM, "location"),
    { "repeat_headers", "put the stream header into every keyframe, for containers that cannot say that it "
      "changes", OFFSET(repeat_headers), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, FLAGS },
    { "print", "print the stream header and each packet's header", OFFSET(print),
      AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, FLAGS },
    { NULL },
};

static const AVClass onedva_metadata_class = {
    .class_name = "onedva_metadata",
    .item_name  = av_default_item_name,
    .option     = options,
    .version    = LIBAVUTIL_VERSION_INT,
};

static const enum AVCodecID codec_ids[] = {
    AV_CODEC_ID_ONEDVA, AV_CODEC_ID_NONE,
};

const FFBitStreamFilter ff_onedva_metadata_bsf = {
    .p.name         = "onedva_metadata",
    .p.codec_ids    = codec_ids,
    .p.priv_class   = &onedva_metadata_class,
    .priv_data_size = sizeof(OneDVAMetadataContext),
    .init           = metadata_init,
    .filter         = metadata_filter,
};
