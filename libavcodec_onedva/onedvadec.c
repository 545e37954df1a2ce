/*
 * One-DVA decoder: turns a packet into the frames of its clip
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <stdio.h>

#include "libavutil/avutil.h"
#include "libavutil/opt.h"
#include "libavutil/timestamp.h"

#include "avcodec.h"
#include "codec_internal.h"
#include "decode.h"
#include "internal.h"
#include "onedva.h"

#define MAX_PACKETS 9 ///< no library looks further ahead

typedef struct OneDVADecContext {
    const AVClass *class;
    OneDVAModelOptions model_options;
    OneDVADecodeOptions options;

    OneDVALog log;
    onedva_model *model;
    onedva_decoder *decoder;
    int open_error; ///< why the model or the decoder could not be opened
    AVPacket *pkt;                  ///< that is being decoded
    AVPacket *packets[MAX_PACKETS]; ///< that come next
    int nb_packets;
    int nb_announced; ///< the first of them, which the library has begun to read
    AVFrame *frames[ONEDVA_MAX_CLIP_FRAMES];
    int nb_frames;  ///< of the clip decoded last
    int next_frame; ///< the first of them not yet output
    int64_t next_pts;  ///< where a packet begins that continues the one decoded last
    int64_t tolerance; ///< of the container's rounding
    int is_on_time;    ///< the packet decoded last lasts as long as its frames, or longer for a gap
    int is_interrupted; ///< what is decoded next does not continue what was output last
} OneDVADecContext;

static void set_colour(AVCodecContext *avctx, const struct onedva_stream *stream)
{
    // what the stream does not specify is left as the container said
    if (stream->full_range != AVCOL_RANGE_UNSPECIFIED)
        avctx->color_range = stream->full_range;
    if (stream->colour_primaries != AVCOL_PRI_UNSPECIFIED)
        avctx->color_primaries = stream->colour_primaries;
    if (stream->transfer != AVCOL_TRC_UNSPECIFIED)
        avctx->color_trc = stream->transfer;
    if (stream->matrix != AVCOL_SPC_UNSPECIFIED)
        avctx->colorspace = stream->matrix;
    if (stream->chroma_location != AVCHROMA_LOC_UNSPECIFIED)
        avctx->chroma_sample_location = stream->chroma_location;
}

static int set_stream(AVCodecContext *avctx, const struct onedva_stream *stream)
{
    int ret;

    // the parser refuses 0
    if (stream->timebase_num > INT_MAX || stream->timebase_den > INT_MAX) {
        av_log(avctx, AV_LOG_ERROR, "stream header: time base %"PRIu32"/%"PRIu32" has a number above %d\n",
               stream->timebase_num, stream->timebase_den, INT_MAX);
        return AVERROR_INVALIDDATA;
    }
    if (avctx->width != stream->width || avctx->height != stream->height) {
        ret = ff_set_dimensions(avctx, stream->width, stream->height);
        if (ret < 0)
            return ret;
    }
    avctx->pix_fmt = AV_PIX_FMT_YUV420P;
    set_colour(avctx, stream);
    if (stream->sar_num && stream->sar_num <= INT_MAX && stream->sar_den <= INT_MAX)
        ff_set_sar(avctx, (AVRational) { stream->sar_num, stream->sar_den });
    if (stream->frame_duration)
        av_reduce(&avctx->framerate.num, &avctx->framerate.den, stream->timebase_den,
                  (int64_t)stream->timebase_num * stream->frame_duration, INT_MAX);
    return 0;
}

static av_cold int onedva_decode_init(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;
    struct onedva_stream stream;
    int ret;

    s->log.avcl = avctx;
    s->next_pts = AV_NOPTS_VALUE;
    s->pkt      = av_packet_alloc();
    if (!s->pkt)
        return AVERROR(ENOMEM);
    for (int i = 0; i < MAX_PACKETS; i++) {
        s->packets[i] = av_packet_alloc();
        if (!s->packets[i])
            return AVERROR(ENOMEM);
    }
    for (int i = 0; i < ONEDVA_MAX_CLIP_FRAMES; i++) {
        s->frames[i] = av_frame_alloc();
        if (!s->frames[i])
            return AVERROR(ENOMEM);
    }
    if (avctx->extradata_size <= 0)
        return 0;
    ret = onedva_stream_header_parse(&stream, avctx->extradata, avctx->extradata_size);
    ret = ff_onedva_check(&s->log, ret, "stream header");
    return ret < 0 ? ret : set_stream(avctx, &stream);
}

static int set_stream_header(OneDVADecContext *s, const uint8_t *data, size_t size)
{
    s->nb_announced = 0;
    return ff_onedva_check(&s->log, onedva_decoder_set_stream_header(s->decoder, data, size),
                           "stream header");
}

/** Open the model with the first packet, so that probing a file costs no model. */
static av_cold int open_decoder(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;
    struct onedva_decoder_settings settings;
    int ret = ff_onedva_model_open(&s->model, &s->model_options, &s->log);

    if (ret < 0)
        return ret;
    ff_onedva_decoder_settings(&settings, &s->options, &s->model_options, &s->log);
    // no larger picture gets a buffer, and the library must not find memory for its latents
    settings.max_pixels = av_clip64(avctx->max_pixels, 1, INT_MAX / 8);
    settings.threads    = ff_onedva_threads(avctx->thread_count);
    settings.bitexact   = !!(avctx->flags & AV_CODEC_FLAG_BITEXACT);
    ret = ff_onedva_check(&s->log, onedva_decoder_open(&s->decoder, s->model, &settings),
                          "opening the decoder");
    if (ret < 0 || avctx->extradata_size <= 0)
        return ret;
    return set_stream_header(s, avctx->extradata, avctx->extradata_size);
}

