/*
 * One-DVA filter: encodes and decodes every clip, so that the output shows what the codec keeps
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <string.h>

#include "libavcodec/onedva.h"
#include "libavcodec/onedva_device.h"
#include "libavutil/imgutils.h"
#include "libavutil/opt.h"

#include "avfilter.h"
#include "filters.h"
#include "formats.h"
#include "onedva_show.h"
#include "onedva_stats.h"
#include "onedva_versions.h"
#include "video.h"

enum Show {
    SHOW_RECON,
    SHOW_DIFF,
    SHOW_TOKENS,
    SHOW_SIDE,
    SHOW_MESH,
};

typedef struct OneDVAFilterContext {
    const AVClass *class;
    OneDVAModelOptions model_options;
    OneDVAEncodeOptions encode_options;
    OneDVADecodeOptions decode_options;
    int64_t bitrate;
    int64_t max_rate;
    int64_t buffer_size;
    int64_t buffer_start;
    int gop_size;
    int bitexact;
    int show; ///< enum Show
    char *stats_name;

    OneDVALog log;
    onedva_model *model;
    int max_tile_tokens;
    onedva_encoder *encoder;
    onedva_decoder *decoder;
    OneDVAClip clip;
    AVFrame *next;    ///< received, not yet in the clip: its pts ends the frame before
    int next_passes;  ///< the timeline says that it stays as it is
    int64_t clip_end; ///< of the clip before, AV_NOPTS_VALUE: not known
    int is_flushing;  ///< the clip in progress ends with the frames that came
    OneDVAStats stats;

    AVFrame *output[ONEDVA_MAX_CLIP_FRAMES];
    int nb_output;
    int next_output;
    AVFrame *pictures[ONEDVA_MAX_CLIP_FRAMES]; ///< the reconstruction's part of each output frame
    OneDVADevice first;         ///< the device of the first frames
    const OneDVADevice *device; ///< to compute on; NULL: where options say
} OneDVAFilterContext;

static av_cold int init(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    struct onedva_model_info info;
    int ret;

    s->log.avcl   = ctx;
    s->stats.avcl = ctx;
    s->clip_end   = AV_NOPTS_VALUE;
    ret = ff_onedva_model_open(&s->model, &s->model_options, &s->log);
    if (ret < 0)
        return ret;
    onedva_model_get_info(s->model, &info);
    s->max_tile_tokens = info.max_tile_tokens;
    return s->stats_name ? ff_onedva_stats_open(&s->stats, s->stats_name) : 0;
}

/** The library has threads of its own, as many as the graph would slice a frame for. */
static int nb_threads(AVFilterContext *ctx)
{
    return ctx->thread_type & AVFILTER_THREAD_SLICE ? ff_filter_get_nb_threads(ctx) : 1;
}

/** Take the device of the input's frames to compute on, where options leave that free. */
static int take_device(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    const AVBufferRef *frames_ref = ff_filter_link(ctx->inputs[0])->hw_frames_ctx;
    const AVBufferRef *device_ref = frames_ref ? ((AVHWFramesContext *)frames_ref->data)->device_ref : NULL;

    s->device = NULL;
    if (!ff_onedva_may_compute_on_frames(ff_onedva_device_format(device_ref), s->model_options.backend,
                                         s->model_options.device, s->bitexact))
        return 0;
    if (!s->first.ref) {
        int ret = ff_onedva_device_init(&s->first, device_ref);

        if (ret < 0)
            return ret;
    }
    // the model keeps the first one
    if (s->first.ref->data == device_ref->data)
        s->device = &s->first;
    return 0;
}

