/*
 * One-DVA decoder: decodes clips, and shows the frame that each packet is of
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <stdio.h>

#include "libavutil/avutil.h"
#include "libavutil/fifo.h"
#include "libavutil/opt.h"
#include "libavutil/timestamp.h"

#include "avcodec.h"
#include "bsf.h"
#include "codec_internal.h"
#include "decode.h"
#include "hwconfig.h"
#include "internal.h"
#include "onedva.h"
#include "onedva_device.h"

#define MAX_PACKETS 9 ///< no library looks further ahead than to the ninth clip

typedef struct OneDVADecContext {
    const AVClass *class;
    OneDVAModelOptions model_options;
    OneDVADecodeOptions options;

    OneDVALog log;
    onedva_model *model;
    onedva_decoder *decoder;
    int open_error; ///< why the model or the decoder could not be opened
    AVBSFContext *split;  ///< makes a packet for each frame of those of whole clips
    AVPacket *pkt;        ///< that is being decoded
    AVFifo *packets;      ///< AVPacket *, that come next
    int nb_clips;         ///< of them, those that begin a clip
    size_t nb_announced;  ///< the first of them, which the library has begun to read
    AVFrame *frames[ONEDVA_MAX_CLIP_FRAMES]; ///< of the clip decoded last
    int has_frames; ///< it was decoded
    int64_t next_pts;  ///< where a packet begins that continues the one decoded last
    int64_t tolerance; ///< of the container's rounding
    int is_interrupted; ///< what is decoded next does not continue what was output last
    int has_key;        ///< a keyframe of the stream came since its start or a seek
    int is_left_out;    ///< the clip in progress was not read
    int depth;      ///< bits of the stream's samples
    OneDVADevice device;
    int has_device; ///< the decoder computes on that device, where frames may be
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

/** Frames of the size that the stream has, unless the caller has brought some. */
static int set_frames(AVCodecContext *avctx)
{
    const OneDVADecContext *s = avctx->priv_data;
    AVHWFramesContext *frames;

    if (avctx->hw_frames_ctx) {
        frames = (AVHWFramesContext *)avctx->hw_frames_ctx->data;
        if (frames->device_ref->data == s->device.ref->data && frames->sw_format == AV_PIX_FMT_YUV420P)
            return 0;
        av_log(avctx, AV_LOG_ERROR, "hw_frames_ctx must have frames of yuv420p on the device of hw_device_ctx\n");
        return AVERROR(EINVAL);
    }
    avctx->hw_frames_ctx = av_hwframe_ctx_alloc(s->device.ref);
    if (!avctx->hw_frames_ctx)
        return AVERROR(ENOMEM);
    frames            = (AVHWFramesContext *)avctx->hw_frames_ctx->data;
    frames->format    = s->device.format;
    frames->sw_format = AV_PIX_FMT_YUV420P;
    // images of three planes have even sizes, and CUDA frames no odd row of chroma
    frames->width     = FFALIGN(avctx->coded_width, 2);
    frames->height    = FFALIGN(avctx->coded_height, 2);
    return av_hwframe_ctx_init(avctx->hw_frames_ctx);
}

/** Let the caller choose where frames are: in memory, or on a device, too. @param device AV_PIX_FMT_NONE: there is none */
static int choose_format(AVCodecContext *avctx, enum AVPixelFormat device)
{
    const OneDVADecContext *s = avctx->priv_data;
    const enum AVPixelFormat formats[] = { device, ff_onedva_pix_fmt(s->depth), AV_PIX_FMT_NONE };
    const int ret = ff_get_format(avctx, formats + (device == AV_PIX_FMT_NONE));

    if (ret < 0)
        return AVERROR(EINVAL);
    avctx->pix_fmt = ret;
    return 0;
}