static void clear_frames(OneDVADecContext *s)
{
    for (int i = s->next_frame; i < s->nb_frames; i++)
        av_frame_unref(s->frames[i]);
    s->nb_frames = s->next_frame = 0;
}

/** Between the ticks of a clip and the times of its packets. */
typedef struct ClipClock {
    AVRational stream_tb, pkt_tb;
    int64_t start;    ///< of the packet
    int64_t duration; ///< of the packet, which the clip's ticks are spread over; 0: they are its own
    int64_t ticks;    ///< of the clip
} ClipClock;

static int64_t to_packet_time(const ClipClock *clock, int64_t ticks)
{
    if (clock->duration)
        return av_rescale(ticks, clock->duration, clock->ticks);
    return av_rescale_q(ticks, clock->stream_tb, clock->pkt_tb);
}

/**
 * The time of a tick of a clip in the packets' time base.
 *
 * The clip's start is first brought back to the encoder's grid, so that a coarser container
 * rounds every frame as if it had a packet of its own; unless the start is off that grid.
 */
static int64_t clip_time(const ClipClock *clock, int64_t ticks)
{
    const int64_t grid = av_rescale_q(clock->start, clock->pkt_tb, clock->stream_tb);

    if (!clock->duration && av_rescale_q(grid, clock->stream_tb, clock->pkt_tb) == clock->start)
        return av_rescale_q(av_sat_add64(grid, ticks), clock->stream_tb, clock->pkt_tb);
    return av_sat_add64(clock->start, to_packet_time(clock, ticks));
}

/** @param b may be what av_rescale_q() gives for too large a number */
static int is_near(int64_t a, int64_t b, int64_t tolerance)
{
    return FFABS(av_sat_sub64(a, b)) <= tolerance;
}