static int open_encoder(AVFilterContext *ctx, const struct onedva_stream *stream)
{
    OneDVAFilterContext *s = ctx->priv;
    struct onedva_encoder_settings settings;

    ff_onedva_encoder_settings(&settings, &s->encode_options, &s->model_options, &s->log);
    ff_onedva_set_rate(&settings, s->bitrate, s->max_rate, s->buffer_size, s->buffer_start);
    ff_onedva_clip_fit_buffer(&s->clip, &settings);
    ff_onedva_set_gop(&settings, s->gop_size);
    settings.threads  = nb_threads(ctx);
    settings.bitexact = s->bitexact;
    onedva_encoder_close(&s->encoder);
    if (s->device) {
        int ret;

        ff_onedva_use_device(&settings, s->device);
        s->log.is_attempt = 1;
        ret = ff_onedva_check(&s->log, onedva_encoder_open(&s->encoder, s->model, &settings, stream),
                              "opening the encoder");
        s->log.is_attempt = 0;
        if (ret >= 0)
            return ret;
        s->device = NULL;
        ff_onedva_use_device(&settings, NULL);
    }
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
    settings.threads  = nb_threads(ctx);
    settings.bitexact = s->bitexact;
    ff_onedva_set_depth(&settings, s->clip.stream.depth);
    ff_onedva_use_device(&settings, s->device);
    onedva_decoder_close(&s->decoder);
    ret = ff_onedva_check(&s->log, onedva_decoder_open(&s->decoder, s->model, &settings),
                          "opening the decoder");
    if (ret < 0)
        return ret;
    onedva_encoder_stream_header(s->encoder, &header, &size);
    return ff_onedva_check(&s->log, onedva_decoder_set_stream_header(s->decoder, header, size),
                           "stream header");
}

/** Whether frames are of a device, not of memory. */
static int is_on_device(const AVFilterLink *link)
{
    return !!(av_pix_fmt_desc_get(link->format)->flags & AV_PIX_FMT_FLAG_HWACCEL);
}

static int config_input(AVFilterLink *inlink)
{
    AVFilterContext *ctx = inlink->dst;
    OneDVAFilterContext *s = ctx->priv;
    const struct onedva_stream stream = ff_onedva_stream(inlink->w, inlink->h, inlink->format,
                                                         inlink->time_base,
                                                         ff_filter_link(inlink)->frame_rate);
    int ret = ff_onedva_check_frames(ff_filter_link(inlink)->hw_frames_ctx, ctx);

    if (ret >= 0)
        ret = ff_onedva_clip_init(&s->clip, &s->encode_options, &stream);
    if (ret >= 0)
        ret = take_device(ctx);
    if (ret >= 0)
        ret = open_encoder(ctx, &stream);
    if (ret >= 0)
        ret = open_decoder(ctx);
    return ret;
}

/** Frames on the device of the input's, of the output's size. */
static int set_frames(AVFilterLink *outlink)
{
    const AVBufferRef *input = ff_filter_link(outlink->src->inputs[0])->hw_frames_ctx;
    FilterLink *link = ff_filter_link(outlink);
    AVHWFramesContext *frames;

    av_buffer_unref(&link->hw_frames_ctx);
    link->hw_frames_ctx = av_hwframe_ctx_alloc(((AVHWFramesContext *)input->data)->device_ref);
    if (!link->hw_frames_ctx)
        return AVERROR(ENOMEM);
    frames            = (AVHWFramesContext *)link->hw_frames_ctx->data;
    frames->format    = outlink->format;
    frames->sw_format = AV_PIX_FMT_YUV420P;
    // images of three planes have even sizes, and CUDA frames no odd row of chroma
    frames->width     = FFALIGN(outlink->w, 2);
    frames->height    = FFALIGN(outlink->h, 2);
    return av_hwframe_ctx_init(link->hw_frames_ctx);
}

static int config_output(AVFilterLink *outlink)
{
    const OneDVAFilterContext *s = outlink->src->priv;
    const AVFilterLink *inlink = outlink->src->inputs[0];

    outlink->w = inlink->w;
    outlink->h = inlink->h;
    if (s->show == SHOW_SIDE)
        outlink->w += ff_onedva_right_half(inlink->w);
    return is_on_device(outlink) ? set_frames(outlink) : 0;
}

static void clear_output(OneDVAFilterContext *s)
{
    for (int i = s->next_output; i < s->nb_output; i++)
        av_frame_free(&s->output[i]);
    s->nb_output = s->next_output = 0;
}

