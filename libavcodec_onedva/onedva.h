/*
 * One-DVA: what the encoder, the decoder and the filter share
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Header only, because libavfilter cannot link against private symbols of libavcodec.
 */

#ifndef AVCODEC_ONEDVA_H
#define AVCODEC_ONEDVA_H

#include <stddef.h>
#include <stdint.h>

#include <onedva/onedva.h>

#include "libavutil/avutil.h"
#include "libavutil/cpu.h"
#include "libavutil/error.h"
#include "libavutil/frame.h"
#include "libavutil/log.h"
#include "libavutil/mathematics.h"
#include "libavutil/opt.h"
#include "libavutil/pixdesc.h"
#include "libavutil/rational.h"

/* ---- log and errors ---- */

typedef struct OneDVALog {
    void *avcl;     ///< context for av_log()
    int told;       ///< the library has said what is wrong with the call in progress
    char where[40]; ///< what every line begins with, e.g. the packet's time
    int is_attempt; ///< errors are warnings: when it fails, there is another way
} OneDVALog;

static inline void ff_onedva_log(void *opaque, enum onedva_log_level level, const char *message)
{
    static const int levels[] = {
        [ONEDVA_LOG_ERROR]   = AV_LOG_ERROR,
        [ONEDVA_LOG_WARNING] = AV_LOG_WARNING,
        [ONEDVA_LOG_INFO]    = AV_LOG_INFO,
        [ONEDVA_LOG_DEBUG]   = AV_LOG_VERBOSE,
    };
    OneDVALog *log = opaque;

    if (log->is_attempt && level == ONEDVA_LOG_ERROR)
        level = ONEDVA_LOG_WARNING;
    log->told |= level <= ONEDVA_LOG_WARNING;
    av_log(log->avcl, levels[level], "%s%s\n", log->where, message);
}

static inline struct onedva_logger ff_onedva_logger(OneDVALog *log)
{
    return (struct onedva_logger) { ff_onedva_log, log };
}

static inline int ff_onedva_averror(int status)
{
    switch (status) {
    case ONEDVA_OK:                 return 0;
    case ONEDVA_ERR_NOMEM:          return AVERROR(ENOMEM);
    case ONEDVA_ERR_ARGUMENT:
    case ONEDVA_ERR_LIMIT:          return AVERROR(EINVAL);
    case ONEDVA_ERR_DATA:
    case ONEDVA_ERR_MODEL:
    case ONEDVA_ERR_MODEL_MISMATCH:
    case ONEDVA_ERR_NO_HEADER:      return AVERROR_INVALIDDATA;
    case ONEDVA_ERR_VERSION:        return AVERROR_PATCHWELCOME;
    case ONEDVA_ERR_IO:             return AVERROR(EIO);
    case ONEDVA_ERR_UNSUPPORTED:    return AVERROR(ENOSYS);
    default:                        return AVERROR_EXTERNAL;
    }
}

/**
 * Turn the status of a library call into an error code, with exactly one line of log:
 * the library's own where it gave one.
 */
static inline int ff_onedva_check(OneDVALog *log, int status, const char *what)
{
    if (status < 0 && !log->told)
        av_log(log->avcl, AV_LOG_ERROR, "%s%s: %s\n", log->where, what,
               onedva_status_text(status));
    log->told = 0;
    return ff_onedva_averror(status);
}

/* ---- options ---- */

typedef struct OneDVAModelOptions {
    char *path;
    int backend;
    int device;
} OneDVAModelOptions;

typedef struct OneDVAEncodeOptions {
    double crf;
    int qp;
    double target_psnr;
    double aq;
    int clip_frames;
    int adaptive_clips;
    int preset;
    int motion;
    int tokens;
    int layers;
    int64_t clip_duration;
    int clip_packets;
    int tile_size;
    int detail;
} OneDVAEncodeOptions;

typedef struct OneDVADecodeOptions {
    int steps;
    int sampler;
    int max_tokens;
    int smooth_clips;
    int precision;
} OneDVADecodeOptions;

