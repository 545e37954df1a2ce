/*
 * One-DVA encoder: collects frames to clips; a clip's packet shows its first frame, and each later one has its own
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <string.h>

#include "libavutil/avutil.h"
#include "libavutil/bprint.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"

#include "avcodec.h"
#include "codec_internal.h"
#include "encode.h"
#include "hwconfig.h"
#include "onedva.h"
#include "onedva_device.h"
#include "onedva_versions.h"

/** The packets of a clip's frames, or the one of all of them. */
typedef struct OneDVAPackets {
    AVFrame *props[ONEDVA_MAX_CLIP_FRAMES]; ///< properties of the frames that packets begin with
    int64_t durations[ONEDVA_MAX_CLIP_FRAMES];
    uint8_t data[ONEDVA_MAX_CLIP_FRAMES][ONEDVA_FRAME_PACKET_SIZE]; ///< of packets of later frames
    int is_key; ///< decoding can begin with the first one
    int quality;
    int nb_packets;
    int next; ///< the first one that has not come out
} OneDVAPackets;

typedef struct OneDVAEncContext {
    const AVClass *class;
    OneDVAModelOptions model_options;
    OneDVAEncodeOptions options;

    OneDVALog log;
    onedva_model *model;
    onedva_encoder *encoder;
    OneDVAClip clip;
    AVFrame *next; ///< received, not yet in the clip: its pts ends the frame before

    OneDVAPackets begun[2]; ///< of clips that were begun and not ended
    int nb_begun;
    OneDVAPackets ended; ///< of the clip that was ended last
    int delay; ///< how many clips are begun before the first of them is ended
    int error; ///< that comes out after them
    OneDVADevice device; ///< of frames, where the encoder computes on it
} OneDVAEncContext;

static av_cold int alloc_packets(OneDVAPackets *packets)
{
    for (int i = 0; i < FF_ARRAY_ELEMS(packets->props); i++)
        if (!(packets->props[i] = av_frame_alloc()))
            return 0;
    return 1;
}

static av_cold void free_packets(OneDVAPackets *packets)
{
    for (int i = 0; i < FF_ARRAY_ELEMS(packets->props); i++)
        av_frame_free(&packets->props[i]);
}

static void drop_packets(OneDVAPackets *packets)
{
    for (int i = 0; i < packets->nb_packets; i++)
        av_frame_unref(packets->props[i]);
    packets->nb_packets = packets->next = 0;
}

static struct onedva_stream stream_from_context(const AVCodecContext *avctx)
{
    struct onedva_stream stream = ff_onedva_stream(avctx->width, avctx->height, avctx->pix_fmt,
                                                   avctx->time_base, avctx->framerate);

    if (avctx->sample_aspect_ratio.num > 0 && avctx->sample_aspect_ratio.den > 0) {
        stream.sar_num = avctx->sample_aspect_ratio.num;
        stream.sar_den = avctx->sample_aspect_ratio.den;
    }
    stream.full_range       = avctx->color_range;
    stream.colour_primaries = avctx->color_primaries;
    stream.transfer         = avctx->color_trc;
    stream.matrix           = avctx->colorspace;
    stream.chroma_location  = avctx->chroma_sample_location;
    return stream;
}

static int set_extradata(AVCodecContext *avctx)
{
    OneDVAEncContext *s = avctx->priv_data;
    const uint8_t *header;
    size_t size;

    onedva_encoder_stream_header(s->encoder, &header, &size);
    avctx->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!avctx->extradata)
        return AVERROR(ENOMEM);
    memcpy(avctx->extradata, header, size);
    avctx->extradata_size = size;
    return 0;
}

static av_cold int set_pass(AVCodecContext *avctx, struct onedva_encoder_settings *settings)
{
    const int both = AV_CODEC_FLAG_PASS1 | AV_CODEC_FLAG_PASS2;

    if ((avctx->flags & both) == both) {
        av_log(avctx, AV_LOG_ERROR, "-pass 3 is not known: passes are 1 and 2\n");
        return AVERROR(EINVAL);
    }
    if (avctx->flags & AV_CODEC_FLAG_PASS2)
        settings->pass = ONEDVA_PASS_SECOND;
    else if (avctx->flags & AV_CODEC_FLAG_PASS1)
        settings->pass = ONEDVA_PASS_FIRST;
    settings->pass_stats = avctx->stats_in;
    return 0;
}