static void clear_pictures(OneDVAFilterContext *s)
{
    for (int i = 0; i < ONEDVA_MAX_CLIP_FRAMES; i++)
        av_frame_free(&s->pictures[i]);
}

/** A frame of memory, of the size of the output, which is on a device. */
static AVFrame *get_memory(const AVFilterLink *outlink)
{
    AVFrame *frame = av_frame_alloc();

    if (!frame)
        return NULL;
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width  = outlink->w;
    frame->height = outlink->h;
    if (av_frame_get_buffer(frame, 0) < 0)
        av_frame_free(&frame);
    return frame;
}

/** The next output frame, with the properties of a frame of the input. */
static AVFrame *get_output_frame(AVFilterContext *ctx, const AVFrame *source)
{
    OneDVAFilterContext *s = ctx->priv;
    AVFilterLink *outlink = ctx->outputs[0];
    AVFrame *frame = is_on_device(outlink) ? get_memory(outlink)
                                           : ff_get_video_buffer(outlink, outlink->w, outlink->h);

    if (frame && av_frame_copy_props(frame, source) < 0)
        av_frame_free(&frame);
    if (frame)
        s->output[s->nb_output++] = frame;
    return frame;
}

/** The part of an output frame that shows the reconstruction. */
static AVFrame *get_picture(AVFilterContext *ctx, const AVFrame *output)
{
    const OneDVAFilterContext *s = ctx->priv;
    const int left = s->show == SHOW_SIDE ? ff_onedva_right_half(ctx->inputs[0]->w) : 0;
    AVFrame *picture = av_frame_clone(output);

    if (!picture)
        return NULL;
    for (int plane = 0; plane < 3; plane++)
        picture->data[plane] += av_image_get_linesize(picture->format, left, plane);
    picture->width = ctx->inputs[0]->w;
    return picture;
}

/** Output frames and pictures for the first n frames of the clip. */
static int get_output_frames(AVFilterContext *ctx, int n)
{
    OneDVAFilterContext *s = ctx->priv;

    for (int i = 0; i < n; i++) {
        const AVFrame *output = get_output_frame(ctx, s->clip.frames[i]);

        s->pictures[i] = output ? get_picture(ctx, output) : NULL;
        if (!s->pictures[i])
            return AVERROR(ENOMEM);
    }
    return 0;
}

typedef struct FrameJobs {
    OneDVAClipFigures *figures;
    const struct onedva_mesh *mesh; ///< where tokens are shown
} FrameJobs;

/** Measure and draw every nb_jobs-th frame. */
static int finish_frames(AVFilterContext *ctx, void *arg, int job, int nb_jobs)
{
    const OneDVAFilterContext *s = ctx->priv;
    const FrameJobs *jobs = arg;

    for (int i = job; i < jobs->figures->nb_frames; i += nb_jobs) {
        const AVFrame *source = s->clip.frames[i];
        AVFrame *picture = s->pictures[i];

        jobs->figures->mse_y[i] = ff_onedva_mse_y(picture, source);
        if (s->show == SHOW_DIFF)
            ff_onedva_show_diff(picture, source);
        else if (s->show == SHOW_TOKENS)
            ff_onedva_show_tokens(picture, i, jobs->mesh, &jobs->figures->tiles,
                                  s->max_tile_tokens);
        else if (s->show == SHOW_SIDE)
            ff_onedva_show_source(s->output[i], source);
    }
    return 0;
}

/** What there is to say of the pictures, and what is to be shown instead of them. */
static int finish_clip(AVFilterContext *ctx, const struct onedva_packet *packet)
{
    OneDVAFilterContext *s = ctx->priv;
    struct onedva_mesh mesh;
    OneDVAClipFigures figures = {
        .pts       = s->clip.frames[0]->pts,
        .time_base = ctx->inputs[0]->time_base,
        .nb_frames = packet->frames,
        .coded     = packet->stats,
    };
    FrameJobs jobs = { &figures, &mesh };
    int ret = ff_onedva_check(&s->log, onedva_decoder_get_mesh(s->decoder, &mesh), "mesh");

    for (int i = 0; i < packet->frames; i++)
        figures.duration += s->clip.durations[i];
    if (ret >= 0)
        ret = ff_onedva_check(&s->log, onedva_encoder_get_tiles(s->encoder, &figures.tiles),
                              "tiles");
    if (ret >= 0)
        ret = ff_filter_execute(ctx, finish_frames, &jobs, NULL,
                                FFMIN(packet->frames, nb_threads(ctx)));
    if (ret >= 0 && s->show == SHOW_MESH)
        ret = ff_onedva_show_mesh(&mesh, s->pictures, packet->frames);
    for (int i = 0; i < packet->frames && ret >= 0; i++)
        ret = ff_onedva_set_metadata(s->output[i], &figures, i);
    if (ret >= 0)
        ff_onedva_stats_add(&s->stats, &figures);
    return ret;
}