/* In each of the three, base is the offset of the structure in the context. */
#define ONEDVA_MODEL_OPTIONS(base, flags)                                                          \
    { "model", "model file (default: what $ONEDVA_MODEL names, or else the built-in model)",       \
      (base) + offsetof(OneDVAModelOptions, path), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0,      \
      flags },                                                                                     \
    { "backend", "device that runs the model", (base) + offsetof(OneDVAModelOptions, backend),     \
      AV_OPT_TYPE_INT, { .i64 = ONEDVA_BACKEND_AUTO }, ONEDVA_BACKEND_AUTO, ONEDVA_BACKEND_VULKAN, \
      flags, .unit = "backend" },                                                                  \
    { "auto", "a GPU where one works, or else the processor", 0, AV_OPT_TYPE_CONST,                \
      { .i64 = ONEDVA_BACKEND_AUTO }, 0, 0, flags, .unit = "backend" },                            \
    { "cpu", "C and SIMD code on the processor", 0, AV_OPT_TYPE_CONST,                             \
      { .i64 = ONEDVA_BACKEND_CPU }, 0, 0, flags, .unit = "backend" },                             \
    { "cuda", "an NVIDIA GPU of compute capability 7.5 or later", 0, AV_OPT_TYPE_CONST,            \
      { .i64 = ONEDVA_BACKEND_CUDA }, 0, 0, flags, .unit = "backend" },                            \
    { "vulkan", "a device of Vulkan 1.2 or later", 0, AV_OPT_TYPE_CONST,                           \
      { .i64 = ONEDVA_BACKEND_VULKAN }, 0, 0, flags, .unit = "backend" },                          \
    { "device", "number of the backend's device; -1: the first GPU, or else the first",            \
      (base) + offsetof(OneDVAModelOptions, device), AV_OPT_TYPE_INT, { .i64 = -1 },               \
      -1, INT_MAX, flags }