/** Options of every encoder that hold here, or that ask for nothing. */
static const char *const followed_options[] = {
    "b", "maxrate", "bufsize", "rc_init_occupancy", "g", "flags", "flags2", "strict", "err_detect",
    "debug", "export_side_data", "threads", "thread_type", "ticks_per_frame", "max_pixels", "aspect",
    "sar", "color_primaries", "color_trc", "colorspace", "color_range", "chroma_sample_location",
    "field_order", "dump_separator",
};

/** Flags that hold here, or that ask for nothing; QSCALE comes with global_quality. */
#define FOLLOWED_FLAGS (AV_CODEC_FLAG_PASS1 | AV_CODEC_FLAG_PASS2 | AV_CODEC_FLAG_GLOBAL_HEADER |  \
                        AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_LOW_DELAY |                         \
                        AV_CODEC_FLAG_CLOSED_GOP | AV_CODEC_FLAG_QSCALE)

/** Whether an option of AVCodecContext asks for what this codec does not have. */
static int is_ignored(AVCodecContext *avctx, const AVOption *opt)
{
    const int needed = AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_ENCODING_PARAM;

    if ((opt->flags & needed) != needed)
        return 0;
    if (opt->type == AV_OPT_TYPE_CONST)
        return !strcmp(opt->unit, "flags") &&
               (opt->default_val.i64 & avctx->flags & ~(int64_t)FOLLOWED_FLAGS);
    for (int i = 0; i < FF_ARRAY_ELEMS(followed_options); i++)
        if (!strcmp(opt->name, followed_options[i]))
            return 0;
    return !av_opt_is_set_to_default(avctx, opt);
}

/** Name the options that have no effect, in one line. */
static av_cold void log_ignored_options(AVCodecContext *avctx)
{
    const AVOption *opt = NULL;
    AVBPrint names;

    av_bprint_init(&names, 0, AV_BPRINT_SIZE_AUTOMATIC);
    while ((opt = av_opt_next(avctx, opt))) {
        if (!is_ignored(avctx, opt))
            continue;
        av_bprintf(&names, "%s-%s%s", names.len ? ", " : "",
                   opt->type == AV_OPT_TYPE_CONST ? "flags +" : "",
                   strcmp(opt->name, "global_quality") ? opt->name : "q:v");
    }
    if (names.len)
        av_log(avctx, AV_LOG_WARNING, "without effect here: %s; what sets quality and rate is -crf, "
               "-qp, -target_psnr or -b:v, and -maxrate with -bufsize\n", names.str);
    av_bprint_finalize(&names, NULL);
}

/** Open the encoder on the device of frames, where options leave that free and it will do, or else where
 *  they say. */
static av_cold int open_encoder(AVCodecContext *avctx, struct onedva_encoder_settings *settings,
                                const struct onedva_stream *stream)
{
    OneDVAEncContext *s = avctx->priv_data;
    const AVBufferRef *device_ref =
        avctx->hw_frames_ctx ? ((AVHWFramesContext *)avctx->hw_frames_ctx->data)->device_ref : NULL;
    int ret;

    if (ff_onedva_may_compute_on_frames(ff_onedva_device_format(device_ref), settings->backend, settings->device,
                                        settings->bitexact)) {
        ret = ff_onedva_device_init(&s->device, device_ref);
        if (ret < 0)
            return ret;
        ff_onedva_use_device(settings, &s->device);
        s->log.is_attempt = 1;
        ret = ff_onedva_check(&s->log, onedva_encoder_open(&s->encoder, s->model, settings, stream), "opening the encoder");
        s->log.is_attempt = 0;
        if (ret >= 0)
            return ret;
        ff_onedva_use_device(settings, NULL);
    }
    return ff_onedva_check(&s->log, onedva_encoder_open(&s->encoder, s->model, settings, stream), "opening the encoder");
}