/** Key clips are smoothed only where they follow the one before without a gap, as a player would do it. */
static void check_continuity(OneDVAFilterContext *s, const struct onedva_packet *packet)
{
    const int64_t start = s->clip.frames[0]->pts;

    if (packet->is_key && s->clip_end != AV_NOPTS_VALUE && start != AV_NOPTS_VALUE && start != s->clip_end)
        onedva_decoder_flush(s->decoder);
    s->clip_end = start;
    for (int i = 0; i < packet->frames && start != AV_NOPTS_VALUE; i++)
        s->clip_end = av_sat_add64(s->clip_end, s->clip.durations[i]);
}

/** Encode and decode the clip, or the first frames of it, into the output frames. */
static int reconstruct_clip(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    struct onedva_packet packet;
    struct onedva_clip decoded;
    int ret = ff_onedva_clip_encode(&s->clip, s->encoder, &s->log, &packet);

    if (ret >= 0) {
        check_continuity(s, &packet);
        ret = ff_onedva_check(&s->log,
                              onedva_decoder_read_packet(s->decoder, packet.data, packet.size,
                                                         &decoded), "packet");
    }
    if (ret >= 0)
        ret = get_output_frames(ctx, packet.frames);
    if (ret >= 0)
        ret = ff_onedva_reconstruct(s->decoder, &s->log, s->pictures, packet.frames);
    if (ret >= 0)
        ret = finish_clip(ctx, &packet);
    clear_pictures(s);
    if (ret < 0) {
        clear_output(s);
        onedva_encoder_begin_gop(s->encoder); // the decoder has nothing to predict from
    }
    ff_onedva_clip_drop(&s->clip, ret < 0 ? s->clip.nb_frames : packet.frames);
    return ret;
}

/** Take the frame that the timeline leaves as it is to the output, which is empty. */
static int pass_next_frame(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    AVFrame *output, *right;

    if (s->show != SHOW_SIDE) {
        s->output[s->nb_output++] = s->next;
        s->next = NULL;
        return 0;
    }
    output = get_output_frame(ctx, s->next);
    right  = output ? get_picture(ctx, output) : NULL;
    if (right) {
        ff_onedva_show_source(output, s->next);
        ff_onedva_show_source(right, s->next);
    }
    av_frame_free(&s->next);
    if (!right)
        clear_output(s);
    av_frame_free(&right);
    return s->nb_output ? 0 : AVERROR(ENOMEM);
}

/** Put a frame of the output's device in the place of one of memory. */
static int upload(AVFilterLink *outlink, AVFrame **frame)
{
    AVFrame *copy = ff_get_video_buffer(outlink, outlink->w, outlink->h);
    int ret = copy ? av_hwframe_transfer_data(copy, *frame, 0) : AVERROR(ENOMEM);

    // FFmpeg may still read the memory, and holds no reference to it
    if (ret >= 0)
        ret = ff_onedva_wait_uploaded(copy);
    if (ret >= 0)
        ret = av_frame_copy_props(copy, *frame);
    if (ret < 0) {
        av_frame_free(&copy);
        return ret;
    }
    // those of the device may be larger
    copy->width  = outlink->w;
    copy->height = outlink->h;
    av_frame_free(frame);
    *frame = copy;
    return 0;
}