/** @param is_new whether the size or the depth is another one than before */
static int set_format(AVCodecContext *avctx, int is_new)
{
    const OneDVADecContext *s = avctx->priv_data;
    int ret;

    if (!s->has_device || s->depth > 8) {
        avctx->pix_fmt = ff_onedva_pix_fmt(s->depth);
        return 0;
    }
    ret = is_new ? choose_format(avctx, s->device.format) : 0;
    if (ret >= 0 && avctx->pix_fmt == s->device.format)
        ret = set_frames(avctx);
    return ret;
}

static int set_stream(AVCodecContext *avctx, const struct onedva_stream *stream)
{
    OneDVADecContext *s = avctx->priv_data;
    int ret, is_new;

    // the parser refuses 0
    if (stream->timebase_num > INT_MAX || stream->timebase_den > INT_MAX) {
        av_log(avctx, AV_LOG_ERROR, "stream header: time base %"PRIu32"/%"PRIu32" has a number above %d\n",
               stream->timebase_num, stream->timebase_den, INT_MAX);
        return AVERROR_INVALIDDATA;
    }
    is_new = avctx->width != stream->width || avctx->height != stream->height;
    if (is_new) {
        ret = ff_set_dimensions(avctx, stream->width, stream->height);
        if (ret < 0)
            return ret;
    }
    is_new |= s->depth != stream->depth;
    s->depth = stream->depth;
    ret = set_format(avctx, is_new);
    if (ret < 0)
        return ret;
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
    s->depth    = 8;
    s->next_pts = AV_NOPTS_VALUE;
    s->pkt      = av_packet_alloc();
    if (!s->pkt)
        return AVERROR(ENOMEM);
    s->packets = av_fifo_alloc2(MAX_PACKETS, sizeof(AVPacket *), AV_FIFO_FLAG_AUTO_GROW);
    if (!s->packets)
        return AVERROR(ENOMEM);
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

/** Open the filter with the first packet, when programs have said what times are in. */
static av_cold int open_split(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;
    int ret = av_bsf_alloc(av_bsf_get_by_name("onedva_split"), &s->split);

    if (ret >= 0)
        ret = avcodec_parameters_from_context(s->split->par_in, avctx);
    if (ret >= 0) {
        s->split->time_base_in = avctx->pkt_timebase;
        ret = av_bsf_init(s->split);
    }
    if (ret < 0)
        av_bsf_free(&s->split);
    return ret;
}

static int set_stream_header(OneDVADecContext *s, const uint8_t *data, size_t size)
{
    s->nb_announced = 0;
    s->has_key      = 0; // no clip is predicted from one of another stream
    return ff_onedva_check(&s->log, onedva_decoder_set_stream_header(s->decoder, data, size),
                           "stream header");
}

/** Whether the caller wants frames of a device, and they can be had. */
static int wants_device(AVCodecContext *avctx)
{
    const OneDVADecContext *s       = avctx->priv_data;
    const enum AVPixelFormat format = ff_onedva_device_format(avctx->hw_device_ctx);
    int ret;

    if (format == AV_PIX_FMT_NONE)
        return 0;
    if (s->depth > 8) {
        av_log(avctx, AV_LOG_WARNING, "frames of memory: pictures of %d bits are computed on the CPU only\n", s->depth);
        return 0;
    }
    ret = choose_format(avctx, format);
    if (ret < 0 || avctx->pix_fmt != format)
        return ret;
    if (!s->options.smooth_clips)
        return 1;
    av_log(avctx, AV_LOG_WARNING, "frames of memory: -smooth_clips has no others\n");
    return 0;
}

/** Open the decoder on the caller's device: has_device says whether it does, or else one line why not. */
static int open_on_device(AVCodecContext *avctx, const struct onedva_decoder_settings *settings)
{
    OneDVADecContext *s = avctx->priv_data;
    struct onedva_decoder_settings with = *settings;
    int ret = ff_onedva_device_init(&s->device, avctx->hw_device_ctx);

    if (ret < 0)
        return ret;
    ff_onedva_use_device(&with, &s->device);
    snprintf(s->log.where, sizeof(s->log.where), "frames of memory: ");
    s->log.is_attempt = 1;
    ret = ff_onedva_check(&s->log, onedva_decoder_open(&s->decoder, s->model, &with), "opening the decoder");
    s->log.is_attempt = 0;
    s->log.where[0]   = 0;
    s->has_device = ret >= 0;
    return 0;
}

/** Open the decoder where frames are wanted, or else where options say. */
static int open_somewhere(AVCodecContext *avctx, const struct onedva_decoder_settings *settings)
{
    OneDVADecContext *s = avctx->priv_data;
    int ret = wants_device(avctx);

    if (ret > 0)
        ret = open_on_device(avctx, settings);
    if (ret < 0 || s->has_device)
        return ret;
    if (avctx->pix_fmt != AV_PIX_FMT_NONE && avctx->pix_fmt != ff_onedva_pix_fmt(s->depth)) // a device's, which cannot be had
        ret = choose_format(avctx, AV_PIX_FMT_NONE);
    if (ret < 0)
        return ret;
    return ff_onedva_check(&s->log, onedva_decoder_open(&s->decoder, s->model, settings), "opening the decoder");
}

/** Open the model with the first packet, so that probing a file costs no model. */
static av_cold int open_decoder(AVCodecContext *avctx, const AVPacket *pkt)
{
    OneDVADecContext *s = avctx->priv_data;
    struct onedva_decoder_settings settings;
    struct onedva_packet_info info;
    int ret = ff_onedva_model_open(&s->model, &s->model_options, &s->log);

    if (ret < 0)
        return ret;
    if (onedva_packet_get_info(&info, pkt->data, pkt->size) >= 0 && info.has_stream)
        s->depth = info.stream.depth;
    ff_onedva_decoder_settings(&settings, &s->options, &s->model_options, &s->log);
    ff_onedva_set_depth(&settings, s->depth);
    // no larger picture gets a buffer, and the library must not find memory for its latents
    settings.max_pixels = av_clip64(avctx->max_pixels, 1, INT_MAX / 8);
    settings.threads    = ff_onedva_threads(avctx->thread_count);
    settings.bitexact   = !!(avctx->flags & AV_CODEC_FLAG_BITEXACT);
    ret = open_somewhere(avctx, &settings);
    if (ret < 0 || avctx->extradata_size <= 0)
        return ret;
    return set_stream_header(s, avctx->extradata, avctx->extradata_size);
}

static void clear_frames(OneDVADecContext *s)
{
    for (int i = 0; i < ONEDVA_MAX_CLIP_FRAMES; i++)
        av_frame_unref(s->frames[i]);
    s->has_frames = 0;
}

/** Smoothing from clip to clip must not go across a gap. An inter clip is of one piece with the clip before. */
static void check_continuity(OneDVADecContext *s, const AVPacket *pkt)
{
    const int64_t start = pkt->pts != AV_NOPTS_VALUE ? pkt->pts : pkt->dts;

    if (s->next_pts != AV_NOPTS_VALUE && start != AV_NOPTS_VALUE &&
        (start > av_sat_add64(s->next_pts, s->tolerance) ||
         start < av_sat_sub64(s->next_pts, s->tolerance)))
        s->is_interrupted = 1;
    if (s->is_interrupted && s->options.smooth_clips && onedva_packet_is_key(pkt->data, pkt->size)) {
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

static int decode_clip(AVCodecContext *avctx, const struct onedva_clip *clip)
{
    OneDVADecContext *s = avctx->priv_data;

    for (int i = 0; i < clip->frames; i++) {
        int ret = ff_get_buffer(avctx, s->frames[i], 0);

        if (ret < 0)
            return ret;
    }
    return ff_onedva_reconstruct_frames(s->decoder, &s->log, s->frames, clip->frames);
}

/** Say of a frame what kind of picture it is, and what it lacks. */
static void set_kind(AVFrame *frame, const struct onedva_clip *clip)
{
    frame->pict_type = AV_PICTURE_TYPE_P;
    if (clip->kind != ONEDVA_PACKET_FRAME && clip->is_key) {
        frame->pict_type = AV_PICTURE_TYPE_I;
        frame->flags |= AV_FRAME_FLAG_KEY;
    }
    if (clip->layers_decoded < clip->layers)
        frame->decode_error_flags |= FF_DECODE_ERROR_INVALID_BITSTREAM;
    if (clip->is_corrupt)
        frame->decode_error_flags |= FF_DECODE_ERROR_MISSING_REFERENCE;
    if (frame->decode_error_flags)
        frame->flags |= AV_FRAME_FLAG_CORRUPT;
}

/** Output a frame of the clip decoded last, with what its packet says of it. */
static int show_frame(AVCodecContext *avctx, const AVPacket *pkt, const struct onedva_clip *clip,
                      AVFrame *frame)
{
    OneDVADecContext *s = avctx->priv_data;
    int ret = av_frame_ref(frame, s->frames[clip->frame]);

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
    frame->pkt_dts = pkt->dts;
    if (frame->pts == AV_NOPTS_VALUE)
        frame->pts = pkt->dts;
    set_kind(frame, clip);
    set_fields(frame, avctx->field_order);
    s->next_pts  = frame->pts == AV_NOPTS_VALUE ? AV_NOPTS_VALUE
                                                : av_sat_add64(frame->pts, frame->duration);
    s->tolerance = FFMAX(frame->duration / 2, 1);
    return 1;
}

/** Read the packet: of a clip its latents and what its headers say of the stream. */
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
    if (ret < 0 || clip->kind == ONEDVA_PACKET_FRAME)
        return ret;
    if ((clip->layers_decoded < clip->layers || clip->is_corrupt) && (avctx->err_recognition & AV_EF_EXPLODE))
        return AVERROR_INVALIDDATA;
    return set_stream(avctx, &clip->stream);
}

/** Whether a packet is one of a later frame, which goes without decoding. */
static int is_later_frame(const AVPacket *pkt)
{
    enum onedva_packet_kind kind;

    return onedva_packet_get_kind(&kind, pkt->data, pkt->size) >= 0 && kind == ONEDVA_PACKET_FRAME;
}

static int is_inter_clip(const AVPacket *pkt)
{
    enum onedva_packet_kind kind;

    return onedva_packet_get_kind(&kind, pkt->data, pkt->size) >= 0 && kind != ONEDVA_PACKET_FRAME &&
           !onedva_packet_is_key(pkt->data, pkt->size);
}

static int brings_header(const AVPacket *pkt)
{
    return !!av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, NULL);
}

/** Whether a clip need not be read: keyframes alone are asked for, or there is no picture to predict from,
 *  so that there is nothing to show even where damaged pictures are wanted. */
static int must_leave_out(const AVCodecContext *avctx, const AVPacket *pkt)
{
    const OneDVADecContext *s = avctx->priv_data;

    return is_inter_clip(pkt) &&
           (avctx->skip_frame >= AVDISCARD_NONINTRA || !s->has_key || brings_header(pkt));
}

/** Let the library begin with the packets up to one that brings another stream header, or is left out. */
static void announce_packets(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;
    AVPacket *pkt;

    for (; av_fifo_peek(s->packets, &pkt, 1, s->nb_announced) >= 0; s->nb_announced++)
        if (brings_header(pkt) || must_leave_out(avctx, pkt) ||
            !onedva_decoder_announce_packet(s->decoder, pkt->data, pkt->size))
            return;
}

/** Take from a clip's packet what its headers say of the stream, and nothing else. */
static int leave_out(AVCodecContext *avctx, const AVPacket *pkt)
{
    OneDVADecContext *s = avctx->priv_data;
    struct onedva_packet_info info;
    size_t size;
    const uint8_t *header = av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, &size);
    int ret = header ? set_stream_header(s, header, size) : 0;

    if (!s->is_left_out && avctx->skip_frame < AVDISCARD_NONINTRA)
        av_log(avctx, AV_LOG_INFO, "at %s s: no keyframe yet, so frames are not shown up to the next one\n",
               av_ts2timestr(pkt->pts, &avctx->pkt_timebase));
    s->is_left_out    = 1;
    s->is_interrupted = 1;
    s->nb_announced   = 0; // with the next packet that it reads the library will forget this one and all others
    if (ret >= 0 && onedva_packet_get_info(&info, pkt->data, pkt->size) >= 0 && info.has_stream)
        ret = set_stream(avctx, &info.stream);
    return ret;
}