static av_cold int onedva_encode_init(AVCodecContext *avctx)
{
    OneDVAEncContext *s = avctx->priv_data;
    struct onedva_stream stream = stream_from_context(avctx);
    struct onedva_encoder_settings settings;
    int ret;

    log_ignored_options(avctx);
    s->log.avcl = avctx;
    s->next     = av_frame_alloc();
    if (!s->next)
        return AVERROR(ENOMEM);
    if (!alloc_packets(&s->begun[0]) || !alloc_packets(&s->begun[1]) || !alloc_packets(&s->ended))
        return AVERROR(ENOMEM);
    ret = ff_onedva_check_frames(avctx->hw_frames_ctx, avctx);
    if (ret < 0)
        return ret;
    ret = ff_onedva_clip_init(&s->clip, &s->options, &stream);
    if (ret < 0)
        return ret;
    ret = ff_onedva_model_open(&s->model, &s->model_options, &s->log);
    if (ret < 0)
        return ret;

    ff_onedva_encoder_settings(&settings, &s->options, &s->model_options, &s->log);
    ff_onedva_set_rate(&settings, avctx->bit_rate, avctx->rc_max_rate, avctx->rc_buffer_size,
                       avctx->rc_initial_buffer_occupancy);
    ff_onedva_clip_fit_buffer(&s->clip, &settings);
    ff_onedva_set_gop(&settings, avctx->gop_size);
    ret = set_pass(avctx, &settings);
    if (ret < 0)
        return ret;
    settings.threads           = ff_onedva_threads(avctx->thread_count);
    settings.bitexact          = !!(avctx->flags & AV_CODEC_FLAG_BITEXACT);
    settings.header_in_packets = !(avctx->flags & AV_CODEC_FLAG_GLOBAL_HEADER);
    ret = open_encoder(avctx, &settings, &stream);
    if (ret < 0)
        return ret;
    if (!(avctx->flags & AV_CODEC_FLAG_LOW_DELAY))
        s->delay = onedva_encoder_delay(s->encoder);
    return set_extradata(avctx);
}

static int get_next_frame(AVCodecContext *avctx)
{
    OneDVAEncContext *s = avctx->priv_data;
    const OneDVAClip *clip = &s->clip;
    int ret = ff_encode_get_frame(avctx, s->next);

    if (ret < 0)
        return ret;

    ret = ff_onedva_download(s->next, avctx);
    if (ret >= 0)
        ret = ff_onedva_clip_check(clip, s->next, avctx);
    if (!ret && clip->nb_frames && s->next->pts != AV_NOPTS_VALUE &&
        s->next->pts <= clip->frames[clip->nb_frames - 1]->pts) {
        av_log(avctx, AV_LOG_ERROR, "timestamp %"PRId64" is not above the one before, %"PRId64"\n",
               s->next->pts, clip->frames[clip->nb_frames - 1]->pts);
        ret = AVERROR(EINVAL);
    }
    if (ret < 0)
        av_frame_unref(s->next);
    return ret;
}

/** Output the next packet of the clip ended last. @param data of size bytes */
static int output_packet(AVCodecContext *avctx, AVPacket *pkt, const uint8_t *data, size_t size)
{
    OneDVAEncContext *s = avctx->priv_data;
    OneDVAPackets *packets = &s->ended;
    const int i = packets->next++;
    const AVFrame *frame = packets->props[i];
    const int is_key = !i && packets->is_key;
    int ret;

    if (size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE)
        return AVERROR(ERANGE);
    ret = ff_get_encode_buffer(avctx, pkt, size, 0);
    if (ret < 0)
        return ret;
    memcpy(pkt->data, data, size);

    pkt->pts = pkt->dts = frame->pts;
    pkt->duration = packets->durations[i];
    if (i)
        pkt->flags |= AV_PKT_FLAG_DISPOSABLE;
    else if (is_key)
        pkt->flags |= AV_PKT_FLAG_KEY;

    ret = ff_encode_add_stats_side_data(pkt, packets->quality, NULL, 0,
                                        is_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_P);
    return ret < 0 ? ret : ff_encode_reordered_opaque(avctx, pkt, frame);
}

/** Give the statistics of a first pass out. @param text NULL: there are none */
static int set_stats_out(AVCodecContext *avctx, const char *text)
{
    if (!text)
        return 0;
    av_freep(&avctx->stats_out);
    avctx->stats_out = av_strdup(text);
    return avctx->stats_out ? 0 : AVERROR(ENOMEM);
}