/** Whether the packet lasts so long that its frames were given other times after encoding. */
static int is_retimed(OneDVADecContext *s, const ClipClock *clock, int64_t duration,
                      const struct onedva_clip *clip)
{
    const int64_t expected = av_rescale_q(clock->ticks, clock->stream_tb, clock->pkt_tb);
    const int64_t at_frame_rate = av_rescale_q((int64_t)clip->frames * clip->stream.frame_duration,
                                               clock->stream_tb, clock->pkt_tb);
    const int64_t tolerance = FFMAX(expected / clip->frames / 8, 1);

    // libavformat makes it up where the container does not say: as one frame, by the frame rate, or
    // by that of the packets where there is none
    if (!at_frame_rate || (clip->frames > 1 && duration <= expected / clip->frames + tolerance))
        return 0;
    // where the packet before lasted as long as its frames, one that lasts longer has a gap behind it
    s->is_on_time = is_near(duration, expected, tolerance) || is_near(duration, at_frame_rate, 1) ||
                    (s->is_on_time && duration > expected);
    return !s->is_on_time;
}

static ClipClock clip_clock(const AVCodecContext *avctx, const AVPacket *pkt,
                            const struct onedva_clip *clip)
{
    OneDVADecContext *s = avctx->priv_data;
    ClipClock clock = {
        .stream_tb = { clip->stream.timebase_num, clip->stream.timebase_den },
        .start     = pkt->pts != AV_NOPTS_VALUE ? pkt->pts : pkt->dts,
    };
    int is_known = avctx->pkt_timebase.num > 0;

    clock.pkt_tb = is_known ? avctx->pkt_timebase : clock.stream_tb;
    for (int i = 0; i < clip->frames; i++)
        clock.ticks += clip->durations[i];
    // a program that does not say what its times are in still says how long a packet lasts
    if (clock.ticks && pkt->duration >= clip->frames &&
        (!is_known || is_retimed(s, &clock, pkt->duration, clip)))
        clock.duration = pkt->duration;
    return clock;
}

static void set_timestamps(const AVCodecContext *avctx, const AVPacket *pkt,
                           const struct onedva_clip *clip)
{
    OneDVADecContext *s = avctx->priv_data;
    const ClipClock clock = clip_clock(avctx, pkt, clip);
    int64_t ticks = 0;

    for (int i = 0; i < clip->frames; i++) {
        AVFrame *frame = s->frames[i];
        int64_t duration = clip->durations[i];

        if (!duration && pkt->duration > 0)
            duration = av_rescale_q(pkt->duration, clock.pkt_tb, clock.stream_tb) / clip->frames;

        frame->pts = frame->pkt_dts = AV_NOPTS_VALUE;
        frame->duration = to_packet_time(&clock, duration);
        if (clock.start != AV_NOPTS_VALUE && (!i || ticks)) {
            frame->pts = frame->pkt_dts = clip_time(&clock, ticks);
            frame->duration = av_sat_sub64(clip_time(&clock, av_sat_add64(ticks, duration)),
                                           frame->pts);
        }
        // an edit list hides a packet that begins before its start, which is 0
        if (clock.start < 0 && frame->pts >= 0)
            frame->flags &= ~AV_FRAME_FLAG_DISCARD;
        ticks = av_sat_add64(ticks, duration);
        s->next_pts  = frame->pts == AV_NOPTS_VALUE ? AV_NOPTS_VALUE
                                                    : av_sat_add64(frame->pts, frame->duration);
        s->tolerance = FFMAX(frame->duration / 2, 1);
    }
}

/** Smoothing from packet to packet must not go across a gap. */
static void check_continuity(OneDVADecContext *s, const AVPacket *pkt)
{
    const int64_t start = pkt->pts != AV_NOPTS_VALUE ? pkt->pts : pkt->dts;

    if (s->next_pts != AV_NOPTS_VALUE && start != AV_NOPTS_VALUE &&
        (start > av_sat_add64(s->next_pts, s->tolerance) ||
         start < av_sat_sub64(s->next_pts, s->tolerance)))
        s->is_interrupted = 1;
    if (s->is_interrupted && s->options.smooth_clips) {
        onedva_decoder_flush(s->decoder);
        s->nb_announced = 0;
    }
    s->is_interrupted = 0;
}