static int begin_clip(AVCodecContext *avctx, const AVPacket *pkt, struct onedva_clip *clip)
{
    OneDVADecContext *s = avctx->priv_data;
    int ret;

    clear_frames(s);
    check_continuity(s, pkt);
    if (must_leave_out(avctx, pkt))
        return leave_out(avctx, pkt);
    s->is_left_out = 0;
    ret = read_packet(avctx, pkt, clip);
    s->has_key |= ret >= 0 && clip->is_key;
    announce_packets(avctx);
    if (ret < 0 || avctx->skip_frame >= AVDISCARD_ALL) {
        s->is_interrupted = 1;
        return ret;
    }
    ret = decode_clip(avctx, clip);
    if (ret < 0) {
        clear_frames(s);
        return ret;
    }
    s->has_frames = 1;
    return 1;
}

/** @return 1 where there is a frame to show, 0 where there is none, or an error */
static int decode_packet(AVCodecContext *avctx, const AVPacket *pkt, AVFrame *frame)
{
    OneDVADecContext *s = avctx->priv_data;
    struct onedva_clip clip;
    int ret;

    if (!is_later_frame(pkt)) {
        ret = s->open_error < 0 ? s->open_error : begin_clip(avctx, pkt, &clip);
    } else if (s->open_error < 0 || s->is_left_out || avctx->skip_frame >= AVDISCARD_NONREF) {
        return 0;
    } else {
        ret = read_packet(avctx, pkt, &clip);
        // why those of a clip are missing was said with its packet
        if (ret >= 0)
            ret = s->has_frames && clip.frames;
    }
    return ret <= 0 ? ret : show_frame(avctx, pkt, &clip, frame);
}