/** @return AVERROR_EOF, or another error */
static int end_pass(AVCodecContext *avctx)
{
    OneDVAEncContext *s = avctx->priv_data;
    const char *stats;
    int ret = ff_onedva_check(&s->log, onedva_encoder_end_pass(s->encoder, &stats),
                              "ending the pass");

    if (ret >= 0)
        ret = set_stats_out(avctx, stats);
    return ret < 0 ? ret : AVERROR_EOF;
}

/** Whether the caller wants a keyframe. */
static int is_forced(const AVFrame *frame)
{
    return frame->pict_type == AV_PICTURE_TYPE_I;
}

/** Collect frames. @return 0 when a clip is complete, AVERROR_EOF when there is none left */
static int complete_clip(AVCodecContext *avctx)
{
    OneDVAEncContext *s = avctx->priv_data;
    int ret;

    for (;;) {
        const AVFrame *next = s->next;

        if (!s->next->buf[0]) {
            ret = get_next_frame(avctx);
            if (ret == AVERROR_EOF && s->clip.nb_frames)
                next = NULL;
            else if (ret < 0)
                return ret;
        }
        if (s->clip.nb_frames && (!ff_onedva_clip_continues(&s->clip, next) || is_forced(next)))
            return 0;
        ff_onedva_clip_add(&s->clip, s->next, avctx);
    }
}

/** Take note of what the packets of the clip's first frames will want to know. */
static int note_packets(const OneDVAClip *clip, int nb_frames, OneDVAPackets *packets)
{
    const int nb_packets = clip->options->clip_packets ? 1 : nb_frames;

    packets->next = packets->nb_packets = 0;
    memset(packets->durations, 0, sizeof(packets->durations));
    for (int i = 0; i < nb_frames; i++)
        packets->durations[FFMIN(i, nb_packets - 1)] += clip->durations[i];
    for (int i = 0; i < nb_packets; i++) {
        int ret = av_frame_copy_props(packets->props[packets->nb_packets++], clip->frames[i]);

        if (ret < 0)
            return ret;
    }
    return 0;
}

/** Begin to encode the clip. */
static int begin_clip(AVCodecContext *avctx)
{
    OneDVAEncContext *s = avctx->priv_data;
    OneDVAPackets *packets = &s->begun[s->nb_begun];
    struct onedva_packet packet = { 0 };
    int begun, ret;

    // the library may end clips before a forced frame, which then is still the first one of its clip
    if (is_forced(s->clip.frames[0]))
        onedva_encoder_begin_gop(s->encoder);
    ret   = ff_onedva_clip_encode_begin(&s->clip, s->encoder, &s->log, &packet);
    begun = ret >= 0;
    if (begun) {
        s->nb_begun++;
        ret = note_packets(&s->clip, packet.frames, packets);
    }
    ff_onedva_clip_drop(&s->clip, begun ? packet.frames : s->clip.nb_frames);
    return ret < 0 ? ret : set_stats_out(avctx, packet.pass_stats);
}

/** End the clip begun first. @param packet its data are valid until the next clip is begun */
static int end_clip(OneDVAEncContext *s, struct onedva_packet *packet)
{
    OneDVAPackets *packets = &s->ended;
    int ret;

    drop_packets(packets);
    FFSWAP(OneDVAPackets, *packets, s->begun[0]);
    FFSWAP(OneDVAPackets, s->begun[0], s->begun[1]);
    s->nb_begun--;
    ret = ff_onedva_clip_encode_end(s->encoder, &s->log, packet);
    packets->is_key  = packet->is_key;
    packets->quality = FFMAX(packet->stats.qidx + 40, 0) * FF_QP2LAMBDA;
    for (int i = 1; i < packets->nb_packets && ret >= 0; i++)
        ret = ff_onedva_check(&s->log, onedva_frame_packet_write(packets->data[i], packet->data,
                                                                 packet->size, i), "packet of a frame");
    if (ret < 0)
        drop_packets(packets);
    return ret;
}

static int output_clip(AVCodecContext *avctx, AVPacket *pkt)
{
    struct onedva_packet packet;
    OneDVAEncContext *s = avctx->priv_data;
    int ret = end_clip(s, &packet);

    if (ret >= 0)
        ret = output_packet(avctx, pkt, packet.data, packet.size);
    if (ret < 0) // what is predicted from the clip cannot be decoded
        onedva_encoder_begin_gop(s->encoder);
    return ret;
}

