/*
 * One-DVA: the memory that a hostile stream header can ask for
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A decoder that is at work gets a packet of a few hundred bytes whose stream header, with its
 * checksums right, says another size. What is refused costs no memory; what is not costs what
 * SECURITY.md says.
 *
 * usage: test_limits CASE; prints the memory and exits with 0 when the case passes. Without a case
 * it lists them.
 */

#include <sys/resource.h>

#include <onedva/onedva.h>

#include "api.h"

#define REFUSED (8 << 20) /* bytes: allocators and logs need some */

/* Where the header is. */
enum place { IN_PACKET, IN_SIDE_DATA };

static const struct test_case {
    const char *name;
    int width, height;
    int64_t max_pixels; /* 0: FFmpeg's default */
    enum place place;
    int result;
    const char *options;
    int bytes_per_pixel; /* at most, of a clip of 16 frames, where it is not refused */
} cases[] = {
    {"max_pixels", 16384, 16384, 1000000, IN_PACKET, AVERROR(EINVAL), "", 0},
    {"max_pixels_side_data", 16384, 16384, 1000000, IN_SIDE_DATA, AVERROR(EINVAL), "", 0},
    {"more_than_ffmpeg_has", 40000, 40000, 0, IN_PACKET, AVERROR(EINVAL), "", 0},
    {"more_than_ffmpeg_has_side_data", 40000, 40000, 0, IN_SIDE_DATA, AVERROR(EINVAL), "", 0},
    {"largest_there_is", 65535, 65535, 0, IN_PACKET, AVERROR(EINVAL), "", 0},
    {"megapixel_linear", 1024, 1024, 1 << 20, IN_PACKET, 0, "steps=0", 150},
    {"megapixel_network", 1024, 1024, 1 << 20, IN_PACKET, 0, "steps=1", 200},
    {"megapixel_diffusion", 1024, 1024, 1 << 20, IN_PACKET, 0, "steps=2:smooth_clips=1", 330},
};

static int64_t peak_memory(void)
{
    struct rusage usage;

    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return INT64_C(1024) * usage.ru_maxrss;
}

/* A packet as it is, with a stream header of another size in it or beside it. */
static AVPacket *hostile_packet(const AVCodecContext *encoder, const AVPacket *packet,
                                const struct test_case *test)
{
    AVPacket *hostile = av_packet_alloc();
    struct onedva_stream stream;
    uint8_t header[ONEDVA_MAX_STREAM_HEADER], *side_data;
    size_t size;

    CHECK(onedva_stream_header_parse(&stream, encoder->extradata, encoder->extradata_size) == 0);
    stream.width = test->width;
    stream.height = test->height;
    CHECK(hostile && av_new_packet(hostile, packet->size + ONEDVA_MAX_STREAM_HEADER + 1) == 0);
    if (test->place == IN_PACKET) {
        CHECK(onedva_packet_set_stream(packet->data, packet->size, &stream, hostile->data, &size) ==
              0);
    } else {
        memcpy(hostile->data, packet->data, size = packet->size);
        CHECK(onedva_stream_header_write(header, &size, &stream) == 0);
        side_data = av_packet_new_side_data(hostile, AV_PKT_DATA_NEW_EXTRADATA, size);
        CHECK(side_data);
        memcpy(side_data, header, size);
        size = packet->size;
    }
    av_shrink_packet(hostile, (int)size);
    return hostile;
}

/* @return the first error, or the last frame's */
static int decode(AVCodecContext *decoder, const AVPacket *packet)
{
    AVFrame *frame = av_frame_alloc();
    int status = avcodec_send_packet(decoder, packet);

    CHECK(frame);
    while (status >= 0) {
        status = avcodec_receive_frame(decoder, frame);
        av_frame_unref(frame);
    }
    av_frame_free(&frame);
    return status == AVERROR(EAGAIN) ? 0 : status;
}

static void run(const struct test_case *test)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVCodecContext *decoder = open_decoder(encoder);
    AVPacket *packet = encode_clip(encoder, 0, 16);
    AVPacket *hostile = hostile_packet(encoder, packet, test);
    const int64_t most = test->bytes_per_pixel
                             ? (int64_t)test->bytes_per_pixel * test->width * test->height
                             : REFUSED;
    int64_t before, growth;

    if (test->max_pixels)
        decoder->max_pixels = test->max_pixels;
    CHECK(av_set_options_string(decoder->priv_data, test->options, "=", ":") >= 0);
    CHECK(decode(decoder, packet) == 0);
    before = peak_memory();
    CHECK(decode(decoder, hostile) == test->result);
    growth = peak_memory() - before;
    printf("%dx%d in a packet of %d bytes: %.1f MiB more, %.1f bytes a pixel\n", test->width,
           test->height, hostile->size, growth / 1048576.0,
           (double)growth / test->width / test->height);
    CHECK(growth <= most);
    CHECK(test->result == 0 || decode(decoder, packet) < 0);
    av_packet_free(&packet);
    av_packet_free(&hostile);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

int main(int argc, char **argv)
{
    av_log_set_level(AV_LOG_QUIET);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (is_wanted(argc, argv, cases[i].name)) {
            run(&cases[i]);
            return 0;
        }
    }
    return argc >= 2;
}
