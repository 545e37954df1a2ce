/*
 * One-DVA: frames of a device that do not fit, through libavcodec's API
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Compiled with -DDEVICE=VULKAN or CUDA.
 *
 * usage: test_device_frames CASE; exits with 0 when the case passes. Without a case it lists them.
 */

#include <libavutil/hwcontext.h>

#include "api.h"

#define NAME_(prefix, device) prefix##device
#define NAME(prefix, device)  NAME_(prefix, device)
#define TYPE                  NAME(AV_HWDEVICE_TYPE_, DEVICE)
#define FORMAT                NAME(AV_PIX_FMT_, DEVICE)

#define FRAMES 4
#define CLIPS  3 /* at most, of a case */

static int lines; /* of the codec's errors */
static char line[256];

static void keep_line(void *opaque, int level, const char *format, va_list arguments)
{
    const AVClass *class = opaque ? *(const AVClass **)opaque : NULL;

    if (level > AV_LOG_ERROR || !class || strcmp(class->class_name, "AVCodecContext"))
        return;
    lines++;
    vsnprintf(line, sizeof(line), format, arguments);
}

static void expect_line(const char *part)
{
    if (lines != 1 || !strstr(line, part)) {
        fprintf(stderr, "%d lines, the last one: %s", lines, line);
        exit(1);
    }
}

static AVBufferRef *open_device(void)
{
    AVBufferRef *device;

    CHECK(av_hwdevice_ctx_create(&device, TYPE, NULL, NULL, 0) == 0);
    return device;
}

/* @param device NULL: one of their own */
static AVBufferRef *make_frames(AVBufferRef *device, enum AVPixelFormat format)
{
    AVBufferRef *own = device ? av_buffer_ref(device) : open_device();
    AVBufferRef *reference = av_hwframe_ctx_alloc(own);
    AVHWFramesContext *frames;

    CHECK(reference);
    frames = (AVHWFramesContext *)reference->data;
    frames->format = FORMAT;
    frames->sw_format = format;
    frames->width = WIDTH;
    frames->height = HEIGHT;
    CHECK(av_hwframe_ctx_init(reference) == 0);
    av_buffer_unref(&own);
    return reference;
}

/* FFmpeg may still read memory of which frames were made, without a reference. */
static AVFrame *uploaded[CLIPS * FRAMES];
static int nb_uploaded;

/* A frame of the device, of what make_frame gives, where it holds that. */
static AVFrame *upload(AVBufferRef *frames, int64_t pts)
{
    AVFrame *frame = av_frame_alloc(), *memory = make_frame(WIDTH, HEIGHT, pts);

    CHECK(frame && av_hwframe_get_buffer(frames, frame, 0) == 0);
    if (((AVHWFramesContext *)frames->data)->sw_format == AV_PIX_FMT_YUV420P)
        CHECK(av_hwframe_transfer_data(frame, memory, 0) == 0);
    uploaded[nb_uploaded++] = memory;
    frame->pts = pts;
    return frame;
}

/* ---- decoder ----------------------------------------------------------------------------- */

static AVBufferRef *brought; /* by the caller */

static enum AVPixelFormat bring_frames(AVCodecContext *decoder, const enum AVPixelFormat *formats)
{
    decoder->hw_frames_ctx = av_buffer_ref(brought);
    CHECK(decoder->hw_frames_ctx && formats[0] == FORMAT);
    return formats[0];
}

/* @return of the first frame */
static int decode(AVBufferRef *device)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, 0);
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder_by_name("onedva"));
    AVPacket *packet = encode_clip(encoder, 0, FRAMES);
    AVFrame *frame = av_frame_alloc();
    int status;

    CHECK(decoder && frame);
    decoder->pkt_timebase = (AVRational){1, 25};
    decoder->hw_device_ctx = av_buffer_ref(device);
    decoder->get_format = bring_frames;
    CHECK(av_opt_set_int(decoder->priv_data, "steps", 0, 0) == 0);
    CHECK(avcodec_open2(decoder, NULL, NULL) == 0);
    status = avcodec_send_packet(decoder, packet);
    if (status >= 0)
        status = avcodec_send_packet(decoder, NULL);
    if (status >= 0)
        status = avcodec_receive_frame(decoder, frame);
    CHECK(status < 0 || frame->hw_frames_ctx->data == brought->data);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
    return status;
}

