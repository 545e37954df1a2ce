/*
 * One-DVA: what the programs that use libavcodec's API share
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef ONEDVA_FATE_API_H
#define ONEDVA_FATE_API_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#define WIDTH  66
#define HEIGHT 50

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* Whether a program that was called so is to run a case; without an argument it lists its cases. */
static inline int is_wanted(int argc, char **argv, const char *name)
{
    if (argc < 2)
        puts(name);
    return argc >= 2 && !strcmp(argv[1], name);
}

/* Not yet open. */
static inline AVCodecContext *new_encoder(int width, int height)
{
    AVCodecContext *encoder = avcodec_alloc_context3(avcodec_find_encoder_by_name("onedva"));

    CHECK(encoder);
    encoder->width = width;
    encoder->height = height;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){1, 25};
    encoder->framerate = (AVRational){25, 1};
    return encoder;
}

/* Packets have 4 layers and 16 frames, all of which they show. */
static inline AVCodecContext *open_encoder(int width, int height, int flags)
{
    AVCodecContext *encoder = new_encoder(width, height);

    encoder->flags |= flags;
    CHECK(av_opt_set_int(encoder->priv_data, "layers", 4, 0) == 0);
    CHECK(av_opt_set_int(encoder->priv_data, "adaptive_clips", 0, 0) == 0);
    CHECK(av_opt_set_int(encoder->priv_data, "clip_packets", 1, 0) == 0);
    CHECK(avcodec_open2(encoder, NULL, NULL) == 0);
    return encoder;
}

/* A decoder with the encoder's extradata, or with none. */
static inline AVCodecContext *open_decoder(const AVCodecContext *encoder)
{
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder_by_name("onedva"));

    CHECK(decoder);
    decoder->pkt_timebase = (AVRational){1, 25};
    if (encoder) {
        decoder->extradata = av_mallocz(encoder->extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
        CHECK(decoder->extradata);
        memcpy(decoder->extradata, encoder->extradata, encoder->extradata_size);
        decoder->extradata_size = encoder->extradata_size;
    }
    CHECK(avcodec_open2(decoder, NULL, NULL) == 0);
    return decoder;
}

static inline AVFrame *make_frame(int width, int height, int64_t pts)
{
    AVFrame *frame = av_frame_alloc();

    CHECK(frame);
    frame->width = width;
    frame->height = height;
    frame->format = AV_PIX_FMT_YUV420P;
    frame->pts = pts;
    CHECK(av_frame_get_buffer(frame, 0) == 0);
    for (int plane = 0; plane < 3; plane++)
        for (int y = 0; y < (plane ? (height + 1) / 2 : height); y++)
            for (int x = 0; x < (plane ? (width + 1) / 2 : width); x++)
                frame->data[plane][y * frame->linesize[plane] + x] = 3 * x + 2 * y + 4 * pts;
    return frame;
}

static inline int send_frame(AVCodecContext *encoder, AVFrame *frame)
{
    int status = avcodec_send_frame(encoder, frame);

    av_frame_free(&frame);
    return status;
}

static inline void send_frames(AVCodecContext *encoder, int64_t first_pts, int n)
{
    for (int i = 0; i < n; i++)
        CHECK(send_frame(encoder, make_frame(encoder->width, encoder->height, first_pts + i)) == 0);
}

static inline AVPacket *receive_packet(AVCodecContext *encoder)
{
    AVPacket *packet = av_packet_alloc();

    CHECK(packet && avcodec_receive_packet(encoder, packet) == 0);
    CHECK(packet->flags & AV_PKT_FLAG_KEY);
    CHECK(packet->dts == packet->pts);
    return packet;
}

/* The packet of n frames from first_pts on, by an encoder that is then drained. */
static inline AVPacket *encode_clip(AVCodecContext *encoder, int64_t first_pts, int n)
{
    send_frames(encoder, first_pts, n);
    CHECK(avcodec_send_frame(encoder, NULL) == 0);
    return receive_packet(encoder);
}

#endif
