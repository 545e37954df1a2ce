/*
 * One-DVA source: videos that a generative model of latents draws, decoded
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <onedva/onedva_generate.h>

#include "libavcodec/onedva.h"
#include "libavutil/opt.h"
#include "libavutil/random_seed.h"

#include "avfilter.h"
#include "filters.h"
#include "formats.h"
#include "onedva_versions.h"
#include "video.h"

typedef struct OneDVASourceContext {
    const AVClass *class;
    OneDVAModelOptions model_options;
    OneDVADecodeOptions decode_options;
    char *prior_name;
    char *class_name;
    int64_t seed;
    int flow_steps;
    double guidance;
    int tokens;
    int single_clips;
    int bitexact;
    AVRational frame_rate;
    int64_t duration; ///< -1: no end

    OneDVALog log;
    onedva_model *model;
    onedva_prior *prior;
    struct onedva_prior_info info;
    int class_index; ///< -1: none in particular
    onedva_generator *generator;
    onedva_decoder *decoder;
    AVFrame *output[ONEDVA_MAX_CLIP_FRAMES];
    int nb_output;
    int next_output;
    int64_t pts; ///< of the next frame
} OneDVASourceContext;

static int open_generator(AVFilterContext *ctx)
{
    OneDVASourceContext *s = ctx->priv;
    struct onedva_generator_settings settings;

    onedva_generator_settings_default(&settings);
    settings.seed         = s->seed;
    settings.prior_class  = s->class_index;
    settings.steps        = s->flow_steps;
    settings.guidance     = s->guidance;
    settings.tokens       = s->tokens;
    settings.single_clips = s->single_clips;
    settings.timebase_num = s->frame_rate.den;
    settings.timebase_den = s->frame_rate.num;
    settings.backend      = s->model_options.backend;
    settings.device       = s->model_options.device;
    settings.bitexact     = s->bitexact;
    settings.threads      = ff_filter_get_nb_threads(ctx);
    settings.logger       = ff_onedva_logger(&s->log);
    return ff_onedva_check(&s->log, onedva_generator_open(&s->generator, s->model, s->prior, &settings),
                           "opening the generator");
}

static int open_decoder(AVFilterContext *ctx)
{
    OneDVASourceContext *s = ctx->priv;
    struct onedva_decoder_settings settings;
    const uint8_t *header;
    size_t size;
    int ret;

    ff_onedva_decoder_settings(&settings, &s->decode_options, &s->model_options, &s->log);
    settings.threads  = ff_filter_get_nb_threads(ctx);
    settings.bitexact = s->bitexact;
    ret = ff_onedva_check(&s->log, onedva_decoder_open(&s->decoder, s->model, &settings), "opening the decoder");
    if (ret < 0)
        return ret;
    onedva_generator_stream_header(s->generator, &header, &size);
    return ff_onedva_check(&s->log, onedva_decoder_set_stream_header(s->decoder, header, size), "stream header");
}

static int open_prior(AVFilterContext *ctx)
{
    OneDVASourceContext *s = ctx->priv;
    struct onedva_logger logger = ff_onedva_logger(&s->log);
    int ret = ff_onedva_check(&s->log, onedva_prior_open(&s->prior, s->prior_name, &logger),
                              s->prior_name ? s->prior_name : "default prior");

    if (ret < 0)
        return ret;
    onedva_prior_get_info(s->prior, &s->info);
    s->class_index = -1;
    if (!s->class_name || !*s->class_name)
        return 0;
    s->class_index = onedva_prior_find_class(s->prior, s->class_name);
    return ff_onedva_check(&s->log, FFMIN(s->class_index, 0), s->class_name);
}

static av_cold int init(AVFilterContext *ctx)
{
    OneDVASourceContext *s = ctx->priv;
    int ret;

    s->log.avcl = ctx;
    if (s->seed < 0)
        s->seed = av_get_random_seed();
    av_log(ctx, AV_LOG_VERBOSE, "seed %"PRId64"\n", s->seed);
    ret = ff_onedva_model_open(&s->model, &s->model_options, &s->log);
    if (ret >= 0)
        ret = open_prior(ctx);
    if (ret >= 0)
        ret = open_generator(ctx);
    return ret < 0 ? ret : open_decoder(ctx);
}

/** What clips are made of has the limited range of most video. */
static int query_formats(const AVFilterContext *ctx, AVFilterFormatsConfig **in, AVFilterFormatsConfig **out)
{
    static const enum AVPixelFormat formats[] = { AV_PIX_FMT_YUV420P, AV_PIX_FMT_NONE };
    static const int ranges[] = { AVCOL_RANGE_MPEG, -1 };
    int ret = ff_set_common_formats_from_list2(ctx, in, out, formats);

    return ret < 0 ? ret : ff_set_common_color_ranges_from_list2(ctx, in, out, ranges);
}

