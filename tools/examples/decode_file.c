/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A user's program on FFmpeg's libraries: the frames of a video of any codec as raw samples on
 * standard output (doc/players.md). */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <stdlib.h>

struct video {
    AVFormatContext *container;
    AVCodecContext *decoder;
    int stream;       /* its number in the container */
    uint8_t *samples; /* of one frame, without padding */
    unsigned capacity;
    int64_t frames;
};

static void die(const char *what, int error)
{
    fprintf(stderr, "decode_file: %s: %s\n", what, av_err2str(error));
    exit(1);
}

/* options: those of the decoder, as in "steps=0:device=1", or NULL */
static void open_video(struct video *video, const char *path, const char *options)
{
    const AVCodecParameters *parameters;
    const AVCodec *codec;
    AVDictionary *wanted = NULL;
    const AVDictionaryEntry *unknown;
    int ret;

    if ((ret = avformat_open_input(&video->container, path, NULL, NULL)) < 0 ||
        (ret = avformat_find_stream_info(video->container, NULL)) < 0 ||
        (ret = av_find_best_stream(video->container, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0)) < 0)
        die(path, ret);
    video->stream = ret;
    parameters = video->container->streams[video->stream]->codecpar;
    codec = avcodec_find_decoder(parameters->codec_id);
    if (!codec)
        die(path, AVERROR_DECODER_NOT_FOUND);
    video->decoder = avcodec_alloc_context3(codec);
    if (!video->decoder)
        die(path, AVERROR(ENOMEM));
    video->decoder->pkt_timebase = video->container->streams[video->stream]->time_base;
    video->decoder->thread_count = 0; /* as many as there are processors */
    if ((ret = avcodec_parameters_to_context(video->decoder, parameters)) < 0 ||
        (ret = av_dict_parse_string(&wanted, options, "=", ":", 0)) < 0 ||
        (ret = avcodec_open2(video->decoder, codec, &wanted)) < 0)
        die(options && ret == AVERROR(EINVAL) ? options : path, ret);
    unknown = av_dict_iterate(wanted, NULL);
    if (unknown)
        die(unknown->key, AVERROR_OPTION_NOT_FOUND);
    av_dict_free(&wanted);
}

static void write_frame(struct video *video, const AVFrame *frame)
{
    const int size = av_image_get_buffer_size(frame->format, frame->width, frame->height, 1);

    if (size < 0)
        die("frame", size);
    av_fast_malloc(&video->samples, &video->capacity, (size_t)size);
    if (!video->samples)
        die("frame", AVERROR(ENOMEM));
    av_image_copy_to_buffer(video->samples, size, (const uint8_t *const *)frame->data,
                            frame->linesize, frame->format, frame->width, frame->height, 1);
    if (fwrite(video->samples, 1, (size_t)size, stdout) != (size_t)size)
        die("standard output", AVERROR(errno));
    video->frames++;
}

/* packet: NULL for the end of the video */
static void decode(struct video *video, const AVPacket *packet, AVFrame *frame)
{
    int ret = avcodec_send_packet(video->decoder, packet);

    if (ret < 0)
        fprintf(stderr, "decode_file: a packet is damaged: %s\n", av_err2str(ret));
    while (ret >= 0 && (ret = avcodec_receive_frame(video->decoder, frame)) >= 0)
        write_frame(video, frame);
}

int main(int argc, char **argv)
{
    struct video video = {0};
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int ret;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: decode_file VIDEO [DECODER-OPTIONS] > FRAMES; DECODER-OPTIONS such "
                        "as steps=0\n");
        return 1;
    }
    if (!packet || !frame)
        die(argv[1], AVERROR(ENOMEM));
    open_video(&video, argv[1], argv[2]);
    while ((ret = av_read_frame(video.container, packet)) >= 0) {
        if (packet->stream_index == video.stream)
            decode(&video, packet, frame);
        av_packet_unref(packet);
    }
    decode(&video, NULL, frame);
    fprintf(stderr, "%s: %lld frames of %s, %dx%d, %s\n", argv[1], (long long)video.frames,
            video.decoder->codec->name, video.decoder->width, video.decoder->height,
            av_get_pix_fmt_name(video.decoder->pix_fmt));
    av_free(video.samples);
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&video.decoder);
    avformat_close_input(&video.container);
    if (ret != AVERROR_EOF)
        die(argv[1], ret);
    return 0;
}
