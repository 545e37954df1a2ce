/*
 * One-DVA filter: encodes and decodes every clip, so that the output shows what the codec keeps
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "libavcodec/onedva.h"
#include "libavutil/opt.h"

#include "avfilter.h"
#include "filters.h"
#include "formats.h"
#include "onedva_show.h"
#include "video.h"

enum Show {
    SHOW_NONE,
    SHOW_MESH,
};

typedef struct OneDVAFilterContext {
    const AVClass *class;
    OneDVAModelOptions model_options;
    OneDVAEncodeOptions encode_options;
    OneDVADecodeOptions decode_options;
    int64_t bitrate;
    int bitexact;
    int show; ///< enum Show

    OneDVALog log;
    onedva_model *model;
    onedva_encoder *encoder;
    onedva_decoder *decoder;
    OneDVAClip clip;
    AVFrame *next; ///< received, not yet in the clip: its pts ends the frame before

    AVFrame *output[ONEDVA_MAX_CLIP_FRAMES];
    int nb_output;
    int next_output;
} OneDVAFilterContext;

static av_cold int init(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;

    s->log.avcl = ctx;
    return ff_onedva_model_open(&s->model, &s->model_options, &s->log);
}

static int open_encoder(AVFilterContext *ctx, const struct onedva_stream *stream)
{
    OneDVAFilterContext *s = ctx->priv;
    struct onedva_encoder_settings settings;

    ff_onedva_encoder_settings(&settings, &s->encode_options, &s->model_options, &s->log);
    settings.bitrate  = s->bitrate;
    settings.threads  = ff_filter_get_nb_threads(ctx);
    settings.bitexact = s->bitexact;
    onedva_encoder_close(&s->encoder);
    return ff_onedva_check(&s->log, onedva_encoder_open(&s->encoder, s->model, &settings, stream),
                           "opening the encoder");
}

static int open_decoder(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    struct onedva_decoder_settings settings;
    const uint8_t *header;
    size_t size;
    int ret;

    ff_onedva_decoder_settings(&settings, &s->decode_options, &s->model_options, &s->log);
    settings.threads  = ff_filter_get_nb_threads(ctx);
    settings.bitexact = s->bitexact;
    onedva_decoder_close(&s->decoder);
    ret = ff_onedva_check(&s->log, onedva_decoder_open(&s->decoder, s->model, &settings),
                          "opening the decoder");
    if (ret < 0)
        return ret;
    onedva_encoder_stream_header(s->encoder, &header, &size);
    return ff_onedva_check(&s->log, onedva_decoder_set_stream_header(s->decoder, header, size),
                           "stream header");
}

static int config_input(AVFilterLink *inlink)
{
    AVFilterContext *ctx = inlink->dst;
    OneDVAFilterContext *s = ctx->priv;
    const struct onedva_stream stream = ff_onedva_stream(inlink->w, inlink->h, inlink->time_base,
                                                         ff_filter_link(inlink)->frame_rate);
    int ret = open_encoder(ctx, &stream);

    if (ret >= 0)
        ret = open_decoder(ctx);
    if (ret >= 0)
        ret = ff_onedva_clip_init(&s->clip, &s->encode_options, &stream);
    return ret;
}

static void clear_output(OneDVAFilterContext *s)
{
    for (int i = s->next_output; i < s->nb_output; i++)
        av_frame_free(&s->output[i]);
    s->nb_output = s->next_output = 0;
}

/** Pictures for the first n frames of the clip, with their properties. */
static int get_output_frames(AVFilterContext *ctx, int n)
{
    OneDVAFilterContext *s = ctx->priv;
    AVFilterLink *outlink = ctx->outputs[0];

    while (s->nb_output < n) {
        AVFrame *frame = ff_get_video_buffer(outlink, outlink->w, outlink->h);
        int ret;

        if (!frame)
            return AVERROR(ENOMEM);
        s->output[s->nb_output] = frame;
        ret = av_frame_copy_props(frame, s->clip.frames[s->nb_output++]);
        if (ret < 0)
            return ret;
    }
    return 0;
}

static int show_mesh(OneDVAFilterContext *s)
{
    struct onedva_mesh mesh;
    int ret = ff_onedva_check(&s->log, onedva_decoder_get_mesh(s->decoder, &mesh), "mesh");

    return ret < 0 ? ret : ff_onedva_show_mesh(&mesh, s->output, s->nb_output);
}

/** Encode and decode the clip, or the first frames of it, into the output frames. */
static int reconstruct_clip(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    struct onedva_packet packet;
    struct onedva_clip decoded;
    int ret = ff_onedva_clip_encode(&s->clip, s->encoder, &s->log, &packet);

    if (ret >= 0)
        ret = ff_onedva_check(&s->log,
                              onedva_decoder_read_packet(s->decoder, packet.data, packet.size,
                                                         &decoded), "packet");
    if (ret >= 0)
        ret = get_output_frames(ctx, packet.frames);
    if (ret >= 0)
        ret = ff_onedva_reconstruct(s->decoder, &s->log, s->output, s->nb_output);
    if (ret >= 0 && s->show == SHOW_MESH)
        ret = show_mesh(s);
    if (ret < 0)
        clear_output(s);
    ff_onedva_clip_drop(&s->clip, ret < 0 ? s->clip.nb_frames : packet.frames);
    return ret;
}