static int config_output(AVFilterLink *outlink)
{
    const OneDVASourceContext *s = outlink->src->priv;

    outlink->w                          = s->info.width;
    outlink->h                          = s->info.height;
    outlink->time_base                  = av_inv_q(s->frame_rate);
    outlink->sample_aspect_ratio        = (AVRational) { 1, 1 };
    ff_filter_link(outlink)->frame_rate = s->frame_rate;
    return 0;
}

static void clear_output(OneDVASourceContext *s)
{
    for (int i = 0; i < s->nb_output; i++)
        av_frame_free(&s->output[i]);
    s->next_output = s->nb_output = 0;
}

static int get_frames(AVFilterLink *outlink, int n)
{
    OneDVASourceContext *s = outlink->src->priv;

    for (int i = 0; i < n; i++) {
        AVFrame *frame = ff_get_video_buffer(outlink, outlink->w, outlink->h);

        if (!frame)
            return AVERROR(ENOMEM);
        s->output[s->nb_output++] = frame;
        frame->sample_aspect_ratio = outlink->sample_aspect_ratio;
        frame->color_range         = AVCOL_RANGE_MPEG;
        frame->flags              |= AV_FRAME_FLAG_KEY;
        frame->pict_type           = AV_PICTURE_TYPE_I;
        frame->duration            = 1;
    }
    return 0;
}

/** Draw and decode the next clip. */
static int draw_clip(AVFilterLink *outlink)
{
    OneDVASourceContext *s = outlink->src->priv;
    struct onedva_packet packet;
    struct onedva_clip clip;
    int ret = ff_onedva_check(&s->log, onedva_generator_next(s->generator, &packet), "drawing a clip");

    if (ret >= 0)
        ret = ff_onedva_check(&s->log, onedva_decoder_read_packet(s->decoder, packet.data, packet.size, &clip),
                              "packet");
    if (ret >= 0)
        ret = get_frames(outlink, clip.frames);
    if (ret >= 0)
        ret = ff_onedva_reconstruct(s->decoder, &s->log, s->output, clip.frames);
    if (ret < 0)
        clear_output(s);
    return ret;
}

static int activate(AVFilterContext *ctx)
{
    OneDVASourceContext *s = ctx->priv;
    AVFilterLink *outlink = ctx->outputs[0];
    AVFrame *frame;
    int ret;

    if (!ff_outlink_frame_wanted(outlink))
        return FFERROR_NOT_READY;
    if (s->duration >= 0 && av_rescale_q(s->pts, outlink->time_base, AV_TIME_BASE_Q) >= s->duration) {
        ff_outlink_set_status(outlink, AVERROR_EOF, s->pts);
        return 0;
    }
    if (s->next_output == s->nb_output) {
        s->next_output = s->nb_output = 0;
        ret = draw_clip(outlink);
        if (ret < 0)
            return ret;
    }
    frame = s->output[s->next_output];
    frame->pts = s->pts++;
    s->output[s->next_output++] = NULL;
    return ff_filter_frame(outlink, frame);
}

