/*
 * One-DVA: a file's packets and their decoder, for programs that damage them
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef ONEDVA_FATE_CODED_FILE_H
#define ONEDVA_FATE_CODED_FILE_H

#include <libavformat/avformat.h>
#include <libavutil/crc.h>

#include "api.h"

/* A file of one stream, which is One-DVA. */
static inline AVFormatContext *open_coded_file(const char *name)
{
    AVFormatContext *demuxer = NULL;

    CHECK(avformat_open_input(&demuxer, name, NULL, NULL) >= 0);
    CHECK(demuxer->nb_streams == 1);
    return demuxer;
}

/* @param text options, e.g. threads=4:steps=1 */
static inline AVDictionary *parse_options(const char *text)
{
    AVDictionary *options = NULL;

    CHECK(av_dict_parse_string(&options, text, "=", ":", 0) >= 0);
    return options;
}

static inline AVCodecContext *open_decoder_of(const AVCodecParameters *parameters,
                                              const AVDictionary *decoder_options)
{
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder_by_name("onedva"));
    AVDictionary *options = NULL;

    CHECK(decoder && avcodec_parameters_to_context(decoder, parameters) >= 0);
    CHECK(av_dict_copy(&options, decoder_options, 0) >= 0);
    CHECK(avcodec_open2(decoder, NULL, &options) >= 0);
    CHECK(av_dict_count(options) == 0);
    av_dict_free(&options);
    return decoder;
}

/* Send a packet, NULL for the end, and take all frames there are. Errors are what is tested. */
static inline void decode(AVCodecContext *decoder, const AVPacket *packet,
                          void (*take)(const AVFrame *))
{
    AVFrame *frame = av_frame_alloc();
    int sent = AVERROR(EAGAIN), status;

    CHECK(frame);
    do {
        if (sent == AVERROR(EAGAIN))
            sent = avcodec_send_packet(decoder, packet);
        status = avcodec_receive_frame(decoder, frame);
        if (status >= 0)
            take(frame);
        av_frame_unref(frame);
    } while (status >= 0 || sent == AVERROR(EAGAIN) ||
             (!packet && status != AVERROR_EOF && status != AVERROR(EAGAIN)));
    av_frame_free(&frame);
}

static inline uint32_t crc_of(const AVFrame *frame)
{
    const AVCRC *table = av_crc_get_table(AV_CRC_32_IEEE);
    uint32_t crc = 0;

    for (int plane = 0; plane < 3; plane++) {
        int width = plane ? (frame->width + 1) / 2 : frame->width;
        int height = plane ? (frame->height + 1) / 2 : frame->height;

        for (int y = 0; y < height; y++)
            crc = av_crc(table, crc, frame->data[plane] + y * frame->linesize[plane], width);
    }
    return crc;
}

#endif
