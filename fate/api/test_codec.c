/*
 * One-DVA: the encoder and decoder through libavcodec's API, for what ffmpeg itself never does
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * usage: test_codec CASE; exits with 0 when the case passes. Without a case it lists them.
 */

#include <dirent.h>

#include <libavutil/cpu.h>
#include <onedva/onedva.h>

#include "api.h"

static void drain_into_nothing(AVCodecContext *codec)
{
    AVPacket *packet = av_packet_alloc();

    CHECK(packet && avcodec_receive_packet(codec, packet) == AVERROR_EOF);
    av_packet_free(&packet);
}

/* Receive frames of a clip until none is left and return their number; the first has first_pts. */
static int receive_frames(AVCodecContext *decoder, int64_t first_pts, int width, int height)
{
    AVFrame *frame = av_frame_alloc();
    int n = 0;

    CHECK(frame);
    while (avcodec_receive_frame(decoder, frame) == 0) {
        CHECK(frame->pts == first_pts + n);
        CHECK(frame->duration == 1);
        CHECK(frame->width == width && frame->height == height);
        CHECK(!(frame->flags & AV_FRAME_FLAG_KEY) == (n > 0));
        CHECK(frame->pict_type == (n ? AV_PICTURE_TYPE_P : AV_PICTURE_TYPE_I));
        n++;
    }
    av_frame_free(&frame);
    return n;
}

static void encoder_flush(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, 0);
    AVPacket *packet;

    send_frames(encoder, 0, 5);
    avcodec_flush_buffers(encoder);
    packet = encode_clip(encoder, 100, 3);
    CHECK(packet->pts == 100 && packet->duration == 3);
    drain_into_nothing(encoder);
    av_packet_free(&packet);

    avcodec_flush_buffers(encoder);
    packet = encode_clip(encoder, 0, 2);
    CHECK(packet->pts == 0 && packet->duration == 2);
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
}

/* A frame that is refused takes none of the others with it. */
static void refused_frames(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, 0);
    AVPacket *packet;

    send_frames(encoder, 10, 2);
    CHECK(send_frame(encoder, make_frame(WIDTH, HEIGHT, 11)) == AVERROR(EINVAL));
    CHECK(send_frame(encoder, make_frame(WIDTH, HEIGHT, 5)) == AVERROR(EINVAL));
    CHECK(send_frame(encoder, make_frame(WIDTH + 2, HEIGHT, 12)) == AVERROR(EINVAL));
    packet = encode_clip(encoder, 12, 2);
    CHECK(packet->pts == 10 && packet->duration == 4);
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
}

static void runtime_crf(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, 0);
    AVPacket *coarse, *fine;

    CHECK(av_opt_set_double(encoder->priv_data, "crf", 50, 0) == 0);
    coarse = encode_clip(encoder, 0, 16);
    avcodec_flush_buffers(encoder);
    CHECK(av_opt_set_double(encoder->priv_data, "crf", 5, 0) == 0);
    fine = encode_clip(encoder, 0, 16);
    CHECK(fine->size > coarse->size);
    av_packet_free(&coarse);
    av_packet_free(&fine);
    avcodec_free_context(&encoder);
}

/* A picture stored bottom up. */
static void negative_linesize(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, 0);
    AVFrame *flipped = make_frame(WIDTH, HEIGHT, 0), *upright = av_frame_clone(flipped);
    AVPacket *expected, *found;

    CHECK(upright && av_frame_make_writable(upright) == 0);
    for (int plane = 0; plane < 3; plane++) {
        int height = plane ? HEIGHT / 2 : HEIGHT;
        ptrdiff_t stride = flipped->linesize[plane];

        flipped->data[plane] += (height - 1) * stride;
        flipped->linesize[plane] = -stride;
        for (int y = 0; y < height; y++)
            memcpy(upright->data[plane] + y * upright->linesize[plane],
                   flipped->data[plane] - y * stride, plane ? WIDTH / 2 : WIDTH);
    }
    CHECK(send_frame(encoder, upright) == 0);
    CHECK(avcodec_send_frame(encoder, NULL) == 0);
    expected = receive_packet(encoder);
    avcodec_flush_buffers(encoder);
    CHECK(send_frame(encoder, flipped) == 0);
    CHECK(avcodec_send_frame(encoder, NULL) == 0);
    found = receive_packet(encoder);
    CHECK(found->size == expected->size && !memcmp(found->data, expected->data, found->size));
    av_packet_free(&expected);
    av_packet_free(&found);
    avcodec_free_context(&encoder);
}

