/*
 * One-DVA: memory that runs out at the nth allocation, for every n, on FFmpeg's side
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each part opens, works and closes: nothing crashes, what fails says AVERROR(ENOMEM), and nothing
 * is left. To be linked with wrapped allocation functions (fate/scripts/allocation.sh), which count
 * in FFmpeg and libonedva but not in other libraries.
 *
 * usage: test_allocation CASE; exits with 0 when the case passes. Without a case it lists them.
 */

#include <pthread.h>
#include <stdatomic.h>

#include <libavcodec/bsf.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>

#include "../../engine/tests/support/failing_allocations.h"
#include "api.h"

#define FRAMES    16
#define PACKETS   2
#define FILE_NAME "allocation.odva"

/* What every run uses, made while memory is plenty. */
static AVFrame *frames[FRAMES];
static AVPacket *packets[PACKETS];      /* of whole clips */
static AVPacket *predicted[PACKETS];    /* likewise, the second one from the first */
static AVPacket *frame_packets[FRAMES]; /* of their frames */
static uint8_t extradata[64]; /* no stream header is longer */
static int extradata_size;
static AVIOContext *file; /* of the two packets */

/* The first error of several calls, where AVERROR(EAGAIN) and AVERROR_EOF are none. */
static void note(int *first, int status)
{
    if (status < 0 && status != AVERROR(EAGAIN) && status != AVERROR_EOF && *first >= 0)
        *first = status;
}

/* ---- parts ---- */

static AVCodecContext *new_layer_encoder(int layers)
{
    AVCodecContext *encoder;

    atomic_store(&plenty, 1);
    encoder = new_encoder(WIDTH, HEIGHT);
    encoder->thread_count = 4;
    av_opt_set_int(encoder->priv_data, "layers", layers, 0);
    av_opt_set_int(encoder->priv_data, "clip_frames", 8, 0);
    atomic_store(&plenty, 0);
    return encoder;
}

/* An encoder that has failed once encodes what comes next. With one layer it works on two clips at once. */
static int use_encoder(void)
{
    AVCodecContext *encoder = new_layer_encoder(1);
    AVPacket *packet = av_packet_alloc();
    int status = packet ? avcodec_open2(encoder, NULL, NULL) : AVERROR(ENOMEM);

    for (int i = 0; i <= FRAMES && avcodec_is_open(encoder); i++) {
        note(&status, avcodec_send_frame(encoder, i < FRAMES ? frames[i] : NULL));
        for (int received = 0, tries = 0; received >= 0 && tries < FRAMES; tries++) {
            received = avcodec_receive_packet(encoder, packet);
            note(&status, received);
            av_packet_unref(packet);
        }
    }
    av_packet_free(&packet);
    avcodec_free_context(&encoder);
    return status;
}

static AVCodecContext *new_decoder(void)
{
    AVCodecContext *decoder;

    atomic_store(&plenty, 1);
    decoder = avcodec_alloc_context3(avcodec_find_decoder_by_name("onedva"));
    CHECK(decoder);
    decoder->pkt_timebase = (AVRational){1, 25};
    decoder->thread_count = 4;
    av_opt_set_int(decoder->priv_data, "smooth_clips", 1, 0);
    atomic_store(&plenty, 0);
    return decoder;
}

/* A decoder that has failed once decodes what comes next. */
static int use_decoder(void)
{
    AVCodecContext *decoder = new_decoder();
    AVFrame *frame = av_frame_alloc();
    int status = frame ? avcodec_open2(decoder, NULL, NULL) : AVERROR(ENOMEM);

    for (int i = 0; i <= 2 * PACKETS && avcodec_is_open(decoder); i++) {
        const AVPacket *packet = i < PACKETS       ? packets[i]
                                 : i < 2 * PACKETS ? predicted[i - PACKETS]
                                                   : NULL;

        note(&status, avcodec_send_packet(decoder, packet));
        for (int received = 0, tries = 0; received >= 0 && tries <= FRAMES; tries++) {
            received = avcodec_receive_frame(decoder, frame);
            note(&status, received);
            av_frame_unref(frame);
        }
    }
    av_frame_free(&frame);
    avcodec_free_context(&decoder);
    return status;
}