#define ONEDVA_ENCODE_OPTIONS(base, flags)                                                         \
    { "crf",                                                                                       \
      "constant quality, 0 is best, 8 less halves the quantiser step; a bitrate overrides it",     \
      (base) + offsetof(OneDVAEncodeOptions, crf), AV_OPT_TYPE_DOUBLE, { .dbl = 30 },              \
      0, ONEDVA_MAX_CRF, (flags) | AV_OPT_FLAG_RUNTIME_PARAM },                                    \
    { "qp", "constant quantiser in crf's units, that nothing moves; -1: by crf or bitrate",        \
      (base) + offsetof(OneDVAEncodeOptions, qp), AV_OPT_TYPE_INT, { .i64 = -1 },                  \
      -1, ONEDVA_MAX_QP, flags },                                                                  \
    { "target_psnr", "least PSNR-Y in dB of each packet as decoded with one step; 0: none",        \
      (base) + offsetof(OneDVAEncodeOptions, target_psnr), AV_OPT_TYPE_DOUBLE, { .dbl = 0 },       \
      0, 60, flags },                                                                              \
    { "aq_strength", "how much sooner tiles end where activity hides errors, 0: not",              \
      (base) + offsetof(OneDVAEncodeOptions, aq), AV_OPT_TYPE_DOUBLE, { .dbl = 0 },                \
      0, 1, flags },                                                                               \
    { "preset", "speed against compression", (base) + offsetof(OneDVAEncodeOptions, preset),       \
      AV_OPT_TYPE_INT, { .i64 = ONEDVA_PRESET_MEDIUM }, ONEDVA_PRESET_ULTRAFAST,                   \
      ONEDVA_PRESET_SLOW, flags, .unit = "preset" },                                               \
    { "ultrafast", "linear transform only, no network", 0, AV_OPT_TYPE_CONST,                      \
      { .i64 = ONEDVA_PRESET_ULTRAFAST }, 0, 0, flags, .unit = "preset" },                         \
    { "medium", "query encoder, where the model has one", 0, AV_OPT_TYPE_CONST,                    \
      { .i64 = ONEDVA_PRESET_MEDIUM }, 0, 0, flags, .unit = "preset" },                            \
    { "slow", "as medium, and rate-distortion choice of every coefficient", 0,                     \
      AV_OPT_TYPE_CONST, { .i64 = ONEDVA_PRESET_SLOW }, 0, 0, flags, .unit = "preset" },           \
    { "motion", "how content is aligned over the frames of a packet",                              \
      (base) + offsetof(OneDVAEncodeOptions, motion), AV_OPT_TYPE_INT,                             \
      { .i64 = ONEDVA_MOTION_AUTO }, ONEDVA_MOTION_OFF, ONEDVA_MOTION_AUTO, flags,                 \
      .unit = "motion" },                                                                          \
    { "off", "not at all", 0, AV_OPT_TYPE_CONST,                                                   \
      { .i64 = ONEDVA_MOTION_OFF }, 0, 0, flags, .unit = "motion" },                               \
    { "global", "the picture as a whole: pan, zoom, rotation", 0, AV_OPT_TYPE_CONST,               \
      { .i64 = ONEDVA_MOTION_GLOBAL }, 0, 0, flags, .unit = "motion" },                            \
    { "mesh", "every part on its own", 0, AV_OPT_TYPE_CONST,                                       \
      { .i64 = ONEDVA_MOTION_MESH }, 0, 0, flags, .unit = "motion" },                              \
    { "auto", "what costs least, packet by packet", 0, AV_OPT_TYPE_CONST,                          \
      { .i64 = ONEDVA_MOTION_AUTO }, 0, 0, flags, .unit = "motion" },                              \
    { "clip_frames", "most frames per clip",                                                       \
      (base) + offsetof(OneDVAEncodeOptions, clip_frames), AV_OPT_TYPE_INT,                        \
      { .i64 = ONEDVA_MAX_CLIP_FRAMES }, 1, ONEDVA_MAX_CLIP_FRAMES, flags },                       \
    { "adaptive_clips", "end clips at scene cuts and early where shorter ones cost less",          \
      (base) + offsetof(OneDVAEncodeOptions, adaptive_clips), AV_OPT_TYPE_BOOL,                    \
      { .i64 = 1 }, 0, 1, flags },                                                                 \
    { "tokens", "most latent tokens per 128x128 tile, 0: as many as pay off",                      \
      (base) + offsetof(OneDVAEncodeOptions, tokens), AV_OPT_TYPE_INT, { .i64 = 0 },               \
      0, INT_MAX, flags },                                                                         \
    { "layers", "layers of each packet, any first ones of which make a stream (onedva_truncate)",  \
      (base) + offsetof(OneDVAEncodeOptions, layers), AV_OPT_TYPE_INT, { .i64 = 1 },               \
      1, ONEDVA_MAX_LAYERS, flags },                                                               \
    { "clip_duration", "longest time of a clip of several frames, 0: any",                         \
      (base) + offsetof(OneDVAEncodeOptions, clip_duration), AV_OPT_TYPE_DURATION,                 \
      { .i64 = 2000000 }, 0, INT64_MAX, flags },                                                   \
    { "clip_packets", "packets that show all frames of their clips, without any for each frame",   \
      (base) + offsetof(OneDVAEncodeOptions, clip_packets), AV_OPT_TYPE_BOOL, { .i64 = 0 },        \
      0, 1, flags },                                                                               \
    { "tile_size", "side in samples of all tiles: 16, 32, 64 or 128; 0: what costs least",         \
      (base) + offsetof(OneDVAEncodeOptions, tile_size), AV_OPT_TYPE_INT, { .i64 = 0 },            \
      0, 128, flags },                                                                             \
    { "detail", "coefficients that each clip may have: 0 few, 3 all; -1: what its quantiser needs", \
      (base) + offsetof(OneDVAEncodeOptions, detail), AV_OPT_TYPE_INT, { .i64 = -1 },              \
      -1, ONEDVA_MAX_DETAIL, flags }