/** The stream does not know of fields, but its container may. */
static void set_fields(AVFrame *frame, enum AVFieldOrder order)
{
    if (order > AV_FIELD_PROGRESSIVE)
        frame->flags |= AV_FRAME_FLAG_INTERLACED;
    if (order == AV_FIELD_TT || order == AV_FIELD_TB)
        frame->flags |= AV_FRAME_FLAG_TOP_FIELD_FIRST;
}

static int get_frames(AVCodecContext *avctx, const AVPacket *pkt, const struct onedva_clip *clip)
{
    OneDVADecContext *s = avctx->priv_data;
    int ret;

    for (s->nb_frames = 0; s->nb_frames < clip->frames; s->nb_frames++) {
        AVFrame *frame = s->frames[s->nb_frames];

        ret = ff_get_buffer(avctx, frame, 0);
        if (ret < 0)
            return ret;
        // joined files may be turned each its own way; FFmpeg would take what the stream says
        if (av_packet_get_side_data(pkt, AV_PKT_DATA_DISPLAYMATRIX, NULL))
            av_frame_remove_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
        ret = ff_decode_frame_props_from_pkt(avctx, frame, pkt);
        if (ret < 0) {
            av_frame_unref(frame);
            return ret;
        }
        frame->pict_type = AV_PICTURE_TYPE_I;
        frame->flags |= AV_FRAME_FLAG_KEY;
        set_fields(frame, avctx->field_order);
        if (clip->layers_decoded < clip->layers)
            frame->flags |= AV_FRAME_FLAG_CORRUPT;
    }
    return ff_onedva_reconstruct(s->decoder, &s->log, s->frames, clip->frames);
}

/** Read the packet's latents and what its headers say of the stream. */
static int read_packet(AVCodecContext *avctx, const AVPacket *pkt, struct onedva_clip *clip)
{
    OneDVADecContext *s = avctx->priv_data;
    size_t size;
    const uint8_t *header = av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, &size);
    int ret = header ? set_stream_header(s, header, size) : 0;

    if (ret < 0)
        return ret;
    snprintf(s->log.where, sizeof(s->log.where), "at %s s: ",
             av_ts2timestr(pkt->pts, &avctx->pkt_timebase));
    ret = onedva_decoder_read_packet(s->decoder, pkt->data, pkt->size, clip);
    ret = ff_onedva_check(&s->log, ret, "packet");
    s->log.where[0] = 0;
    if (ret >= 0 && clip->layers_decoded < clip->layers && (avctx->err_recognition & AV_EF_EXPLODE))
        ret = AVERROR_INVALIDDATA;
    return ret < 0 ? ret : set_stream(avctx, &clip->stream);
}

/** Let the library begin with the packets up to one that brings another stream header. */
static void announce_packets(OneDVADecContext *s)
{
    for (; s->nb_announced < s->nb_packets; s->nb_announced++) {
        const AVPacket *pkt = s->packets[s->nb_announced];

        if (av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, NULL) ||
            !onedva_decoder_announce_packet(s->decoder, pkt->data, pkt->size))
            return;
    }
}

/** Take the first packet of those that wait. */
static void next_packet(OneDVADecContext *s)
{
    av_packet_move_ref(s->pkt, s->packets[0]);
    s->nb_packets--;
    s->nb_announced -= s->nb_announced > 0;
    for (int i = 0; i < s->nb_packets; i++)
        FFSWAP(AVPacket *, s->packets[i], s->packets[i + 1]);
}

static int decode_packet(AVCodecContext *avctx, const AVPacket *pkt)
{
    OneDVADecContext *s = avctx->priv_data;
    struct onedva_clip clip;
    int ret;

    if (s->open_error < 0)
        return s->open_error;

    check_continuity(s, pkt);
    ret = read_packet(avctx, pkt, &clip);
    announce_packets(s);
    if (ret < 0 || avctx->skip_frame >= AVDISCARD_ALL) {
        s->is_interrupted = 1;
        return ret;
    }

    ret = get_frames(avctx, pkt, &clip);
    if (ret < 0) {
        clear_frames(s);
        return ret;
    }
    set_timestamps(avctx, pkt, &clip);
    return 0;
}