/* A source, the filter, not initialised yet, and a sink. */
static AVFilterGraph *new_graph(AVFilterContext **source, AVFilterContext **filter,
                                AVFilterContext **sink)
{
    AVFilterGraph *graph;
    char arguments[80];

    atomic_store(&plenty, 1);
    graph = avfilter_graph_alloc();
    CHECK(graph);
    graph->nb_threads = 2;
    snprintf(arguments, sizeof(arguments), "video_size=%dx%d:pix_fmt=%d:time_base=1/25", WIDTH,
             HEIGHT, AV_PIX_FMT_YUV420P);
    CHECK(avfilter_graph_create_filter(source, avfilter_get_by_name("buffer"), "in", arguments,
                                       NULL, graph) >= 0);
    CHECK(avfilter_graph_create_filter(sink, avfilter_get_by_name("buffersink"), "out", NULL, NULL,
                                       graph) >= 0);
    *filter = avfilter_graph_alloc_filter(graph, avfilter_get_by_name("onedva"), "onedva");
    CHECK(*filter && av_opt_set_int((*filter)->priv, "clip_frames", 8, 0) >= 0 &&
          av_opt_set((*filter)->priv, "show", "side", 0) >= 0);
    atomic_store(&plenty, 0);
    return graph;
}

static int use_filter(void)
{
    AVFilterContext *source, *filter, *sink;
    AVFilterGraph *graph = new_graph(&source, &filter, &sink);
    AVFrame *frame = av_frame_alloc();
    int status = frame ? avfilter_init_dict(filter, NULL) : AVERROR(ENOMEM);

    if (status >= 0) {
        atomic_store(&plenty, 1);
        CHECK(avfilter_link(source, 0, filter, 0) >= 0 && avfilter_link(filter, 0, sink, 0) >= 0);
        atomic_store(&plenty, 0);
        status = avfilter_graph_config(graph, NULL);
    }
    for (int i = 0; i <= FRAMES && status >= 0; i++) {
        status = av_buffersrc_add_frame_flags(source, i < FRAMES ? frames[i] : NULL,
                                           AV_BUFFERSRC_FLAG_KEEP_REF | AV_BUFFERSRC_FLAG_PUSH);
        while (status >= 0 && (status = av_buffersink_get_frame(sink, frame)) >= 0)
            av_frame_unref(frame);
        if (status == AVERROR(EAGAIN) || status == AVERROR_EOF)
            status = 0;
    }
    av_frame_free(&frame);
    avfilter_graph_free(&graph);
    return status;
}

static int set_parameters(AVCodecParameters *parameters)
{
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    parameters->codec_id = avcodec_find_encoder_by_name("onedva")->id;
    parameters->width = WIDTH;
    parameters->height = HEIGHT;
    parameters->extradata = av_mallocz(extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!parameters->extradata)
        return AVERROR(ENOMEM);
    memcpy(parameters->extradata, extradata, extradata_size);
    parameters->extradata_size = extradata_size;
    return 0;
}

/* @param in of n packets @param out where those that come out go, or NULL */
static int use_bsf(const char *name, const char *option, const char *value, AVPacket *const *in, int n,
                   AVPacket **out)
{
    AVBSFContext *bsf = NULL;
    AVPacket *packet = av_packet_alloc();
    int status = packet ? av_bsf_alloc(av_bsf_get_by_name(name), &bsf) : AVERROR(ENOMEM);

    if (status >= 0 && (status = set_parameters(bsf->par_in)) >= 0 &&
        (!option || (status = av_opt_set(bsf->priv_data, option, value, 0)) >= 0)) {
        bsf->time_base_in = (AVRational){1, 25};
        status = av_bsf_init(bsf);
    }
    for (int i = 0; i <= n && status >= 0; i++) {
        if (i < n)
            status = av_packet_ref(packet, in[i]);
        if (status >= 0)
            status = av_bsf_send_packet(bsf, i < n ? packet : NULL);
        while (status >= 0 && (status = av_bsf_receive_packet(bsf, packet)) >= 0) {
            if (out)
                *out++ = av_packet_clone(packet);
            av_packet_unref(packet);
        }
        if (status == AVERROR(EAGAIN) || status == AVERROR_EOF)
            status = 0;
    }
    av_packet_free(&packet);
    av_bsf_free(&bsf);
    return status;
}