static int output_frame(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    AVFilterLink *outlink = ctx->outputs[0];
    AVFrame *frame = s->output[s->next_output];
    int ret;

    s->output[s->next_output++] = NULL;
    if (s->next_output == s->nb_output)
        s->next_output = s->nb_output = 0;
    ret = is_on_device(outlink) ? upload(outlink, &frame) : 0;
    if (ret < 0) {
        av_frame_free(&frame);
        return ret;
    }
    return ff_filter_frame(outlink, frame);
}

/**
 * Take frames from the input until the clip is complete or none is left.
 * @return 1 when there is output, 0 when more input is needed
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
            s->next_passes = ctx->is_disabled;
            ret = ff_onedva_download(s->next, ctx);
            if (ret < 0)
                return ret;
            ret = ff_onedva_clip_check(&s->clip, s->next, ctx);
            if (ret < 0)
                return ret;
        }
        if (s->clip.nb_frames &&
            (!ff_onedva_clip_continues(&s->clip, s->next) || s->next_passes)) {
            ret = reconstruct_clip(ctx);
            return ret < 0 ? ret : 1;
        }
        if (s->next_passes) {
            ret = pass_next_frame(ctx);
            return ret < 0 ? ret : 1;
        }
        ff_onedva_clip_add(&s->clip, s->next, ctx);
        av_frame_free(&s->next);
    }
}

static int activate(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;
    AVFilterLink *inlink = ctx->inputs[0];
    AVFilterLink *outlink = ctx->outputs[0];
    int64_t pts;
    int ret, status, is_end;

    FF_FILTER_FORWARD_STATUS_BACK(outlink, inlink);

    if (s->nb_output)
        return ff_outlink_frame_wanted(outlink) ? output_frame(ctx) : FFERROR_NOT_READY;

    ret = collect_frames(ctx);
    if (ret)
        return ret < 0 ? ret : output_frame(ctx);

    is_end = ff_inlink_acknowledge_status(inlink, &status, &pts);
    if ((is_end || s->is_flushing) && s->clip.nb_frames) {
        ff_onedva_clip_continues(&s->clip, NULL);
        ret = reconstruct_clip(ctx);
        return ret < 0 ? ret : output_frame(ctx);
    }
    s->is_flushing = 0;
    if (is_end) {
        ff_outlink_set_status(outlink, status, pts);
        return 0;
    }
    FF_FILTER_FORWARD_WANTED(outlink, inlink);
    return FFERROR_NOT_READY;
}

/** Frames that a graph closed before its end, as for another one, leaves in the filter. */
static void log_frames_left(AVFilterContext *ctx)
{
    const OneDVAFilterContext *s = ctx->priv;
    const int n = s->nb_output - s->next_output + s->clip.nb_frames + !!s->next;

    if (n)
        av_log(ctx, AV_LOG_INFO, "%d frames did not come out: the graph was closed inside of a clip\n", n);
}

/** crf holds for the clip in progress and those after it; flush ends the clip in progress. */
static int process_command(AVFilterContext *ctx, const char *cmd, const char *arg, char *res,
                           int res_len, int flags)
{
    OneDVAFilterContext *s = ctx->priv;
    const double crf = s->encode_options.crf;
    int ret;

    if (!strcmp(cmd, "flush")) {
        s->is_flushing = 1;
        ff_filter_set_ready(ctx, 100);
        return 0;
    }
    ret = ff_filter_process_command(ctx, cmd, arg, res, res_len, flags);
    if (ret >= 0 && s->encoder)
        ret = ff_onedva_clip_set_crf(&s->clip, s->encoder, &s->log);
    if (ret < 0)
        s->encode_options.crf = crf;
    return ret;
}

static av_cold void uninit(AVFilterContext *ctx)
{
    OneDVAFilterContext *s = ctx->priv;

    log_frames_left(ctx);
    clear_output(s);
    clear_pictures(s);
    av_frame_free(&s->next);
    ff_onedva_stats_close(&s->stats);
    ff_onedva_clip_free(&s->clip);
    onedva_decoder_close(&s->decoder);
    onedva_encoder_close(&s->encoder);
    onedva_model_close(&s->model);
    av_buffer_unref(&s->first.ref);
}