static av_cold void uninit(AVFilterContext *ctx)
{
    OneDVASourceContext *s = ctx->priv;

    clear_output(s);
    onedva_decoder_close(&s->decoder);
    onedva_generator_close(&s->generator);
    onedva_prior_close(&s->prior);
    onedva_model_close(&s->model);
}

#define OFFSET(x) offsetof(OneDVASourceContext, x)
#define FLAGS (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_FILTERING_PARAM)
static const AVOption onedvasrc_options[] = {
    { "prior", "file of the generative model (default: the built-in one)", OFFSET(prior_name), AV_OPT_TYPE_STRING,
      { .str = NULL }, 0, 0, FLAGS },
    { "class", "what to draw, by its name (default: anything that the prior knows)", OFFSET(class_name),
      AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, FLAGS },
    { "seed", "another one draws another video; -1: one that differs each time", OFFSET(seed), AV_OPT_TYPE_INT64,
      { .i64 = 0 }, -1, INT64_MAX, FLAGS },
    { "flow_steps", "steps from noise to latents", OFFSET(flow_steps), AV_OPT_TYPE_INT, { .i64 = 24 }, 1, 1000, FLAGS },
    { "guidance", "how far the class, if there is one, leads; 1: as it was learned", OFFSET(guidance), AV_OPT_TYPE_DOUBLE,
      { .dbl = 1.5 }, 0, 20, FLAGS },
    { "tokens", "latent tokens of 128x128 samples, 0: as many as the prior has", OFFSET(tokens), AV_OPT_TYPE_INT,
      { .i64 = 0 }, 0, INT_MAX, FLAGS },
    { "single_clips", "every clip is drawn without the one before", OFFSET(single_clips), AV_OPT_TYPE_BOOL,
      { .i64 = 0 }, 0, 1, FLAGS },
    { "rate", "frames per second", OFFSET(frame_rate), AV_OPT_TYPE_VIDEO_RATE, { .str = "25" }, 0, INT_MAX, FLAGS },
    { "r", "frames per second", OFFSET(frame_rate), AV_OPT_TYPE_VIDEO_RATE, { .str = "25" }, 0, INT_MAX, FLAGS },
    { "duration", "of the video (default: no end)", OFFSET(duration), AV_OPT_TYPE_DURATION, { .i64 = -1 }, -1, INT64_MAX,
      FLAGS },
    { "d", "of the video (default: no end)", OFFSET(duration), AV_OPT_TYPE_DURATION, { .i64 = -1 }, -1, INT64_MAX, FLAGS },
    ONEDVA_DECODE_OPTIONS(OFFSET(decode_options), FLAGS),
    ONEDVA_MODEL_OPTIONS(OFFSET(model_options), FLAGS),
    { "bitexact", "the same pixels on any machine, slower", OFFSET(bitexact), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1,
      FLAGS },
    { NULL },
};

AVFILTER_DEFINE_CLASS(onedvasrc);

static const AVFilterPad onedvasrc_outputs[] = {
    {
        .name         = "default",
        .type         = AVMEDIA_TYPE_VIDEO,
        .config_props = config_output,
    },
};

const FFFilter ff_vsrc_onedvasrc = {
    FILTER_PUBLIC(name)        = "onedvasrc",
    FILTER_PUBLIC(description) = NULL_IF_CONFIG_SMALL("Draw videos with a generative model of One-DVA latents."),
    FILTER_PUBLIC(priv_class)  = &onedvasrc_class,
    FILTER_PUBLIC(flags)       = AVFILTER_FLAG_SLICE_THREADS,
    .init            = init,
    .uninit          = uninit,
    .activate        = activate,
    .priv_size       = sizeof(OneDVASourceContext),
    FILTER_OUTPUTS(onedvasrc_outputs),
    FILTER_QUERY_FUNC2(query_formats),
};
