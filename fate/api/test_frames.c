/*
 * One-DVA: a packet for every frame, through libavcodec's API
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * usage: test_frames CASE; exits with 0 when the case passes. Without a case it lists them.
 */

#include <libavcodec/bsf.h>

#include "api.h"

#define FRAMES     20 /* a clip of 16 and one of 4 */
#define CLIP       16
#define FRAME_SIZE 3 /* bytes of a packet of a later frame */

static int lines; /* of errors */

static void count_lines(void *opaque, int level, const char *format, va_list arguments)
{
    (void)opaque;
    (void)format;
    (void)arguments;
    lines += level <= AV_LOG_WARNING;
}

static int64_t pts_of(int i)
{
    return 10 * i + i % 3;
}

/* Put packets behind n others. @return how many there are then */
static int receive_packets(AVCodecContext *encoder, AVPacket *packet, AVPacket *packets[FRAMES], int n)
{
    while (avcodec_receive_packet(encoder, packet) == 0) {
        CHECK(n < FRAMES);
        packets[n] = av_packet_clone(packet);
        CHECK(packets[n++]);
    }
    return n;
}

/* Two clips' packets, of frames at irregular times. @param gop 1: both are key clips */
static AVCodecContext *encode_gop(AVPacket *packets[FRAMES], int clip_packets, int gop)
{
    AVCodecContext *encoder = new_encoder(WIDTH, HEIGHT);
    AVPacket *packet = av_packet_alloc();
    int n = 0;

    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_COPY_OPAQUE |
                      AV_CODEC_FLAG_FRAME_DURATION;
    encoder->time_base = (AVRational){1, 250};
    encoder->gop_size = gop;
    CHECK(packet && av_opt_set_int(encoder->priv_data, "adaptive_clips", 0, 0) == 0);
    CHECK(av_opt_set_int(encoder->priv_data, "clip_packets", clip_packets, 0) == 0);
    CHECK(avcodec_open2(encoder, NULL, NULL) == 0);
    for (int i = 0; i < FRAMES; i++) {
        AVFrame *frame = make_frame(WIDTH, HEIGHT, i);

        frame->pts = pts_of(i);
        frame->duration = 10;
        frame->opaque = (void *)(intptr_t)(i + 1);
        CHECK(send_frame(encoder, frame) == 0);
        n = receive_packets(encoder, packet, packets, n);
    }
    CHECK(avcodec_send_frame(encoder, NULL) == 0);
    n = receive_packets(encoder, packet, packets, n);
    CHECK(n == (clip_packets ? 2 : FRAMES));
    av_packet_free(&packet);
    return encoder;
}

static AVCodecContext *encode(AVPacket *packets[FRAMES], int clip_packets)
{
    return encode_gop(packets, clip_packets, 1);
}

static void free_packets(AVPacket *packets[FRAMES], int n)
{
    for (int i = 0; i < n; i++)
        av_packet_free(&packets[i]);
}

static AVCodecContext *decoder_of(AVCodecContext *encoder, int threads)
{
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder_by_name("onedva"));

    CHECK(decoder);
    decoder->pkt_timebase = encoder->time_base;
    decoder->thread_count = threads;
    decoder->flags |= AV_CODEC_FLAG_COPY_OPAQUE;
    decoder->extradata = av_mallocz(encoder->extradata_size + AV_INPUT_BUFFER_PADDING_SIZE);
    CHECK(decoder->extradata);
    memcpy(decoder->extradata, encoder->extradata, encoder->extradata_size);
    decoder->extradata_size = encoder->extradata_size;
    CHECK(avcodec_open2(decoder, NULL, NULL) == 0);
    return decoder;
}

/* Decode packets, NULL for the end. @param shown numbers of the frames that came out, by their opaque
 * @return their number */
static int decode(AVCodecContext *decoder, AVPacket *const *packets, int n, int *shown)
{
    AVFrame *frame = av_frame_alloc();
    int count = 0;

    CHECK(frame);
    for (int i = 0; i < n; i++) {
        avcodec_send_packet(decoder, packets[i]);
        while (avcodec_receive_frame(decoder, frame) == 0)
            shown[count++] = (int)(intptr_t)frame->opaque - 1;
    }
    av_frame_free(&frame);
    return count;
}