#define OFFSET(x) offsetof(OneDVAFilterContext, x)
#define FLAGS (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_FILTERING_PARAM)
static const AVOption onedva_options[] = {
    ONEDVA_ENCODE_OPTIONS(OFFSET(encode_options), FLAGS),
    { "b", "bits per second, 0: constant quality by crf", OFFSET(bitrate), AV_OPT_TYPE_INT64,
      { .i64 = 0 }, 0, INT64_MAX, FLAGS },
    { "maxrate", "bits per second that a decoder's buffer fills with, 0: as b", OFFSET(max_rate),
      AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, INT64_MAX, FLAGS },
    { "bufsize", "bits that a decoder's buffer holds, 0: no limit", OFFSET(buffer_size),
      AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, INT_MAX, FLAGS },
    { "rc_init_occupancy", "bits in the buffer at first, 0: three quarters of it",
      OFFSET(buffer_start), AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, INT_MAX, FLAGS },
    ONEDVA_DECODE_OPTIONS(OFFSET(decode_options), FLAGS),
    ONEDVA_MODEL_OPTIONS(OFFSET(model_options), FLAGS),
    { "g", "most frames from a keyframe to the next, 0 and 1: every clip is one, -1: as default",
      OFFSET(gop_size), AV_OPT_TYPE_INT, { .i64 = 250 }, -1, INT_MAX, FLAGS },
    { "bitexact", "the same pixels on any machine, slower", OFFSET(bitexact), AV_OPT_TYPE_BOOL,
      { .i64 = 0 }, 0, 1, FLAGS },
    { "show", "what to output", OFFSET(show), AV_OPT_TYPE_INT, { .i64 = SHOW_RECON },
      SHOW_RECON, SHOW_MESH, FLAGS, .unit = "show" },
    { "recon", "the decoded picture", 0, AV_OPT_TYPE_CONST, { .i64 = SHOW_RECON }, 0, 0, FLAGS,
      .unit = "show" },
    { "diff", "its error, 4 times as large, around mid-grey", 0, AV_OPT_TYPE_CONST,
      { .i64 = SHOW_DIFF }, 0, 0, FLAGS, .unit = "show" },
    { "tokens", "the share of its coefficients that every tile keeps as a colour over it", 0,
      AV_OPT_TYPE_CONST, { .i64 = SHOW_TOKENS }, 0, 0, FLAGS, .unit = "show" },
    { "side", "the source on its left, in a picture twice as wide", 0, AV_OPT_TYPE_CONST,
      { .i64 = SHOW_SIDE }, 0, 0, FLAGS, .unit = "show" },
    { "mesh", "on it a grid that follows the motion, and the paths of its points", 0,
      AV_OPT_TYPE_CONST, { .i64 = SHOW_MESH }, 0, 0, FLAGS, .unit = "show" },
    { "stats_file", "write a line for each clip to this file, -: standard output",
      OFFSET(stats_name), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, FLAGS },
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

static const AVFilterPad onedva_outputs[] = {
    {
        .name         = "default",
        .type         = AVMEDIA_TYPE_VIDEO,
        .config_props = config_output,
    },
};

const FFFilter ff_vf_onedva = {
    FILTER_PUBLIC(name)        = "onedva",
    FILTER_PUBLIC(description) = NULL_IF_CONFIG_SMALL("Show what the One-DVA codec keeps of the video."),
    FILTER_PUBLIC(priv_class)  = &onedva_class,
    FILTER_PUBLIC(flags)       = AVFILTER_FLAG_SLICE_THREADS | AVFILTER_FLAG_SUPPORT_TIMELINE_INTERNAL,
    .init            = init,
    .uninit          = uninit,
    .activate        = activate,
    .process_command = process_command,
    .priv_size       = sizeof(OneDVAFilterContext),
    FILTER_INPUTS(onedva_inputs),
    FILTER_OUTPUTS(onedva_outputs),
    .flags_internal  = FF_FILTER_FLAG_HWFRAME_AWARE,
    FILTER_PIXFMTS(AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10 ONEDVA_DEVICE_FORMATS),
};