static int use_truncate(void)
{
    return use_bsf("onedva_truncate", "layers", "1", packets, PACKETS, NULL);
}

static int use_metadata(void)
{
    return use_bsf("onedva_metadata", "color_primaries", "9", packets, PACKETS, NULL);
}

static int use_split(void)
{
    return use_bsf("onedva_split", NULL, NULL, packets, PACKETS, NULL);
}

static int use_merge(void)
{
    return use_bsf("onedva_merge", NULL, NULL, frame_packets, FRAMES, NULL);
}

static int use_muxer(void)
{
    AVFormatContext *muxer = NULL;
    AVPacket *packet = av_packet_alloc();
    AVStream *stream;
    int status = packet ? avformat_alloc_output_context2(&muxer, NULL, "odva", NULL) : AVERROR(ENOMEM);

    if (status >= 0) {
        muxer->pb = file;
        avio_seek(file, 0, SEEK_SET);
        stream = avformat_new_stream(muxer, NULL);
        status = stream ? set_parameters(stream->codecpar) : AVERROR(ENOMEM);
    }
    if (status >= 0) {
        stream->time_base = (AVRational){1, 25};
        status = avformat_write_header(muxer, NULL);
    }
    if (status >= 0) {
        for (int i = 0; i < PACKETS; i++) {
            note(&status, av_packet_ref(packet, packets[i]));
            if (packet->data)
                note(&status, av_write_frame(muxer, packet));
            av_packet_unref(packet);
        }
        note(&status, av_write_trailer(muxer));
    }
    av_packet_free(&packet);
    avformat_free_context(muxer);
    return status;
}

static int use_demuxer(void)
{
    AVFormatContext *demuxer = avformat_alloc_context();
    AVPacket *packet = av_packet_alloc();
    int status = demuxer && packet ? 0 : AVERROR(ENOMEM);

    if (status >= 0) {
        demuxer->pb = file;
        avio_seek(file, 0, SEEK_SET);
        status = avformat_open_input(&demuxer, NULL, NULL, NULL); /* frees it where it fails */
    }
    if (status >= 0)
        status = av_seek_frame(demuxer, 0, 1, AVSEEK_FLAG_BACKWARD);
    while (status >= 0 && (status = av_read_frame(demuxer, packet)) >= 0)
        av_packet_unref(packet);
    av_packet_free(&packet);
    avformat_close_input(&demuxer);
    return status == AVERROR_EOF ? 0 : status;
}

/* ---- runs ---- */

/* Put a packet behind n others. @return whether there was one */
static int take_packet(AVCodecContext *encoder, AVPacket **taken, int n)
{
    AVPacket *packet = av_packet_alloc();

    CHECK(packet);
    if (avcodec_receive_packet(encoder, packet) < 0) {
        av_packet_free(&packet);
        return 0;
    }
    CHECK(n < PACKETS);
    taken[n] = packet;
    return 1;
}