static void check_packets(AVPacket *const *packets)
{
    for (int i = 0; i < FRAMES; i++) {
        const AVPacket *packet = packets[i];
        const int is_first = i % CLIP == 0;

        CHECK(packet->pts == pts_of(i) && packet->dts == packet->pts);
        CHECK(packet->duration == (i + 1 < FRAMES ? pts_of(i + 1) - pts_of(i) : 10));
        CHECK((intptr_t)packet->opaque == i + 1);
        CHECK(packet->flags == (is_first ? AV_PKT_FLAG_KEY : AV_PKT_FLAG_DISPOSABLE));
        CHECK(is_first ? packet->size > 20 : packet->size == FRAME_SIZE);
    }
}

static void encoder_packets(void)
{
    AVPacket *packets[FRAMES], *whole[FRAMES];
    AVCodecContext *encoder = encode(packets, 0);
    int bytes = 0, whole_bytes = 0;

    check_packets(packets);
    for (int i = 0; i < FRAMES; i++)
        bytes += packets[i]->size;
    avcodec_free_context(&encoder);
    encoder = encode(whole, 1);
    whole_bytes = whole[0]->size + whole[1]->size;
    CHECK(whole[0]->flags == AV_PKT_FLAG_KEY && whole[1]->flags == AV_PKT_FLAG_KEY);
    CHECK(whole[0]->duration == pts_of(CLIP) && whole[1]->pts == pts_of(CLIP));
    CHECK(bytes <= whole_bytes + FRAME_SIZE * FRAMES);
    free_packets(packets, FRAMES);
    free_packets(whole, 2);
    avcodec_free_context(&encoder);
}