static int onedva_receive_packet(AVCodecContext *avctx, AVPacket *pkt)
{
    OneDVAEncContext *s = avctx->priv_data;
    int ret = s->error;

    if (s->ended.next < s->ended.nb_packets)
        return output_packet(avctx, pkt, s->ended.data[s->ended.next], ONEDVA_FRAME_PACKET_SIZE);
    while (!ret && s->nb_begun <= s->delay) {
        ret = complete_clip(avctx);
        if (ret == AVERROR(EAGAIN))
            return ret;
        if (ret >= 0)
            ret = begin_clip(avctx);
    }
    if (s->nb_begun) {
        s->error = ret == AVERROR_EOF ? 0 : ret;
        return output_clip(avctx, pkt);
    }
    s->error = 0;
    return ret == AVERROR_EOF ? end_pass(avctx) : ret;
}

static av_cold void onedva_encode_flush(AVCodecContext *avctx)
{
    OneDVAEncContext *s = avctx->priv_data;
    struct onedva_packet packet;

    while (s->nb_begun)
        end_clip(s, &packet);
    drop_packets(&s->ended);
    s->error = 0;
    ff_onedva_clip_clear(&s->clip);
    av_frame_unref(s->next);
    onedva_encoder_begin_gop(s->encoder);
}

static av_cold int onedva_encode_close(AVCodecContext *avctx)
{
    OneDVAEncContext *s = avctx->priv_data;

    onedva_encoder_close(&s->encoder);
    onedva_model_close(&s->model);
    av_buffer_unref(&s->device.ref);
    ff_onedva_clip_free(&s->clip);
    av_frame_free(&s->next);
    free_packets(&s->begun[0]);
    free_packets(&s->begun[1]);
    free_packets(&s->ended);
    av_freep(&avctx->stats_out);
    return 0;
}

#define OFFSET(x) offsetof(OneDVAEncContext, x)
#define VE (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_ENCODING_PARAM)
static const AVOption options[] = {
    ONEDVA_ENCODE_OPTIONS(OFFSET(options), VE),
    ONEDVA_MODEL_OPTIONS(OFFSET(model_options), VE),
    { NULL },
};

static const AVClass onedva_encoder_class = {
    .class_name = "onedva encoder",
    .item_name  = av_default_item_name,
    .option     = options,
    .version    = LIBAVUTIL_VERSION_INT,
};

static const FFCodecDefault onedva_defaults[] = {
    { "b", "0" },
    { "g", "250" },
    { NULL },
};

#if ONEDVA_DEVICES
static const AVCodecHWConfigInternal *const hw_configs[] = {
#if CONFIG_VULKAN
    HW_CONFIG_ENCODER_FRAMES(VULKAN, VULKAN),
#endif
#if CONFIG_CUDA
    HW_CONFIG_ENCODER_FRAMES(CUDA, CUDA),
#endif
    NULL
};
#endif

const FFCodec ff_onedva_encoder = {
    .p.name         = "onedva",
    CODEC_LONG_NAME("One-DVA learned video codec"),
    .p.type         = AVMEDIA_TYPE_VIDEO,
    .p.id           = AV_CODEC_ID_ONEDVA,
    .p.capabilities = AV_CODEC_CAP_DELAY | AV_CODEC_CAP_DR1 | AV_CODEC_CAP_OTHER_THREADS |
                      AV_CODEC_CAP_ENCODER_FLUSH | AV_CODEC_CAP_ENCODER_REORDERED_OPAQUE,
    CODEC_PIXFMTS(AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10 ONEDVA_DEVICE_FORMATS),
#if ONEDVA_DEVICES
    .hw_configs     = hw_configs,
#endif
    .p.priv_class   = &onedva_encoder_class,
    .p.wrapper_name = "libonedva",
    .caps_internal  = FF_CODEC_CAP_INIT_CLEANUP | FF_CODEC_CAP_AUTO_THREADS,
    .color_ranges   = AVCOL_RANGE_MPEG | AVCOL_RANGE_JPEG,
    .defaults       = onedva_defaults,
    .priv_data_size = sizeof(OneDVAEncContext),
    .init           = onedva_encode_init,
    FF_CODEC_RECEIVE_PACKET_CB(onedva_receive_packet),
    .flush          = onedva_encode_flush,
    .close          = onedva_encode_close,
};
