/*
 * One-DVA: the loop in which OpenCV's VideoCapture reads and seeks, written anew
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It counts on what most codecs give: as many packets as frames, and frames in the order of their
 * numbers. Reads until nb_frames are there, then seeks to frames, each of which must be the one that
 * was read in order.
 *
 * usage: reading_loop FILE FRAMES; how many there are
 */

#include <libavformat/avformat.h>
#include <libavutil/crc.h>

#include "api.h"

#define MAX_FRAMES   1000
#define MAX_ATTEMPTS 4096 /* packets without a frame */

static struct {
    AVFormatContext *demuxer;
    AVCodecContext *decoder;
    AVStream *stream;
    AVPacket *packet;
    AVFrame *frame;
    int64_t frame_number; /* of the one that is read next */
    int64_t frame_pts;
} video;

static double fps(void)
{
    return av_q2d(video.stream->avg_frame_rate);
}

static int64_t total_frames(void)
{
    if (video.stream->nb_frames)
        return video.stream->nb_frames;
    return (int64_t)(video.demuxer->duration / (double)AV_TIME_BASE * fps() + 0.5);
}

static int64_t start_time(void)
{
    return video.stream->start_time == AV_NOPTS_VALUE ? 0 : video.stream->start_time;
}

static void open_video(const char *name)
{
    int index;

    video.packet = av_packet_alloc();
    video.frame = av_frame_alloc();
    CHECK(video.packet && video.frame);
    CHECK(avformat_open_input(&video.demuxer, name, NULL, NULL) == 0);
    CHECK(avformat_find_stream_info(video.demuxer, NULL) >= 0);
    index = av_find_best_stream(video.demuxer, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    CHECK(index >= 0);
    video.stream = video.demuxer->streams[index];
    video.decoder =
        avcodec_alloc_context3(avcodec_find_decoder(video.stream->codecpar->codec_id));
    CHECK(video.decoder &&
          avcodec_parameters_to_context(video.decoder, video.stream->codecpar) >= 0);
    video.decoder->thread_count = 2;
    CHECK(avcodec_open2(video.decoder, NULL, NULL) == 0);
}

static void close_video(void)
{
    avcodec_free_context(&video.decoder);
    avformat_close_input(&video.demuxer);
    av_packet_free(&video.packet);
    av_frame_free(&video.frame);
}

/* Send the next packet of the video, or the end. */
static void send_packet(void)
{
    int status;

    do {
        av_packet_unref(video.packet);
        status = av_read_frame(video.demuxer, video.packet);
    } while (status >= 0 && video.packet->stream_index != video.stream->index);
    avcodec_send_packet(video.decoder, status >= 0 ? video.packet : NULL);
}

/* Read the next frame. @return 0 where there is none */
static int grab(void)
{
    if (video.stream->nb_frames > 0 && video.frame_number > video.stream->nb_frames)
        return 0;
    for (int i = 0; i < MAX_ATTEMPTS; i++) {
        int status = avcodec_receive_frame(video.decoder, video.frame);

        if (status == 0) {
            video.frame_pts = video.frame->best_effort_timestamp;
            video.frame_number++;
            return 1;
        }
        if (status == AVERROR_EOF)
            return 0;
        send_packet();
    }
    return 0;
}

static int64_t number_at(int64_t pts)
{
    return (int64_t)(fps() * (pts - start_time()) * av_q2d(video.stream->time_base) + 0.5);
}

/* Go to where the next frame read is this one. */
static void seek(int64_t number)
{
    for (int64_t delta = 16;; delta *= 2) {
        const int64_t target = FFMAX(number - delta, 0);
        const int64_t pts =
            start_time() + (int64_t)(target / fps() / av_q2d(video.stream->time_base) + 0.5);

        CHECK(av_seek_frame(video.demuxer, video.stream->index, pts, AVSEEK_FLAG_BACKWARD) >= 0);
        avcodec_flush_buffers(video.decoder);
        video.frame_number = 0;
        if (number == 0)
            return;
        CHECK(grab());
        video.frame_number = number_at(video.frame_pts);
        if (number > 1 && video.frame_number > number - 1 && target > 0)
            continue;
        while (video.frame_number < number - 1 && grab())
            ;
        video.frame_number = number;
        return;
    }
}

static uint32_t crc_of(const AVFrame *frame)
{
    const AVCRC *table = av_crc_get_table(AV_CRC_32_IEEE);
    uint32_t crc = 0;

    for (int y = 0; y < frame->height; y++)
        crc = av_crc(table, crc, frame->data[0] + y * frame->linesize[0], frame->width);
    return crc;
}

int main(int argc, char **argv)
{
    static uint32_t crc[MAX_FRAMES];
    int n = 0;

    CHECK(argc == 3);
    open_video(argv[1]);
    CHECK(total_frames() == atoi(argv[2]));
    while (n < MAX_FRAMES && grab())
        crc[n++] = crc_of(video.frame);
    printf("%d frames read, %" PRId64 " in all\n", n, total_frames());
    CHECK(n == atoi(argv[2]));
    for (int i = 0; i < 20; i++) {
        const int number = i < 4 ? i : i * 7919 % n; /* 7919 is a prime */

        seek(number);
        CHECK(grab());
        if (crc_of(video.frame) != crc[number]) {
            fprintf(stderr, "a seek to frame %d finds another one\n", number);
            return 1;
        }
    }
    close_video();
    return 0;
}
