/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* FFmpeg's bitstream filters. The first byte of an input chooses settings, the rest is packets. */
#include <libavcodec/bsf.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
#include <string.h>

#include "ffmpeg_log.h"
#include "fuzz.h"

#define SET_HEADER  0x80 /* bits of the first byte */
#define NO_DURATION 0x40
#define MERGE       0x20 /* packets of frames to clips and back, and no other filter */
#define MAX_PACKETS 64

/* A filter, and the primaries that it sets, -1: none. */
static const struct {
    const char *filter;
    int primaries;
} settings[] = {
    {"onedva_truncate=layers=1", -1},
    {"onedva_truncate=layers=3", -1},
    {"onedva_truncate=tokens=7", -1},
    {"onedva_truncate=bitrate=20000", -1},
    {"onedva_metadata=print=1", -1},
    {"onedva_metadata=color_primaries=9:color_range=tv:chroma_location=2:repeat_headers=1:print=1",
     9},
    {"onedva_truncate=layers=2,onedva_metadata=color_primaries=255:print=1", 255},
    {"onedva_metadata=color_primaries=0:transfer_characteristics=16:matrix_coefficients=9,"
     "onedva_truncate=bitrate=9000000000000000000",
     0},
};

/* @return NULL where the stream header is refused */
static AVBSFContext *open_filter(const char *filter, const uint8_t *header, size_t size)
{
    AVBSFContext *bsf = NULL;
    int status;

    FUZZ_CHECK(av_bsf_list_parse_str(filter, &bsf) == 0);
    bsf->par_in->codec_type = AVMEDIA_TYPE_VIDEO;
    bsf->par_in->codec_id = AV_CODEC_ID_ONEDVA;
    bsf->time_base_in = (AVRational){1, 25};
    if (header) {
        bsf->par_in->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
        FUZZ_CHECK(bsf->par_in->extradata);
        memcpy(bsf->par_in->extradata, header, size);
        bsf->par_in->extradata_size = (int)size;
    }
    status = av_bsf_init(bsf);
    FUZZ_CHECK(status == 0 || (status == AVERROR_INVALIDDATA && header));
    if (status < 0)
        av_bsf_free(&bsf);
    return bsf;
}

static void check_same(const AVPacket *packet, const uint8_t *data, size_t size)
{
    FUZZ_CHECK((size_t)packet->size == size && !memcmp(packet->data, data, size));
}

/* What came out for a packet. @param primaries that were set, -1: none */
static void check_packet(const AVPacket *packet, const uint8_t *data, size_t size, int primaries)
{
    static const uint8_t zero[AV_INPUT_BUFFER_PADDING_SIZE];
    struct onedva_packet_info before, after;

    FUZZ_CHECK(!memcmp(packet->data + packet->size, zero, sizeof(zero)));
    if (onedva_packet_get_info(&before, data, size) < 0 || before.whole_layers < 1) {
        check_same(packet, data, size);
        return;
    }
    FUZZ_CHECK(onedva_packet_get_info(&after, packet->data, (size_t)packet->size) == ONEDVA_OK);
    FUZZ_CHECK(after.frames == before.frames && after.model_tag == before.model_tag);
    FUZZ_CHECK(after.layers <= before.layers && after.whole_layers <= before.whole_layers);
    FUZZ_CHECK(after.whole_layers >= 1 && after.has_stream >= before.has_stream);
    if (primaries < 0)
        FUZZ_CHECK((size_t)packet->size <= size && after.has_stream == before.has_stream);
    else if (after.has_stream && before.whole_layers == before.layers)
        FUZZ_CHECK(after.stream.colour_primaries == primaries);
}

static void filter_packet(AVBSFContext *bsf, const uint8_t *data, size_t size, int64_t index,
                          int options)
{
    const int primaries = settings[options % 8].primaries;
    AVPacket *packet = av_packet_alloc();

    FUZZ_CHECK(packet && av_new_packet(packet, (int)size) == 0);
    if (size)
        memcpy(packet->data, data, size);
    packet->pts = packet->dts = index;
    packet->duration = options & NO_DURATION ? 0 : 1 + index;
    FUZZ_CHECK(av_bsf_send_packet(bsf, packet) == 0);
    FUZZ_CHECK(av_bsf_receive_packet(bsf, packet) == 0);
    FUZZ_CHECK(packet->pts == index && packet->dts == index);
    FUZZ_CHECK(packet->duration == (options & NO_DURATION ? 0 : 1 + index));
    check_packet(packet, data, size, primaries);
    av_packet_unref(packet);
    FUZZ_CHECK(av_bsf_receive_packet(bsf, packet) == AVERROR(EAGAIN));
    av_packet_free(&packet);
}

/* Packets that are no whole clips, at the times of frames of one duration. @return their number */
static int read_packets(struct odva_byte_reader *input, int options, AVPacket **packets)
{
    enum onedva_packet_kind kind;
    const uint8_t *data;
    size_t size;
    int count = 0;

    while (count < MAX_PACKETS && (data = fuzz_next_packet(input, &size))) {
        AVPacket *packet;

        if (!size || (onedva_packet_get_kind(&kind, data, size) == ONEDVA_OK &&
                      kind == ONEDVA_PACKET_WHOLE_CLIP))
            continue;
        packet = av_packet_alloc();
        FUZZ_CHECK(packet && av_new_packet(packet, (int)size) == 0);
        memcpy(packet->data, data, size);
        packet->pts = packet->dts = count;
        packet->duration = options & NO_DURATION ? 0 : 1;
        packets[count++] = packet;
    }
    return count;
}

/* What goes through the merge and the split comes out as it was. */
static void merge_and_split(struct odva_byte_reader *input, const uint8_t *header, size_t size,
                            int options)
{
    AVBSFContext *bsf = open_filter("onedva_merge,onedva_split", header, size);
    AVPacket *packets[MAX_PACKETS], *out = av_packet_alloc();
    const int count = read_packets(input, options, packets);
    int next = 0;

    FUZZ_CHECK(bsf && out);
    for (int i = 0; i <= count; i++) {
        AVPacket *in = i < count ? av_packet_clone(packets[i]) : NULL;

        FUZZ_CHECK(av_bsf_send_packet(bsf, in) == 0);
        av_packet_free(&in);
        while (av_bsf_receive_packet(bsf, out) == 0) {
            FUZZ_CHECK(next < count);
            check_same(out, packets[next]->data, (size_t)packets[next]->size);
            FUZZ_CHECK(out->pts == packets[next]->pts && out->dts == packets[next]->dts);
            av_packet_unref(out);
            next++;
        }
    }
    FUZZ_CHECK(next == count);
    for (int i = 0; i < count; i++)
        av_packet_free(&packets[i]);
    av_packet_free(&out);
    av_bsf_free(&bsf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *packet, *header = NULL;
    struct odva_byte_reader input;
    AVBSFContext *bsf;
    int options;

    av_log_set_callback(fuzz_forget_message);
    odva_byte_reader_init(&input, data, size);
    options = odva_read_u8(&input);
    if (options & SET_HEADER)
        header = fuzz_next_packet(&input, &size);
    if (options & MERGE) {
        merge_and_split(&input, header, size, options);
        return 0;
    }
    bsf = open_filter(settings[options % 8].filter, header, size);
    if (!bsf)
        return 0;
    // no container has packets without a byte but AVI, whose are nothing to the filters
    for (int64_t i = 0; (packet = fuzz_next_packet(&input, &size)); i++)
        if (size)
            filter_packet(bsf, packet, size, i, options);
    av_bsf_free(&bsf);
    return 0;
}
