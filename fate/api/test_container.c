/*
 * One-DVA: the muxer and bitstream filters through FFmpeg's API, for what ffmpeg itself never does
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * usage: test_container CASE; exits with 0 when the case passes. Without a case it lists them.
 */

#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>

#include "api.h"

/* A muxer that writes to memory, with a stream that has size bytes of codec private data. */
static AVFormatContext *open_muxer(int extradata_size)
{
    AVFormatContext *muxer;
    AVCodecParameters *par;

    CHECK(avformat_alloc_output_context2(&muxer, NULL, "odva", NULL) == 0);
    CHECK(avformat_new_stream(muxer, NULL));
    par = muxer->streams[0]->codecpar;
    muxer->streams[0]->time_base = (AVRational){1, 25};
    par->codec_type = AVMEDIA_TYPE_VIDEO;
    par->codec_id = AV_CODEC_ID_ONEDVA;
    par->width = WIDTH;
    par->height = HEIGHT;
    par->extradata = av_mallocz(extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
    CHECK(par->extradata);
    par->extradata_size = extradata_size;
    CHECK(avio_open_dyn_buf(&muxer->pb) == 0);
    return muxer;
}

static int close_muxer(AVFormatContext *muxer)
{
    uint8_t *data;
    const int size = avio_close_dyn_buf(muxer->pb, &data);

    av_free(data);
    avformat_free_context(muxer);
    return size;
}

static AVPacket *make_packet(int size, int64_t pts)
{
    AVPacket *packet = av_packet_alloc();

    CHECK(packet && av_new_packet(packet, size) == 0);
    memset(packet->data, 0, size);
    packet->pts = packet->dts = pts;
    packet->duration = 1;
    return packet;
}

static void long_private_data(void)
{
    AVFormatContext *muxer = open_muxer(64);

    CHECK(avformat_write_header(muxer, NULL) >= 0);
    close_muxer(muxer);
    muxer = open_muxer(65);
    CHECK(avformat_write_header(muxer, NULL) == AVERROR_INVALIDDATA);
    close_muxer(muxer);
}

/* A header in side data that is too long costs its packet and no other. */
static void long_side_data(void)
{
    AVFormatContext *muxer = open_muxer(20);
    AVPacket *packet = make_packet(100, 0);
    int size;

    CHECK(avformat_write_header(muxer, NULL) >= 0);
    CHECK(av_packet_new_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, 65));
    CHECK(av_write_frame(muxer, packet) == AVERROR_INVALIDDATA);
    av_packet_free(&packet);
    packet = make_packet(100, 1);
    CHECK(av_write_frame(muxer, packet) == 0);
    av_packet_free(&packet);
    CHECK(av_write_trailer(muxer) == 0);
    size = close_muxer(muxer);
    CHECK(size > 100 && size < 200);
}

/* A packet without bytes, as AVI has, is left out with what it brings. */
static void empty_packet(void)
{
    AVFormatContext *muxer = open_muxer(20);
    AVPacket *packet = make_packet(0, 0);
    int size;

    CHECK(avformat_write_header(muxer, NULL) >= 0);
    size = avio_tell(muxer->pb);
    CHECK(av_packet_new_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, 64));
    CHECK(av_write_frame(muxer, packet) == 0);
    CHECK(avio_tell(muxer->pb) == size);
    av_packet_free(&packet);
    CHECK(av_write_trailer(muxer) == 0);
    close_muxer(muxer);
}

/* A header in side data that is the one in use begins no other segment. */
static void same_header(void)
{
    AVFormatContext *muxer = open_muxer(20);
    AVPacket *packet = make_packet(100, 0);
    uint8_t *header;
    int64_t before;

    CHECK(avformat_write_header(muxer, NULL) >= 0);
    CHECK(av_write_frame(muxer, packet) == 0);
    before = avio_tell(muxer->pb);
    header = av_packet_new_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, 20);
    CHECK(header);
    memset(header, 0, 20);
    packet->pts = packet->dts = 1;
    CHECK(av_write_frame(muxer, packet) == 0);
    CHECK(avio_tell(muxer->pb) > before && avio_tell(muxer->pb) < before + 120);
    av_packet_free(&packet);
    CHECK(av_write_trailer(muxer) == 0);
    close_muxer(muxer);
}

/* onedva_metadata refuses a damaged header, and leaves one in side data to the decoder. */
static void damaged_header(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVPacket *packet = encode_clip(encoder, 0, 1);
    AVBSFContext *bsf;
    uint8_t *header;
    size_t size;

    CHECK(av_bsf_list_parse_str("onedva_metadata=color_primaries=9", &bsf) == 0);
    CHECK(avcodec_parameters_from_context(bsf->par_in, encoder) == 0);
    bsf->par_in->extradata[0] ^= 0xFF;
    CHECK(av_bsf_init(bsf) == AVERROR_INVALIDDATA);
    av_bsf_free(&bsf);

    CHECK(av_bsf_list_parse_str("onedva_metadata=color_primaries=9", &bsf) == 0);
    CHECK(avcodec_parameters_from_context(bsf->par_in, encoder) == 0);
    CHECK(av_bsf_init(bsf) == 0);
    header = av_packet_new_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, 5);
    CHECK(header);
    memset(header, 0xFF, 5);
    CHECK(av_bsf_send_packet(bsf, packet) == 0);
    CHECK(av_bsf_receive_packet(bsf, packet) == 0);
    header = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
    CHECK(header && size == 5 && header[0] == 0xFF && header[4] == 0xFF);
    av_bsf_free(&bsf);
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
}

/* The size that a packet has behind the filter. */
static int filtered_size(AVBSFContext *bsf, const AVPacket *source)
{
    AVPacket *packet = av_packet_clone(source);
    int size;

    CHECK(packet && av_bsf_send_packet(bsf, packet) == 0);
    CHECK(av_bsf_receive_packet(bsf, packet) == 0);
    size = packet->size;
    av_packet_free(&packet);
    return size;
}

/* What a bitrate has left over from packet to packet is dropped by flushing. */
static void truncate_flush(void)
{
    AVCodecContext *encoder = open_encoder(WIDTH, HEIGHT, AV_CODEC_FLAG_GLOBAL_HEADER);
    AVPacket *packet = encode_clip(encoder, 0, 16);
    AVBSFContext *bsf;
    char filter[100];
    int first;

    snprintf(filter, sizeof(filter), "onedva_truncate=bitrate=%d",
             packet->size * 8 * 25 / 16 - 100);
    CHECK(av_bsf_list_parse_str(filter, &bsf) == 0);
    CHECK(avcodec_parameters_from_context(bsf->par_in, encoder) == 0);
    bsf->time_base_in = (AVRational){1, 25};
    CHECK(av_bsf_init(bsf) == 0);
    first = filtered_size(bsf, packet);
    CHECK(first < packet->size);
    CHECK(filtered_size(bsf, packet) == packet->size);
    av_bsf_flush(bsf);
    CHECK(filtered_size(bsf, packet) == first);
    av_bsf_free(&bsf);
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"long_private_data", long_private_data}, {"long_side_data", long_side_data},
    {"empty_packet", empty_packet},           {"same_header", same_header},
    {"damaged_header", damaged_header},       {"truncate_flush", truncate_flush},
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