/** Get a packet of one frame. */
static int get_packet(AVCodecContext *avctx, AVPacket *pkt)
{
    OneDVADecContext *s = avctx->priv_data;
    int ret;

    if (!s->split) {
        ret = open_split(avctx);
        if (ret < 0)
            return ret;
    }
    while ((ret = av_bsf_receive_packet(s->split, pkt)) == AVERROR(EAGAIN)) {
        ret = ff_decode_get_packet(avctx, pkt);
        if (ret < 0 && ret != AVERROR_EOF)
            return ret;
        ret = av_bsf_send_packet(s->split, ret < 0 ? NULL : pkt);
        if (ret < 0)
            return ret;
    }
    return ret;
}

/** Put a packet behind those that come next. */
static int queue_packet(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;
    AVPacket *pkt = av_packet_alloc();
    int ret = pkt ? get_packet(avctx, pkt) : AVERROR(ENOMEM);

    if (ret >= 0)
        ret = av_fifo_write(s->packets, &pkt, 1);
    if (ret < 0) {
        av_packet_free(&pkt);
        return ret;
    }
    s->nb_clips += !is_later_frame(pkt);
    if (!s->decoder && !s->open_error)
        s->open_error = open_decoder(avctx, pkt);
    return 0;
}

/** Whether there are as many packets as there should be before the first of them is decoded. */
static int has_packets(const AVCodecContext *avctx)
{
    const OneDVADecContext *s = avctx->priv_data;
    int lookahead = 0;
    AVPacket *first;

    if (av_fifo_peek(s->packets, &first, 1, 0) < 0)
        return 0;
    if (is_later_frame(first))
        return 1;
    if (s->decoder && !(avctx->flags & AV_CODEC_FLAG_LOW_DELAY))
        lookahead = FFMIN(onedva_decoder_lookahead(s->decoder), MAX_PACKETS - 1);
    // clips have no more frames, so what is beyond them is of none
    return s->nb_clips > lookahead ||
           av_fifo_can_read(s->packets) > (lookahead + 1) * ONEDVA_MAX_CLIP_FRAMES;
}