#define ONEDVA_DECODE_OPTIONS(base, flags)                                                         \
    { "steps",                                                                                     \
      "0: linear, fastest; 1: one run of the network, highest PSNR; more: diffusion",              \
      (base) + offsetof(OneDVADecodeOptions, steps), AV_OPT_TYPE_INT, { .i64 = 1 },                \
      ONEDVA_STEPS_AUTO, ONEDVA_MAX_STEPS, flags, .unit = "steps" },                               \
    { "auto", "as many, up to 8, as keep up with the frame rate here", 0, AV_OPT_TYPE_CONST,       \
      { .i64 = ONEDVA_STEPS_AUTO }, 0, 0, flags, .unit = "steps" },                                \
    { "sampler", "method of the diffusion steps", (base) + offsetof(OneDVADecodeOptions, sampler), \
      AV_OPT_TYPE_INT, { .i64 = ONEDVA_SAMPLER_EULER }, ONEDVA_SAMPLER_EULER,                      \
      ONEDVA_SAMPLER_HEUN, flags, .unit = "sampler" },                                             \
    { "euler", "one run of the network a step", 0, AV_OPT_TYPE_CONST,                              \
      { .i64 = ONEDVA_SAMPLER_EULER }, 0, 0, flags, .unit = "sampler" },                           \
    { "heun", "two runs of the network a step, more accurate", 0, AV_OPT_TYPE_CONST,               \
      { .i64 = ONEDVA_SAMPLER_HEUN }, 0, 0, flags, .unit = "sampler" },                            \
    { "max_tokens", "decode only the first latent tokens of each tile, 0: all",                    \
      (base) + offsetof(OneDVADecodeOptions, max_tokens), AV_OPT_TYPE_INT, { .i64 = 0 },           \
      0, INT_MAX, flags },                                                                         \
    { "smooth_clips",                                                                              \
      "smooth the change from packet to packet; pixels then depend on the packet before",          \
      (base) + offsetof(OneDVADecodeOptions, smooth_clips), AV_OPT_TYPE_BOOL, { .i64 = 0 },        \
      0, 1, flags },                                                                               \
    { "precision", "coarsest numbers that the network may be multiplied with; never the bitstream", \
      (base) + offsetof(OneDVADecodeOptions, precision), AV_OPT_TYPE_INT,                          \
      { .i64 = ONEDVA_PRECISION_BFLOAT16 }, ONEDVA_PRECISION_FLOAT32, ONEDVA_PRECISION_INT8,       \
      flags, .unit = "precision" },                                                                \
    { "float32", "single precision", 0, AV_OPT_TYPE_CONST,                                         \
      { .i64 = ONEDVA_PRECISION_FLOAT32 }, 0, 0, flags, .unit = "precision" },                     \
    { "bf16", "bfloat16 where the processor has it", 0, AV_OPT_TYPE_CONST,                         \
      { .i64 = ONEDVA_PRECISION_BFLOAT16 }, 0, 0, flags, .unit = "precision" },                    \
    { "int8", "8 bits where the processor has them, fastest", 0, AV_OPT_TYPE_CONST,                \
      { .i64 = ONEDVA_PRECISION_INT8 }, 0, 0, flags, .unit = "precision" }

static inline int ff_onedva_model_open(onedva_model **model, const OneDVAModelOptions *options,
                                       OneDVALog *log)
{
    struct onedva_logger logger = ff_onedva_logger(log);

    return ff_onedva_check(log, onedva_model_open(model, options->path, &logger),
                           options->path ? options->path : "default model");
}

static inline void ff_onedva_encoder_settings(struct onedva_encoder_settings *settings,
                                              const OneDVAEncodeOptions *options,
                                              const OneDVAModelOptions *model, OneDVALog *log)
{
    onedva_encoder_settings_default(settings);
    settings->crf            = options->crf;
    settings->qp             = options->qp;
    settings->target_psnr    = options->target_psnr;
    settings->aq             = options->aq;
    settings->max_tokens     = options->tokens;
    settings->layers         = options->layers;
    settings->preset         = options->preset;
    settings->motion         = options->motion;
    settings->adaptive_clips = options->adaptive_clips;
    settings->clip_packets   = options->clip_packets;
    settings->tile_size      = options->tile_size;
    settings->detail         = options->detail;
    settings->backend        = model->backend;
    settings->device         = model->device;
    settings->logger         = ff_onedva_logger(log);
}

/** @param threads 0: as many as FFmpeg counts processors, by affinity or ffmpeg's -cpucount */
static inline int ff_onedva_threads(int threads)
{
    return threads > 0 ? threads : av_cpu_count();
}

/**
 * Set the bitrate and the decoder's buffer.
 * @param max_rate     0: the bitrate, where there is a buffer
 * @param buffer_start bits in it at first, 0: three quarters of it, as libavcodec has it
 */
static inline void ff_onedva_set_rate(struct onedva_encoder_settings *settings, int64_t bitrate,
                                      int64_t max_rate, int64_t buffer_size, int64_t buffer_start)
{
    settings->bitrate      = bitrate;
    settings->max_rate     = max_rate;
    settings->buffer_size  = buffer_size;
    settings->buffer_start = buffer_start;
    if (buffer_size > 0 && !max_rate)
        settings->max_rate = bitrate;
    if (buffer_size > 0 && !buffer_start)
        settings->buffer_start = FFMAX(buffer_size * 3 / 4, 1);
}