/* One frame comes out for each packet, as soon as there is one thread, with what its packet says. */
static void frames_of_packets(void)
{
    AVPacket *packets[FRAMES];
    AVCodecContext *encoder = encode(packets, 0), *decoder = decoder_of(encoder, 1);
    AVFrame *frame = av_frame_alloc();

    CHECK(frame);
    for (int i = 0; i < FRAMES; i++) {
        packets[i]->pts = packets[i]->dts = 1000 + 7 * i; /* retimed */
        packets[i]->duration = 7;
        packets[i]->pos = 100 + i;
        CHECK(avcodec_send_packet(decoder, packets[i]) == 0);
        CHECK(avcodec_receive_frame(decoder, frame) == 0);
        CHECK(frame->pts == packets[i]->pts && frame->pkt_dts == packets[i]->pts);
        CHECK(frame->best_effort_timestamp == packets[i]->pts && frame->duration == 7);
        CHECK((intptr_t)frame->opaque == i + 1);
        CHECK(!(frame->flags & AV_FRAME_FLAG_KEY) == !!(i % CLIP));
        CHECK(avcodec_receive_frame(decoder, frame) == AVERROR(EAGAIN));
    }
    av_frame_free(&frame);
    free_packets(packets, FRAMES);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* After a seek frames whose clip's packet did not come give nothing, and no line. */
static void frames_without_clip(void)
{
    for (int threads = 1; threads <= 4; threads += 3) {
        AVPacket *packets[FRAMES + 1] = {NULL};
        AVCodecContext *encoder = encode(packets, 0), *decoder = decoder_of(encoder, threads);
        int shown[FRAMES], n;

        av_log_set_callback(count_lines);
        lines = 0;
        n = decode(decoder, packets, 5, shown);
        CHECK(threads > 1 || n == 5);
        avcodec_flush_buffers(decoder);
        n = decode(decoder, packets + 5, FRAMES - 5 + 1, shown);
        CHECK(n == FRAMES - CLIP && shown[0] == CLIP && lines == 0);
        av_log_set_callback(av_log_default_callback);
        free_packets(packets, FRAMES);
        avcodec_free_context(&decoder);
        avcodec_free_context(&encoder);
    }
}

/* The packet of a clip that is missing costs its frames and one line, and not the clip's before it. */
static void clip_missing(void)
{
    AVPacket *packets[FRAMES + 1] = {NULL}, *rest[FRAMES];
    AVCodecContext *encoder = encode(packets, 0), *decoder = decoder_of(encoder, 1);
    int shown[FRAMES];

    memcpy(rest, packets, CLIP * sizeof(*rest));
    memcpy(rest + CLIP, packets + CLIP + 1, (FRAMES - CLIP) * sizeof(*rest));
    av_log_set_callback(count_lines);
    lines = 0;
    CHECK(decode(decoder, rest, FRAMES, shown) == CLIP && lines == 1);
    for (int i = 0; i < CLIP; i++)
        CHECK(shown[i] == i);
    av_log_set_callback(av_log_default_callback);
    free_packets(packets, FRAMES);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* Any bit of a frame's packet costs that frame, at most, and one line. */
static void damaged_frames(void)
{
    AVPacket *packets[FRAMES];
    AVCodecContext *encoder = encode(packets, 0), *decoder = decoder_of(encoder, 1);

    av_log_set_callback(count_lines);
    for (int bit = 0; bit < 8 * FRAME_SIZE; bit++) {
        int shown[FRAMES];

        packets[5]->data[bit / 8] ^= 1 << bit % 8;
        lines = 0;
        CHECK(decode(decoder, packets, FRAMES, shown) == FRAMES - 1 && lines == 1);
        for (int i = 0; i < FRAMES - 1; i++)
            CHECK(shown[i] == i + (i >= 5));
        packets[5]->data[bit / 8] ^= 1 << bit % 8;
    }
    av_log_set_callback(av_log_default_callback);
    free_packets(packets, FRAMES);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* Frames come in any order, and as often as they are asked for. */
static void other_order(void)
{
    static const int order[] = {0, 7, 3, 3, 15, 1, 16, 19, 17};
    AVPacket *packets[FRAMES], *sent[9];
    AVCodecContext *encoder = encode(packets, 0), *decoder = decoder_of(encoder, 1);
    int shown[FRAMES];

    for (int i = 0; i < 9; i++)
        sent[i] = packets[order[i]];
    CHECK(decode(decoder, sent, 9, shown) == 9);
    CHECK(!memcmp(shown, order, sizeof(order)));
    free_packets(packets, FRAMES);
    avcodec_free_context(&decoder);
    avcodec_free_context(&encoder);
}

/* Send packets through a filter. @return how many came out, into packets */
static int filter(const char *name, AVCodecContext *encoder, AVPacket *packets[FRAMES], int n)
{
    AVPacket *out[FRAMES];
    AVBSFContext *bsf;
    int count = 0;

    CHECK(av_bsf_list_parse_str(name, &bsf) == 0);
    CHECK(avcodec_parameters_from_context(bsf->par_in, encoder) == 0);
    bsf->time_base_in = encoder->time_base;
    CHECK(av_bsf_init(bsf) == 0);
    for (int i = 0; i <= n; i++) {
        int status = av_bsf_send_packet(bsf, i < n ? packets[i] : NULL);

        CHECK(status == 0);
        while (status == 0 && count < FRAMES) {
            out[count] = av_packet_alloc();
            CHECK(out[count]);
            status = av_bsf_receive_packet(bsf, out[count]);
            if (status < 0)
                av_packet_free(&out[count]);
            else
                count++;
        }
    }
    av_bsf_free(&bsf);
    free_packets(packets, n);
    memcpy(packets, out, count * sizeof(*packets));
    return count;
}

static void check_same(const AVPacket *a, const AVPacket *b)
{
    CHECK(a->size == b->size && !memcmp(a->data, b->data, a->size));
    CHECK(a->pts == b->pts && a->dts == b->dts && a->duration == b->duration);
    CHECK(a->flags == b->flags);
}

static void check_all_same(AVPacket *const *a, AVPacket *const *b, int n)
{
    for (int i = 0; i < n; i++)
        check_same(a[i], b[i]);
}

/* Packets of frames become those that the encoder would have made of whole clips, and back. */
static void merge_and_split(void)
{
    AVPacket *frames[FRAMES], *whole[FRAMES], *packets[FRAMES];
    AVCodecContext *encoder = encode(frames, 0), *other = encode(whole, 1);
    int n = FRAMES;

    for (int i = 0; i < FRAMES; i++)
        CHECK((packets[i] = av_packet_clone(frames[i])));
    n = filter("onedva_merge", encoder, packets, n);
    CHECK(n == 2);
    check_all_same(packets, whole, 2);
    n = filter("onedva_split", encoder, packets, n);
    CHECK(n == FRAMES);
    check_all_same(packets, frames, FRAMES);
    CHECK(filter("onedva_merge,onedva_split", encoder, packets, n) == FRAMES);
    check_all_same(packets, frames, FRAMES);
    free_packets(packets, FRAMES);
    free_packets(frames, FRAMES);
    free_packets(whole, 2);
    avcodec_free_context(&encoder);
    avcodec_free_context(&other);
}

/* The picture type that the encoder says a packet is of. */
static int picture_type(const AVPacket *packet)
{
    size_t size;
    const uint8_t *stats = av_packet_get_side_data(packet, AV_PKT_DATA_QUALITY_STATS, &size);

    CHECK(stats && size > 4);
    return stats[4];
}

/* A clip that is predicted from the one before is no keyframe, whatever a container says. */
static void predicted_clip(void)
{
    AVPacket *frames[FRAMES], *whole[FRAMES], *packets[FRAMES];
    AVCodecContext *encoder = encode_gop(frames, 0, 250), *other = encode_gop(whole, 1, 250);
    int n = FRAMES;

    for (int i = 0; i < FRAMES; i++) {
        CHECK(frames[i]->flags == (i ? i == CLIP ? 0 : AV_PKT_FLAG_DISPOSABLE : AV_PKT_FLAG_KEY));
        CHECK(picture_type(frames[i]) == (i ? AV_PICTURE_TYPE_P : AV_PICTURE_TYPE_I));
        CHECK((packets[i] = av_packet_clone(frames[i])));
    }
    CHECK(whole[0]->flags == AV_PKT_FLAG_KEY && whole[1]->flags == 0);
    packets[0]->flags &= ~AV_PKT_FLAG_KEY;
    packets[CLIP]->flags |= AV_PKT_FLAG_KEY;
    n = filter("onedva_merge", encoder, packets, n);
    CHECK(n == 2);
    check_all_same(packets, whole, 2);
    for (int i = 0; i < 2; i++)
        packets[i]->flags ^= AV_PKT_FLAG_KEY;
    n = filter("onedva_split", encoder, packets, n);
    CHECK(n == FRAMES);
    check_all_same(packets, frames, FRAMES);
    packets[CLIP]->flags |= AV_PKT_FLAG_KEY;
    CHECK(filter("onedva_metadata,onedva_truncate=layers=1", encoder, packets, n) == FRAMES);
    check_all_same(packets, frames, FRAMES);
    free_packets(packets, FRAMES);
    free_packets(frames, FRAMES);
    free_packets(whole, 2);
    avcodec_free_context(&encoder);
    avcodec_free_context(&other);
}

/* A clip of which a frame's packet is missing, or has a time that no whole clip can say, is left as it is. */
static void merge_of_parts(void)
{
    AVPacket *frames[FRAMES];
    AVCodecContext *encoder = encode(frames, 0);

    av_packet_free(&frames[9]);
    memmove(frames + 9, frames + 10, (FRAMES - 10) * sizeof(*frames));
    frames[FRAMES - 2]->pts = frames[FRAMES - 2]->dts = 0; /* of the second clip, backwards */
    CHECK(filter("onedva_merge", encoder, frames, FRAMES - 1) == FRAMES - 1);
    for (int i = 0; i < FRAMES - 2; i++)
        CHECK(frames[i]->pts == pts_of(i + (i >= 9)));
    free_packets(frames, FRAMES - 1);
    avcodec_free_context(&encoder);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"encoder_packets", encoder_packets}, {"frames_of_packets", frames_of_packets},
    {"frames_without_clip", frames_without_clip}, {"clip_missing", clip_missing},
    {"damaged_frames", damaged_frames}, {"other_order", other_order},
    {"merge_and_split", merge_and_split}, {"merge_of_parts", merge_of_parts},
    {"predicted_clip", predicted_clip},
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