/** Take the first packet of those that wait. */
static void next_packet(OneDVADecContext *s)
{
    AVPacket *first;

    av_fifo_read(s->packets, &first, 1);
    av_packet_unref(s->pkt);
    av_packet_move_ref(s->pkt, first);
    av_packet_free(&first);
    s->nb_clips     -= !is_later_frame(s->pkt);
    s->nb_announced -= s->nb_announced > 0;
}

static int onedva_receive_frame(AVCodecContext *avctx, AVFrame *frame)
{
    OneDVADecContext *s = avctx->priv_data;
    int is_end, ret;

    // whatever comes of those before, what was sent is taken
    do
        ret = queue_packet(avctx);
    while (ret >= 0);
    is_end = ret == AVERROR_EOF;
    if (ret != AVERROR(EAGAIN) && !is_end)
        return ret;
    while (is_end ? av_fifo_can_read(s->packets) > 0 : has_packets(avctx)) {
        next_packet(s);
        ret = decode_packet(avctx, s->pkt, frame);
        if (ret)
            return FFMIN(ret, 0);
    }
    return is_end ? AVERROR_EOF : AVERROR(EAGAIN);
}

static void drop_packets(OneDVADecContext *s)
{
    AVPacket *pkt;

    while (s->packets && av_fifo_read(s->packets, &pkt, 1) >= 0)
        av_packet_free(&pkt);
    s->nb_clips     = 0;
    s->nb_announced = 0;
}