/** Set the most frames from a keyframe to the next. @param gop 0: as 1; below 0: the default */
static inline void ff_onedva_set_gop(struct onedva_encoder_settings *settings, int gop)
{
    if (gop >= 0)
        settings->gop = FFMAX(gop, 1);
}

static inline void ff_onedva_decoder_settings(struct onedva_decoder_settings *settings,
                                              const OneDVADecodeOptions *options,
                                              const OneDVAModelOptions *model, OneDVALog *log)
{
    onedva_decoder_settings_default(settings);
    settings->steps        = options->steps;
    settings->sampler      = options->sampler;
    settings->max_tokens   = options->max_tokens;
    settings->smooth_clips = options->smooth_clips;
    settings->precision    = options->precision;
    settings->backend      = model->backend;
    settings->device       = model->device;
    settings->logger       = ff_onedva_logger(log);
}

/** Let a decoder take all depths, and compute where a stream of this one can be. */
static inline void ff_onedva_set_depth(struct onedva_decoder_settings *settings, int depth)
{
    settings->max_depth = ONEDVA_MAX_DEPTH;
    if (settings->backend == ONEDVA_BACKEND_AUTO && depth > 8)
        settings->backend = ONEDVA_BACKEND_CPU; // no GPU takes more
}

/* ---- formats of frames ---- */

/** What frames of memory are of. @param depth of a stream */
static inline enum AVPixelFormat ff_onedva_pix_fmt(int depth)
{
    return depth > 8 ? AV_PIX_FMT_YUV420P10 : AV_PIX_FMT_YUV420P;
}

/** Bits of a sample; frames of a device have 8. */
static inline int ff_onedva_depth(enum AVPixelFormat format)
{
    return format == AV_PIX_FMT_YUV420P10 ? 10 : 8;
}

/* ---- clips on the encoding side ---- */

/** A stream without colour properties and sample aspect ratio. @param framerate 0/1 if unknown */
static inline struct onedva_stream ff_onedva_stream(int width, int height, enum AVPixelFormat format,
                                                    AVRational time_base, AVRational framerate)
{
    struct onedva_stream stream = {
        .width            = width,
        .height           = height,
        .timebase_num     = time_base.num,
        .timebase_den     = time_base.den,
        .sar_num          = 0,
        .sar_den          = 1,
        .colour_primaries = AVCOL_PRI_UNSPECIFIED,
        .transfer         = AVCOL_TRC_UNSPECIFIED,
        .matrix           = AVCOL_SPC_UNSPECIFIED,
        .depth            = ff_onedva_depth(format),
    };

    if (framerate.num > 0 && framerate.den > 0) {
        int64_t ticks = av_rescale_q(1, av_inv_q(framerate), time_base);
        stream.frame_duration = av_clip64(ticks, 1, UINT32_MAX);
    }
    return stream;
}

/** The frames that will become one packet, or one and the start of the next. */
typedef struct OneDVAClip {
    AVFrame *frames[ONEDVA_MAX_CLIP_FRAMES]; ///< references, not copies
    uint32_t durations[ONEDVA_MAX_CLIP_FRAMES];
    int nb_frames;

    const OneDVAEncodeOptions *options;
    struct onedva_stream stream;
    int max_frames;         ///< of a clip
    int64_t max_duration;   ///< of a clip of several frames
    uint32_t last_duration; ///< for a frame that nothing else tells the duration of
    double crf;             ///< that the encoder was last given
    int told_of_fields;
} OneDVAClip;

/** Let clips of several frames last no longer than so many microseconds. */
static inline void ff_onedva_clip_limit(OneDVAClip *clip, int64_t duration)
{
    const AVRational time_base = { clip->stream.timebase_num, clip->stream.timebase_den };

    clip->max_duration = FFMIN(clip->max_duration,
                               av_rescale_q_rnd(duration, AV_TIME_BASE_Q, time_base, AV_ROUND_DOWN));
}

/** Let clips last no longer than the decoder's buffer does at their rate: a longer one has no room
 *  for what the rate would give it. */