/* Two packets of 8 frames with stream headers in them. */
static void encode_packets(int layers, AVPacket **taken)
{
    AVCodecContext *encoder = new_layer_encoder(layers);
    int n = 0;

    CHECK(encoder && av_opt_set_int(encoder->priv_data, "clip_packets", 1, 0) == 0);
    CHECK(av_opt_set_int(encoder->priv_data, "adaptive_clips", 0, 0) == 0);
    CHECK(avcodec_open2(encoder, NULL, NULL) == 0);
    CHECK(encoder->extradata_size <= (int)sizeof(extradata));
    memcpy(extradata, encoder->extradata, encoder->extradata_size);
    extradata_size = encoder->extradata_size;
    for (int i = 0; i < FRAMES; i++) {
        CHECK(avcodec_send_frame(encoder, frames[i]) == 0);
        n += take_packet(encoder, taken, n);
    }
    CHECK(avcodec_send_frame(encoder, NULL) == 0);
    while (take_packet(encoder, taken, n))
        n++;
    CHECK(n == PACKETS && taken[PACKETS - 1]->duration == 8);
    avcodec_free_context(&encoder);
}

/* In a file, too. */
static void make_packets(void)
{
    for (int i = 0; i < FRAMES; i++)
        frames[i] = make_frame(WIDTH, HEIGHT, i);
    encode_packets(3, packets);
    encode_packets(1, predicted);
    CHECK(!(predicted[PACKETS - 1]->flags & AV_PKT_FLAG_KEY));
    CHECK(use_bsf("onedva_split", NULL, NULL, packets, PACKETS, frame_packets) == 0);
    CHECK(frame_packets[FRAMES - 1]);
    CHECK(avio_open(&file, FILE_NAME, AVIO_FLAG_WRITE) >= 0);
    CHECK(use_muxer() == 0 && avio_closep(&file) >= 0);
}

static void free_packets(void)
{
    for (int i = 0; i < FRAMES; i++) {
        av_frame_free(&frames[i]);
        av_packet_free(&frame_packets[i]);
    }
    for (int i = 0; i < PACKETS; i++) {
        av_packet_free(&packets[i]);
        av_packet_free(&predicted[i]);
    }
    remove(FILE_NAME);
}

/* Fail each allocation in turn until none is left that could fail. */
static void fail_each(int (*use)(void), int least)
{
    int refused = 0;

    CHECK(use() == 0); /* makes what is kept */
    for (int n = 1;; n++) {
        const int before = atomic_load(&live);
        int status, reached;

        atomic_store(&countdown, n);
        status = use();
        reached = atomic_load(&countdown) <= 0;
        atomic_store(&countdown, 0);
        if (status < 0 && (!reached || status != AVERROR(ENOMEM)))
            fprintf(stderr, "allocation %d: %s\n", n, av_err2str(status));
        CHECK(status >= 0 || (reached && status == AVERROR(ENOMEM)));
        if (atomic_load(&live) != before)
            fprintf(stderr, "allocation %d: %d more are left than before\n", n,
                    atomic_load(&live) - before);
        CHECK(atomic_load(&live) == before);
        refused += status < 0;
        if (reached)
            continue;
        printf("%d allocations, %d of which are errors where they fail\n", n - 1, refused);
        CHECK(refused >= least);
        return;
    }
}

static const struct {
    const char *name;
    int (*use)(void);
    int least; /* errors that there must be, so that something is tested */
} cases[] = {
    {"encoder", use_encoder, 100},  {"decoder", use_decoder, 100},  {"filter", use_filter, 100},
    {"truncate", use_truncate, 10}, {"metadata", use_metadata, 10}, {"muxer", use_muxer, 10},
    {"demuxer", use_demuxer, 10},   {"split", use_split, 10},       {"merge", use_merge, 10},
};

int main(int argc, char **argv)
{
    av_log_set_level(AV_LOG_QUIET);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (is_wanted(argc, argv, cases[i].name)) {
            make_packets();
            CHECK(avio_open(&file, FILE_NAME,
                            cases[i].use == use_demuxer ? AVIO_FLAG_READ : AVIO_FLAG_WRITE) >= 0);
            fail_each(cases[i].use, cases[i].least);
            avio_closep(&file);
            free_packets();
            return 0;
        }
    }
    return argc >= 2;
}