static void onedva_decode_flush(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;

    clear_frames(s);
    s->next_pts    = AV_NOPTS_VALUE;
    s->has_key     = 0;
    s->is_left_out = 0;
    drop_packets(s);
    if (s->split)
        av_bsf_flush(s->split);
    if (s->decoder)
        onedva_decoder_flush(s->decoder);
}

static av_cold int onedva_decode_close(AVCodecContext *avctx)
{
    OneDVADecContext *s = avctx->priv_data;

    onedva_decoder_close(&s->decoder);
    onedva_model_close(&s->model);
    av_buffer_unref(&s->device.ref);
    for (int i = 0; i < ONEDVA_MAX_CLIP_FRAMES; i++)
        av_frame_free(&s->frames[i]);
    drop_packets(s);
    av_fifo_freep2(&s->packets);
    av_packet_free(&s->pkt);
    av_bsf_free(&s->split);
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

#if ONEDVA_DEVICES
#define HW_CONFIG(device)                                              \
    &(const AVCodecHWConfigInternal) {                                 \
        .public = {                                                    \
            .pix_fmt     = AV_PIX_FMT_ ## device,                      \
            .methods     = AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX,    \
            .device_type = AV_HWDEVICE_TYPE_ ## device,                \
        },                                                             \
    }

static const AVCodecHWConfigInternal *const hw_configs[] = {
#if CONFIG_VULKAN
    HW_CONFIG(VULKAN),
#endif
#if CONFIG_CUDA
    HW_CONFIG(CUDA),
#endif
    NULL
};
#endif

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
#if ONEDVA_DEVICES
    .hw_configs     = hw_configs,
#endif
};