static inline void ff_onedva_clip_fit_buffer(OneDVAClip *clip,
                                             const struct onedva_encoder_settings *settings)
{
    const int64_t rate = settings->bitrate > 0 ? settings->bitrate : settings->max_rate;

    if (rate > 0 && settings->buffer_size > 0)
        ff_onedva_clip_limit(clip, av_rescale(settings->buffer_size, AV_TIME_BASE, rate));
}

static inline int ff_onedva_clip_init(OneDVAClip *clip, const OneDVAEncodeOptions *options,
                                      const struct onedva_stream *stream)
{
    clip->options       = options;
    clip->stream        = *stream;
    clip->max_frames    = options->clip_frames;
    clip->max_duration  = INT64_MAX;
    clip->last_duration = FFMAX(stream->frame_duration, 1);
    clip->crf           = options->crf;
    if (options->clip_duration)
        ff_onedva_clip_limit(clip, options->clip_duration);
    for (int i = 0; i < ONEDVA_MAX_CLIP_FRAMES; i++) {
        if (!clip->frames[i] && !(clip->frames[i] = av_frame_alloc()))
            return AVERROR(ENOMEM);
    }
    return 0;
}

/** Drop the first n frames; what is left begins the next clip. */
static inline void ff_onedva_clip_drop(OneDVAClip *clip, int n)
{
    clip->nb_frames -= n;
    for (int i = 0; i < n; i++)
        av_frame_unref(clip->frames[i]);
    for (int i = 0; i < clip->nb_frames; i++) {
        FFSWAP(AVFrame *, clip->frames[i], clip->frames[i + n]);
        clip->durations[i] = clip->durations[i + n];
    }
}

static inline void ff_onedva_clip_clear(OneDVAClip *clip)
{
    ff_onedva_clip_drop(clip, clip->nb_frames);
}

static inline void ff_onedva_clip_free(OneDVAClip *clip)
{
    for (int i = 0; i < ONEDVA_MAX_CLIP_FRAMES; i++)
        av_frame_free(&clip->frames[i]);
    clip->nb_frames = 0;
}

/** Whether a frame has the stream's size and format; says so when it has not. */
static inline int ff_onedva_clip_check(const OneDVAClip *clip, const AVFrame *frame, void *avcl)
{
    const enum AVPixelFormat wanted = ff_onedva_pix_fmt(clip->stream.depth);
    const char *format = av_get_pix_fmt_name(frame->format);

    if (frame->width == clip->stream.width && frame->height == clip->stream.height &&
        frame->format == wanted)
        return 0;
    av_log(avcl, AV_LOG_ERROR,
           "frame of %dx%d %s in a stream of %"PRIu32"x%"PRIu32" %s: scale it first\n",
           frame->width, frame->height, format ? format : "no format",
           clip->stream.width, clip->stream.height, av_get_pix_fmt_name(wanted));
    return AVERROR(EINVAL);
}

static inline void ff_onedva_clip_add(OneDVAClip *clip, AVFrame *frame, void *avcl)
{
    if ((frame->flags & AV_FRAME_FLAG_INTERLACED) && !clip->told_of_fields++)
        av_log(avcl, AV_LOG_WARNING, "interlaced frames: both fields are coded as one progressive "
               "picture, which costs bits where they move; deinterlace first, as with -vf bwdif\n");
    av_frame_move_ref(clip->frames[clip->nb_frames++], frame);
}

/**
 * Settle the duration of the clip's last frame. What an encode leaves before a gap is not filled up
 * beyond it.
 * @param next the frame that follows, NULL at the end
 * @return whether next may join the clip
 */
static inline int ff_onedva_clip_continues(OneDVAClip *clip, const AVFrame *next)
{
    const AVFrame *last = clip->frames[clip->nb_frames - 1];
    int64_t distance = 0, end = 0;
    int gap;

    if (next && next->pts != AV_NOPTS_VALUE && last->pts != AV_NOPTS_VALUE)
        distance = av_sat_sub64(next->pts, last->pts);
    gap = distance > UINT32_MAX; // a packet has 32 bits for a duration

    if (distance <= 0 || gap)
        distance = last->duration;
    if (distance <= 0 || distance > UINT32_MAX)
        distance = clip->last_duration;
    clip->durations[clip->nb_frames - 1] = clip->last_duration = distance;

    for (int i = 0; i < clip->nb_frames; i++)
        end += clip->durations[i];
    // next is expected to last as long as the frame before it
    return next && !gap && clip->nb_frames < clip->max_frames &&
           end <= av_sat_sub64(clip->max_duration, distance);
}