static void brought_frames(void)
{
    AVBufferRef *device = open_device();

    brought = make_frames(device, AV_PIX_FMT_YUV420P);
    CHECK(decode(device) == 0 && lines == 0);
    av_buffer_unref(&brought);
    av_buffer_unref(&device);
}

static void refuse_brought_frames(AVBufferRef *device, AVBufferRef *frames)
{
    brought = frames;
    CHECK(decode(device) == AVERROR(EINVAL));
    expect_line("frames of yuv420p on the device of hw_device_ctx");
    av_buffer_unref(&brought);
    av_buffer_unref(&device);
}

static void brought_frames_elsewhere(void)
{
    refuse_brought_frames(open_device(), make_frames(NULL, AV_PIX_FMT_YUV420P));
}

static void brought_frames_of_nv12(void)
{
    AVBufferRef *device = open_device();

    refuse_brought_frames(device, make_frames(device, AV_PIX_FMT_NV12));
}

/* ---- encoder ----------------------------------------------------------------------------- */

/* A clip whose last frame is one of others. @param first NULL: the encoder is not told of frames
 * @param size of the packet @return a negative status where there is none */
static int encode(AVBufferRef *first, AVBufferRef *others, int *size)
{
    AVCodecContext *encoder = new_encoder(WIDTH, HEIGHT);
    AVPacket *packet = av_packet_alloc();
    int status = 0;

    encoder->pix_fmt = FORMAT;
    encoder->hw_frames_ctx = first ? av_buffer_ref(first) : NULL;
    CHECK(packet && av_opt_set(encoder->priv_data, "preset", "ultrafast", 0) == 0);
    CHECK(av_opt_set_int(encoder->priv_data, "clip_packets", 1, 0) == 0);
    CHECK(avcodec_open2(encoder, NULL, NULL) == 0);
    for (int i = 0; i < FRAMES && status >= 0; i++)
        status = send_frame(encoder, upload(i == FRAMES - 1 ? others : first ? first : others, i));
    if (status >= 0)
        status = avcodec_send_frame(encoder, NULL);
    if (status >= 0)
        status = avcodec_receive_packet(encoder, packet);
    *size = packet->size;
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
    return status;
}

static void coded_frames_anywhere(void)
{
    AVBufferRef *frames = make_frames(NULL, AV_PIX_FMT_YUV420P);
    AVBufferRef *others = make_frames(NULL, AV_PIX_FMT_YUV420P);
    int size[CLIPS];

    CHECK(encode(frames, frames, &size[0]) == 0 && encode(frames, others, &size[1]) == 0 &&
          encode(NULL, frames, &size[2]) == 0);
    CHECK(lines == 0 && size[0] == size[1] && size[0] == size[2]);
    av_buffer_unref(&frames);
    av_buffer_unref(&others);
}

static void coded_frames_of_nv12(void)
{
    AVBufferRef *frames = make_frames(NULL, AV_PIX_FMT_YUV420P);
    AVBufferRef *others = make_frames(NULL, AV_PIX_FMT_NV12);
    int size;

    CHECK(encode(frames, others, &size) == AVERROR(EINVAL));
    expect_line("hold nv12: they must hold yuv420p");
    av_buffer_unref(&frames);
    av_buffer_unref(&others);
}

static const struct test {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"brought_frames", brought_frames},
    {"brought_frames_elsewhere", brought_frames_elsewhere},
    {"brought_frames_of_nv12", brought_frames_of_nv12},
    {"coded_frames_anywhere", coded_frames_anywhere},
    {"coded_frames_of_nv12", coded_frames_of_nv12},
};

int main(int argc, char **argv)
{
    av_log_set_callback(keep_line);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        if (is_wanted(argc, argv, tests[i].name))
            tests[i].run();
    while (nb_uploaded)
        av_frame_free(&uploaded[--nb_uploaded]);
    return 0;
}