/** How many packets to have beside the one that is decoded next. */
static int lookahead(const AVCodecContext *avctx)
{
    const OneDVADecContext *s = avctx->priv_data;

    if (!s->decoder || (avctx->flags & AV_CODEC_FLAG_LOW_DELAY))
        return 0;
    return FFMIN(onedva_decoder_lookahead(s->decoder), MAX_PACKETS - 1);
}

/** Get as many packets as there should be, or what is left of them at the end. */
static int get_packets(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;

    while (s->nb_packets <= lookahead(avctx)) {
        int ret = ff_decode_get_packet(avctx, s->packets[s->nb_packets]);

        if (ret == AVERROR_EOF && s->nb_packets)
            return 0;
        if (ret < 0)
            return ret;
        s->nb_packets++;
        if (!s->decoder && !s->open_error)
            s->open_error = open_decoder(avctx);
    }
    return 0;
}

static int onedva_receive_frame(AVCodecContext *avctx, AVFrame *frame)
{
    OneDVADecContext *s = avctx->priv_data;

    while (s->next_frame == s->nb_frames) {
        int ret = get_packets(avctx);

        s->next_frame = s->nb_frames = 0;
        if (ret < 0)
            return ret;
        next_packet(s);
        ret = decode_packet(avctx, s->pkt);
        av_packet_unref(s->pkt);
        if (ret < 0)
            return ret;
    }
    av_frame_move_ref(frame, s->frames[s->next_frame++]);
    return 0;
}

static void onedva_decode_flush(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;

    clear_frames(s);
    s->next_pts   = AV_NOPTS_VALUE;
    s->is_on_time = 0;
    while (s->nb_packets)
        av_packet_unref(s->packets[--s->nb_packets]);
    s->nb_announced = 0;
    if (s->decoder)
        onedva_decoder_flush(s->decoder);
}

static av_cold int onedva_decode_close(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;

    onedva_decoder_close(&s->decoder);
    onedva_model_close(&s->model);
    for (int i = 0; i < ONEDVA_MAX_CLIP_FRAMES; i++)
        av_frame_free(&s->frames[i]);
    for (int i = 0; i < MAX_PACKETS; i++)
        av_packet_free(&s->packets[i]);
    av_packet_free(&s->pkt);
    return 0;
}

#define OFFSET(x) offsetof(OneDVADecContext, x)
#define VD (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_DECODING_PARAM)
static const AVOption options[] = {
    ONEDVA_DECODE_OPTIONS(OFFSET(options), VD),
    ONEDVA_MODEL_OPTIONS(OFFSET(model_options), VD),
    { NULL },
};

static const AVClass onedva_decoder_class = {
    .class_name = "onedva decoder",
    .item_name  = av_default_item_name,
    .option     = options,
    .version    = LIBAVUTIL_VERSION_INT,
};

const FFCodec ff_onedva_decoder = {
    .p.name         = "onedva",
    CODEC_LONG_NAME("One-DVA learned video codec"),
    .p.type         = AVMEDIA_TYPE_VIDEO,
    .p.id           = AV_CODEC_ID_ONEDVA,
    .p.capabilities = AV_CODEC_CAP_DR1 | AV_CODEC_CAP_DELAY | AV_CODEC_CAP_OTHER_THREADS,
    .p.priv_class   = &onedva_decoder_class,
    .p.wrapper_name = "libonedva",
    .caps_internal  = FF_CODEC_CAP_INIT_CLEANUP | FF_CODEC_CAP_AUTO_THREADS |
                      FF_CODEC_CAP_SKIP_FRAME_FILL_PARAM | FF_CODEC_CAP_SETS_FRAME_PROPS,
    .priv_data_size = sizeof(OneDVADecContext),
    .init           = onedva_decode_init,
    FF_CODEC_RECEIVE_FRAME_CB(onedva_receive_frame),
    .flush          = onedva_decode_flush,
    .close          = onedva_decode_close,
};