static void decoder_flush(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(encoder);
    AVFrame *frame = av_frame_alloc();
    AVPacket *first = encode_clip(encoder, 0, 16), *second;

    avcodec_flush_buffers(encoder);
    second = encode_clip(encoder, 50, 7);
    CHECK(frame && avcodec_send_packet(decoder, first) == 0);
    CHECK(avcodec_receive_frame(decoder, frame) == 0 && frame->pts == 0);
    CHECK(avcodec_receive_frame(decoder, frame) == 0 && frame->pts == 1);
    avcodec_flush_buffers(decoder);
    CHECK(avcodec_send_packet(decoder, second) == 0);
    CHECK(receive_frames(decoder, 50, WIDTH, HEIGHT) == 7);
    av_packet_free(&first);
    av_packet_free(&second);
    av_frame_free(&frame);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

static void skip_all_frames(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(encoder);
    AVPacket *packet = encode_clip(encoder, 0, 16);

    decoder->skip_frame = AVDISCARD_ALL;
    CHECK(avcodec_send_packet(decoder, packet) == 0);
    CHECK(receive_frames(decoder, 0, WIDTH, HEIGHT) == 0);
    decoder->skip_frame = AVDISCARD_NONKEY;
    CHECK(avcodec_send_packet(decoder, packet) == 0);
    CHECK(receive_frames(decoder, 0, WIDTH, HEIGHT) == 1);
    decoder->skip_frame = AVDISCARD_NONREF;
    CHECK(avcodec_send_packet(decoder, packet) == 0);
    CHECK(receive_frames(decoder, 0, WIDTH, HEIGHT) == 1);
    decoder->skip_frame = AVDISCARD_DEFAULT;
    CHECK(avcodec_send_packet(decoder, packet) == 0);
    CHECK(receive_frames(decoder, 0, WIDTH, HEIGHT) == 16);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* Without a stream header packets are refused; side data brings it. */
static void new_extradata(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(NULL);
    AVPacket *packet = encode_clip(encoder, 0, 3);
    uint8_t *header;

    CHECK(avcodec_send_packet(decoder, packet) == AVERROR_INVALIDDATA);
    header = av_packet_new_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, encoder->extradata_size);
    CHECK(header);
    memcpy(header, encoder->extradata, encoder->extradata_size);
    CHECK(avcodec_send_packet(decoder, packet) == 0);
    CHECK(receive_frames(decoder, 0, WIDTH, HEIGHT) == 3);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* The size changes with a header in a packet. */
static void header_in_packets(void)
{
    AVCodecContext *small = open_encoder(WIDTH, HEIGHT, 0), *large = open_encoder(201, 101, 0);
    AVCodecContext *decoder = open_decoder(NULL);
    AVPacket *first = encode_clip(small, 0, 16), *second = encode_clip(large, 16, 3);

    CHECK(small->extradata_size > 0);
    CHECK(avcodec_send_packet(decoder, first) == 0);
    CHECK(receive_frames(decoder, 0, WIDTH, HEIGHT) == 16);
    CHECK(avcodec_send_packet(decoder, second) == 0);
    CHECK(receive_frames(decoder, 16, 201, 101) == 3);
    CHECK(decoder->width == 201 && decoder->height == 101);
    CHECK(decoder->framerate.num == 25 && decoder->framerate.den == 1);
    av_packet_free(&first);
    av_packet_free(&second);
    avcodec_free_context(&decoder);
    avcodec_free_context(&small);
    avcodec_free_context(&large);
}

static void pixel_limit(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, 0);
    AVCodecContext *decoder = open_decoder(NULL);
    AVPacket *packet = encode_clip(encoder, 0, 16);

    decoder->max_pixels = WIDTH * HEIGHT - 1;
    CHECK(avcodec_send_packet(decoder, packet) == AVERROR(EINVAL));
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* A container with a finer clock and a start that is not on the encoder's grid. */
static void start_off_the_grid(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(encoder);
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = encode_clip(encoder, 0, 3);

    decoder->pkt_timebase = (AVRational){1, 1000};
    packet->pts = packet->dts = 517;
    CHECK(frame && avcodec_send_packet(decoder, packet) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(avcodec_receive_frame(decoder, frame) == 0);
        CHECK(frame->pts == 517 + 40 * i && frame->duration == 40);
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* Packets without timestamps, as from a raw stream. */
static void no_timestamps(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(encoder);
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = encode_clip(encoder, 0, 3);

    packet->pts = packet->dts = AV_NOPTS_VALUE;
    CHECK(frame && avcodec_send_packet(decoder, packet) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(avcodec_receive_frame(decoder, frame) == 0);
        CHECK(frame->pts == AV_NOPTS_VALUE && frame->duration == 1);
    }
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* Decode a packet of 16 frames that begins at 1000 and lasts so long; the frames are a step apart. */
static void decode_evenly(AVCodecContext *decoder, AVPacket *packet, int64_t duration, int64_t step)
{
    AVFrame *frame = av_frame_alloc();

    packet->pts = packet->dts = 1000;
    packet->duration = duration;
    CHECK(frame && avcodec_send_packet(decoder, packet) == 0);
    for (int i = 0; i < 16; i++) {
        CHECK(avcodec_receive_frame(decoder, frame) == 0);
        CHECK(frame->pts == 1000 + step * i && frame->duration == step);
    }
    av_frame_free(&frame);
}

/* A program that does not say what its packets' times are in. */
static void unknown_time_base(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(encoder);
    AVPacket *packet = encode_clip(encoder, 0, 16);

    decoder->pkt_timebase = (AVRational){0, 1};
    decode_evenly(decoder, packet, 640, 40);
    decode_evenly(decoder, packet, 8192, 512);
    decode_evenly(decoder, packet, 0, 1); /* the encoder's time base is all that there is */
    decode_evenly(decoder, packet, 1, 1); /* AVI: less than its frames have ticks */
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* Frames are spread over a packet whose duration was changed, but not over a gap behind it. */
static void retimed_packets(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(encoder);
    AVPacket *packet = encode_clip(encoder, 0, 16);

    decoder->pkt_timebase = (AVRational){1, 1000};
    decode_evenly(decoder, packet, 1280, 80);
    decode_evenly(decoder, packet, 320, 20);
    decode_evenly(decoder, packet, 640, 40);
    decode_evenly(decoder, packet, 9640, 40); /* gaps */
    decode_evenly(decoder, packet, 1280, 40);
    decode_evenly(decoder, packet, 40, 40); /* one frame: made up */
    decode_evenly(decoder, packet, 320, 20);
    decode_evenly(decoder, packet, 1280, 80);
    avcodec_flush_buffers(decoder);
    decode_evenly(decoder, packet, 1280, 80);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int n = 0;

    CHECK(tasks);
    while (readdir(tasks))
        n++;
    closedir(tasks);
    return n - 2;
}

/* Times that a stream header can ask for and 64 bits do not hold. */
static void durations_out_of_range(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(NULL);
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = encode_clip(encoder, 0, 16);
    struct onedva_stream stream;
    uint8_t *header;
    size_t size;

    CHECK(frame && onedva_stream_header_parse(&stream, encoder->extradata, encoder->extradata_size) == 0);
    stream.timebase_num = INT_MAX;
    stream.timebase_den = 1;
    stream.frame_duration = UINT32_MAX;
    header = av_packet_new_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, ONEDVA_MAX_STREAM_HEADER);
    CHECK(header && onedva_stream_header_write(header, &size, &stream) == 0);
    av_packet_shrink_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, size);
    decoder->pkt_timebase = (AVRational){1, 1000000000};
    packet->duration = 16000;
    CHECK(avcodec_send_packet(decoder, packet) == 0);
    for (int i = 0; i < 16; i++)
        CHECK(avcodec_receive_frame(decoder, frame) == 0);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* Threads of 0 are as many as FFmpeg counts processors, which -cpucount and taskset change. */
static void automatic_threads(void)
{
    AVCodecContext *encoder = avcodec_alloc_context3(avcodec_find_encoder_by_name("onedva"));
    const int before = count_threads();

    CHECK(encoder);
    encoder->width = WIDTH;
    encoder->height = HEIGHT;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){1, 25};
    encoder->thread_count = 0;
    av_cpu_force_count(7);
    CHECK(avcodec_open2(encoder, NULL, NULL) == 0);
    CHECK(count_threads() - before == 6);
    avcodec_free_context(&encoder);
}

/* A packet that lost its end gives every frame from the layers that are whole, marked. */
static void cut_packet(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(encoder);
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet;

    CHECK(av_opt_set_double(encoder->priv_data, "crf", 0, 0) == 0);
    packet = encode_clip(encoder, 0, 16);
    av_shrink_packet(packet, packet->size - 1);
    CHECK(frame && avcodec_send_packet(decoder, packet) == 0);
    for (int i = 0; i < 16; i++) {
        CHECK(avcodec_receive_frame(decoder, frame) == 0);
        CHECK(frame->flags & AV_FRAME_FLAG_CORRUPT);
    }
    decoder->err_recognition |= AV_EF_EXPLODE;
    CHECK(avcodec_send_packet(decoder, packet) == AVERROR_INVALIDDATA);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* An encoder that ends clips at scene cuts, with frames before a cut and after it sent to it. */
static AVCodecContext *open_with_cut(int before, int after)
{
    AVCodecContext *encoder = new_encoder(WIDTH, HEIGHT);

    encoder->flags |= AV_CODEC_FLAG_COPY_OPAQUE;
    CHECK(avcodec_open2(encoder, NULL, NULL) == 0);
    for (int i = 0; i < before + after; i++) {
        AVFrame *frame = make_frame(WIDTH, HEIGHT, i < before ? 0 : 1000);

        if (i >= before) {
            for (int y = 0; y < HEIGHT; y++)
                for (int x = 0; x < WIDTH; x++)
                    frame->data[0][y * frame->linesize[0] + x] = (x / 8 + y / 8) % 2 ? 230 : 20;
        }
        frame->pts = i;
        frame->opaque = (void *)(intptr_t)(i + 1);
        CHECK(send_frame(encoder, frame) == 0);
    }
    return encoder;
}

/* A clip that ends at a cut leaves the frames behind it, each with its own properties. */
static void scene_cut(void)
{
    AVCodecContext *encoder = open_with_cut(5, 9);
    AVPacket *packet = av_packet_alloc();
    int64_t next = 0;
    int cut = 0;

    CHECK(packet && avcodec_send_frame(encoder, NULL) == 0);
    while (avcodec_receive_packet(encoder, packet) == 0) {
        CHECK(packet->pts == next && packet->duration > 0);
        CHECK((intptr_t)packet->opaque == packet->pts + 1);
        cut |= packet->pts == 5;
        next += packet->duration;
    }
    CHECK(next == 14 && cut);
    drain_into_nothing(encoder);
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
}

/* A frame that is to be a keyframe begins a clip. */
static void forced_keyframe(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, 0);
    AVPacket *packet;

    for (int i = 0; i < 9; i++) {
        AVFrame *frame = make_frame(WIDTH, HEIGHT, i);

        frame->pict_type = i == 0 || i == 4 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_P;
        CHECK(send_frame(encoder, frame) == 0);
        if (i == 4) {
            packet = receive_packet(encoder);
            CHECK(packet->pts == 0 && packet->duration == 4);
            av_packet_free(&packet);
        }
    }
    CHECK(avcodec_send_frame(encoder, NULL) == 0);
    packet = receive_packet(encoder);
    CHECK(packet->pts == 4 && packet->duration == 5);
    drain_into_nothing(encoder);
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
}

/* Flushing drops what a clip that ended early has left. */
static void flush_after_cut(void)
{
    AVCodecContext *encoder = open_with_cut(5, 12);
    AVPacket *packet = receive_packet(encoder);

    CHECK(packet->pts == 0 && packet->duration <= 5);
    av_packet_free(&packet);
    avcodec_flush_buffers(encoder);
    packet = encode_clip(encoder, 100, 1);
    CHECK(packet->pts == 100 && packet->duration == 1);
    drain_into_nothing(encoder);
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
}

/* Flushing drops a clip that other threads work on. */
static void flush_while_encoding(void)
{
    AVCodecContext *encoder = avcodec_alloc_context3(avcodec_find_encoder_by_name("onedva"));
    AVPacket *packet = av_packet_alloc();

    CHECK(encoder && packet);
    encoder->width = WIDTH;
    encoder->height = HEIGHT;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){1, 25};
    encoder->thread_count = 2;
    CHECK(av_opt_set_int(encoder->priv_data, "adaptive_clips", 0, 0) == 0);
    CHECK(av_opt_set_int(encoder->priv_data, "clip_packets", 1, 0) == 0);
    CHECK(avcodec_open2(encoder, NULL, NULL) == 0);
    send_frames(encoder, 0, 20);
    CHECK(avcodec_receive_packet(encoder, packet) == AVERROR(EAGAIN));
    av_packet_free(&packet);
    avcodec_flush_buffers(encoder);
    packet = encode_clip(encoder, 100, 3);
    CHECK(packet->pts == 100 && packet->duration == 3);
    drain_into_nothing(encoder);
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
}

/* A stream header may hold a time base that FFmpeg has no numbers for. */
static void time_base_out_of_range(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder_by_name("onedva"));
    struct onedva_stream stream;
    size_t size;

    CHECK(decoder);
    CHECK(onedva_stream_header_parse(&stream, encoder->extradata, encoder->extradata_size) == 0);
    stream.timebase_den = UINT32_C(1) << 31;
    decoder->extradata = av_mallocz(ONEDVA_MAX_STREAM_HEADER + AV_INPUT_BUFFER_PADDING_SIZE);
    CHECK(decoder->extradata);
    CHECK(onedva_stream_header_write(decoder->extradata, &size, &stream) == 0);
    decoder->extradata_size = size;
    CHECK(avcodec_open2(decoder, NULL, NULL) == AVERROR_INVALIDDATA);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"encoder_flush", encoder_flush},         {"refused_frames", refused_frames},
    {"runtime_crf", runtime_crf},             {"negative_linesize", negative_linesize},
    {"decoder_flush", decoder_flush},         {"skip_all_frames", skip_all_frames},
    {"new_extradata", new_extradata},         {"header_in_packets", header_in_packets},
    {"pixel_limit", pixel_limit},             {"start_off_the_grid", start_off_the_grid},
    {"no_timestamps", no_timestamps},         {"cut_packet", cut_packet},
    {"scene_cut", scene_cut},                 {"flush_after_cut", flush_after_cut},
    {"flush_while_encoding", flush_while_encoding},
    {"time_base_out_of_range", time_base_out_of_range},
    {"forced_keyframe", forced_keyframe},
    {"unknown_time_base", unknown_time_base}, {"retimed_packets", retimed_packets},
    {"durations_out_of_range", durations_out_of_range},
    {"automatic_threads", automatic_threads},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (is_wanted(argc, argv, cases[i].name)) {
            cases[i].run();
            return 0;
        }
    }
    return argc >= 2;
}