/** The name of what an encoder used: off, global or mesh. */
static inline const char *ff_onedva_motion_name(enum onedva_motion motion)
{
    static const char *const names[] = {
        [ONEDVA_MOTION_OFF]    = "off",
        [ONEDVA_MOTION_GLOBAL] = "global",
        [ONEDVA_MOTION_MESH]   = "mesh",
    };

    return names[motion];
}

static inline void ff_onedva_log_packet(OneDVALog *log, const struct onedva_packet *packet)
{
    const struct onedva_clip_stats *stats = &packet->stats;

    av_log(log->avcl, AV_LOG_DEBUG,
           "%s clip of %d frames: %zu bytes, quantiser %d, %"PRId64" coefficients in %"PRId64" tiles, "
           "motion %s in %zu bytes\n", packet->is_key ? "key" : "inter", packet->frames, packet->size,
           stats->qidx, stats->coefficients, stats->tiles, ff_onedva_motion_name(stats->motion), stats->motion_bytes);
}

/** Give the encoder the crf that the options say now; it holds for the clip in progress. */
static inline int ff_onedva_clip_set_crf(OneDVAClip *clip, onedva_encoder *encoder, OneDVALog *log)
{
    int ret;

    if (clip->crf == clip->options->crf)
        return 0;
    ret = onedva_encoder_set_crf(encoder, clip->options->crf);
    if (ret < 0)
        return ff_onedva_check(log, ret, "changing crf");
    clip->crf = clip->options->crf;
    return 0;
}

/** Begin to encode the clip, or the first packet->frames of it; they stay in it until they are
 *  dropped. @param packet what onedva_encode_begin() gives */
static inline int ff_onedva_clip_encode_begin(OneDVAClip *clip, onedva_encoder *encoder, OneDVALog *log,
                                        struct onedva_packet *packet)
{
    struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
    const uint32_t *durations = NULL;
    int ret = ff_onedva_clip_set_crf(clip, encoder, log);

    if (ret < 0)
        return ret;
    for (int i = 0; i < clip->nb_frames; i++) {
        for (int plane = 0; plane < 3; plane++) {
            pictures[i].data[plane]   = clip->frames[i]->data[plane];
            pictures[i].stride[plane] = clip->frames[i]->linesize[plane];
        }
        if (clip->durations[i] != clip->stream.frame_duration)
            durations = clip->durations;
    }
    ret = onedva_encode_begin(encoder, pictures, durations, clip->nb_frames, packet);
    return ff_onedva_check(log, ret, "encoding a clip");
}

/** End the clip begun first. */
static inline int ff_onedva_clip_encode_end(onedva_encoder *encoder, OneDVALog *log,
                                            struct onedva_packet *packet)
{
    int ret = ff_onedva_check(log, onedva_encode_end(encoder, packet), "encoding a clip");

    if (ret >= 0)
        ff_onedva_log_packet(log, packet);
    return ret;
}

static inline int ff_onedva_clip_encode(OneDVAClip *clip, onedva_encoder *encoder, OneDVALog *log,
                                        struct onedva_packet *packet)
{
    int ret = ff_onedva_clip_encode_begin(clip, encoder, log, packet);

    return ret < 0 ? ret : ff_onedva_clip_encode_end(encoder, log, packet);
}

/* ---- clips on the decoding side ---- */

/** Reconstruct the packet read last into n frames of its size and depth. */
static inline int ff_onedva_reconstruct(onedva_decoder *decoder, OneDVALog *log,
                                        AVFrame *const *frames, int n)
{
    struct onedva_picture pictures[ONEDVA_MAX_CLIP_FRAMES];

    for (int i = 0; i < n; i++) {
        for (int plane = 0; plane < 3; plane++) {
            pictures[i].data[plane]   = frames[i]->data[plane];
            pictures[i].stride[plane] = frames[i]->linesize[plane];
        }
    }
    return ff_onedva_check(log, onedva_decoder_reconstruct(decoder, pictures, n),
                           "reconstructing a clip");
}

#endif /* AVCODEC_ONEDVA_H */