static int output_frame(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    AVFrame *frame = s->output[s->next_output];

    s->output[s->next_output++] = NULL;
    if (s->next_output == s->nb_output)
        s->next_output = s->nb_output = 0;
    return ff_filter_frame(ctx->outputs[0], frame);
}

/**
 * Take frames from the input until the clip is complete or none is left.
 * @return 1 when a clip was reconstructed, 0 when more input is needed
 */
static int collect_frames(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    int ret;

    for (;;) {
        if (!s->next) {
            ret = ff_inlink_consume_frame(ctx->inputs[0], &s->next);
            if (ret <= 0)
                return ret;
            ret = ff_onedva_clip_check(&s->clip, s->next, ctx);
            if (ret < 0)
                return ret;
        }
        if (s->clip.nb_frames && !ff_onedva_clip_continues(&s->clip, s->next)) {
            ret = reconstruct_clip(ctx);
            return ret < 0 ? ret : 1;
        }
        ff_onedva_clip_add(&s->clip, s->next);
        av_frame_free(&s->next);
    }
}

static int activate(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    AVFilterLink *inlink = ctx->inputs[0];
    AVFilterLink *outlink = ctx->outputs[0];
    int64_t pts;
    int ret, status;

    FF_FILTER_FORWARD_STATUS_BACK(outlink, inlink);

    if (s->nb_output)
        return ff_outlink_frame_wanted(outlink) ? output_frame(ctx) : FFERROR_NOT_READY;

    ret = collect_frames(ctx);
    if (ret)
        return ret < 0 ? ret : output_frame(ctx);

    if (ff_inlink_acknowledge_status(inlink, &status, &pts)) {
        if (!s->clip.nb_frames) {
            ff_outlink_set_status(outlink, status, pts);
            return 0;
        }
        ff_onedva_clip_continues(&s->clip, NULL);
        ret = reconstruct_clip(ctx);
        return ret < 0 ? ret : output_frame(ctx);
    }
    FF_FILTER_FORWARD_WANTED(outlink, inlink);
    return FFERROR_NOT_READY;
}

static av_cold void uninit(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;

    clear_output(s);
    av_frame_free(&s->next);
    ff_onedva_clip_free(&s->clip);
    onedva_decoder_close(&s->decoder);
    onedva_encoder_close(&s->encoder);
    onedva_model_close(&s->model);
}

#define OFFSET(x) offsetof(OneDVAFilterContext, x)
#define FLAGS (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_FILTERING_PARAM)
static const AVOption onedva_options[] = {
    ONEDVA_ENCODE_OPTIONS(OFFSET(encode_options), FLAGS),
    { "b", "bits per second, 0: constant quality by crf", OFFSET(bitrate), AV_OPT_TYPE_INT64,
      { .i64 = 0 }, 0, INT64_MAX, FLAGS },
    ONEDVA_DECODE_OPTIONS(OFFSET(decode_options), FLAGS),
    ONEDVA_MODEL_OPTIONS(OFFSET(model_options), FLAGS),
    { "bitexact", "the same pixels on any machine, slower", OFFSET(bitexact), AV_OPT_TYPE_BOOL,
      { .i64 = 0 }, 0, 1, FLAGS },
    { "show", "what to draw over the video", OFFSET(show), AV_OPT_TYPE_INT, { .i64 = SHOW_NONE },
      SHOW_NONE, SHOW_MESH, FLAGS, .unit = "show" },
    { "none", "nothing", 0, AV_OPT_TYPE_CONST, { .i64 = SHOW_NONE }, 0, 0, FLAGS, .unit = "show" },
    { "mesh", "a grid that follows the motion, and the paths of its points", 0, AV_OPT_TYPE_CONST,
      { .i64 = SHOW_MESH }, 0, 0, FLAGS, .unit = "show" },
    { NULL },
};

AVFILTER_DEFINE_CLASS(onedva);

static const AVFilterPad onedva_inputs[] = {
    {
        .name         = "default",
        .type         = AVMEDIA_TYPE_VIDEO,
        .config_props = config_input,
    },
};

const AVFilter ff_vf_onedva = {
    .name            = "onedva",
    .description     = NULL_IF_CONFIG_SMALL("Show what the One-DVA codec keeps of the video."),
    .init            = init,
    .uninit          = uninit,
    .activate        = activate,
    .process_command = ff_filter_process_command,
    .priv_size       = sizeof(OneDVAFilterContext),
    .priv_class      = &onedva_class,
    FILTER_INPUTS(onedva_inputs),
    FILTER_OUTPUTS(ff_video_default_filterpad),
    FILTER_SINGLE_PIXFMT(AV_PIX_FMT_YUV420P),
};
