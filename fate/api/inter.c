/*
 * One-DVA: what rests on a clip's packet that is lost or damaged, or that a reader who comes late
 * never had Copyright (C) 2026 the One-DVA for FFmpeg authors SPDX-License-Identifier:
 * LGPL-2.1-or-later
 *
 * Each clip's packet of a file is left out in turn, then has a bit flipped at each of some places,
 * then is where reading begins. Frames before it, and from the next keyframe on, must be bit for
 * bit those of the whole file; those between are missing, marked as corrupt, or the same. Prints a
 * table.
 *
 * usage: inter FILE [DECODER_OPTIONS]
 *   FILE             a stream of one layer with several keyframes and inter clips between them
 *   DECODER_OPTIONS  e.g. threads=4:steps=1
 */

#include <onedva/onedva.h>

#include "coded_file.h"

struct source {
    AVPacket *packet;
    int begins_clip;
    int next_key; /* index of the first keyframe behind it, or the number of packets */
    uint32_t crc;
    int came, same,
        corrupt; /* frames of this run that it shows; those that are right; those that are marked */
};

static struct {
    AVCodecParameters *parameters;
    AVDictionary *options;
    struct source *sources;
    int count;
} file;

static int lines; /* that the decoder has logged in this run */

static void count_lines(void *context, int level, const char *format, va_list arguments)
{
    const AVClass *class = context ? *(const AVClass **)context : NULL;
    const AVCodecContext *codec = context;

    (void)format;
    (void)arguments;
    if (level <= AV_LOG_INFO && class && class == avcodec_get_class() && codec->codec &&
        !strcmp(codec->codec->name, "onedva"))
        lines++;
}

/* ---- the file ---- */

static struct source *source_of(int64_t pts)
{
    for (int i = 0; i < file.count; i++)
        if (file.sources[i].packet->pts == pts)
            return &file.sources[i];
    fprintf(stderr, "a frame at %" PRId64 ", where there is none\n", pts);
    exit(1);
}

static void take_reference(const AVFrame *frame)
{
    struct source *source = source_of(frame->pts);
    const int is_key = !!(source->packet->flags & AV_PKT_FLAG_KEY);

    CHECK(!source->came++ && !(frame->flags & AV_FRAME_FLAG_CORRUPT));
    CHECK(is_key == !!(frame->flags & AV_FRAME_FLAG_KEY));
    CHECK(frame->pict_type == (is_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_P));
    source->crc = crc_of(frame);
}

static void take_frame(const AVFrame *frame)
{
    struct source *source = source_of(frame->pts);

    source->came++;
    source->same += crc_of(frame) == source->crc;
    source->corrupt += !!(frame->flags & AV_FRAME_FLAG_CORRUPT);
    CHECK(!(frame->flags & AV_FRAME_FLAG_CORRUPT) == !frame->decode_error_flags);
}

static void read_file(const char *name)
{
    AVFormatContext *demuxer = open_coded_file(name);
    AVPacket *packet = av_packet_alloc();
    int next_key;

    file.parameters = avcodec_parameters_alloc();
    CHECK(packet && file.parameters &&
          avcodec_parameters_copy(file.parameters, demuxer->streams[0]->codecpar) >= 0);
    while (av_read_frame(demuxer, packet) >= 0) {
        struct source *source =
            av_dynarray2_add((void **)&file.sources, &file.count, sizeof(*source), NULL);

        CHECK(source && packet->pts != AV_NOPTS_VALUE);
        *source = (struct source){.packet = av_packet_clone(packet)};
        CHECK(source->packet);
        source->begins_clip = packet->size > ONEDVA_FRAME_PACKET_SIZE;
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    avformat_close_input(&demuxer);

    next_key = file.count;
    for (int i = file.count - 1; i >= 0; i--) {
        file.sources[i].next_key = next_key;
        if (file.sources[i].packet->flags & AV_PKT_FLAG_KEY)
            next_key = i;
    }
    CHECK(next_key == 0 && file.sources[0].next_key < file.count);
}

static void free_file(void)
{
    for (int i = 0; i < file.count; i++)
        av_packet_free(&file.sources[i].packet);
    av_freep(&file.sources);
    avcodec_parameters_free(&file.parameters);
    av_dict_free(&file.options);
}

static void decode_reference(void)
{
    AVCodecContext *decoder = open_decoder_of(file.parameters, file.options);

    for (int i = 0; i < file.count; i++)
        decode(decoder, file.sources[i].packet, take_reference);
    decode(decoder, NULL, take_reference);
    avcodec_free_context(&decoder);
    for (int i = 0; i < file.count; i++)
        CHECK(file.sources[i].came == 1);
}

/* ---- runs ---- */

static void begin_run(void)
{
    lines = 0;
    for (int i = 0; i < file.count; i++)
        file.sources[i].came = file.sources[i].same = file.sources[i].corrupt = 0;
}

/* Index of the packet behind the frames of the clip that a packet begins. */
static int end_of_clip(int clip)
{
    int end = clip + 1;

    while (end < file.count && !file.sources[end].begins_clip)
        end++;
    return end;
}

/* Whether what is from one packet up to another came, and is as in the whole file. */
static void check_same(int begin, int end)
{
    for (int i = begin; i < end; i++) {
        const struct source *source = &file.sources[i];

        CHECK(source->came == 1 && source->same == 1 && !source->corrupt);
    }
}

/* What the fault of a clip's packet did. @return frames that are missing or marked as corrupt */
static int check_damage(int clip)
{
    const int end = file.sources[clip].next_key;
    int damaged = 0;

    check_same(0, clip);
    check_same(end, file.count);
    for (int i = clip; i < end; i++) {
        const struct source *source = &file.sources[i];

        CHECK(source->came <= 1 && source->came <= source->same + source->corrupt);
        damaged += !source->came || source->corrupt;
    }
    return damaged;
}

static int lose_packet(int clip)
{
    AVCodecContext *decoder = open_decoder_of(file.parameters, file.options);
    const int end = end_of_clip(clip);
    int damaged;

    begin_run();
    for (int i = 0; i < file.count; i++)
        if (i != clip)
            decode(decoder, file.sources[i].packet, take_frame);
    decode(decoder, NULL, take_frame);
    avcodec_free_context(&decoder);

    damaged = check_damage(clip);
    CHECK(damaged == file.sources[clip].next_key - clip);
    for (int i = clip; i < file.sources[clip].next_key; i++)
        CHECK(file.sources[i].came == (clip > 0 && i >= end)); /* from the picture before */
    CHECK(lines <= 2); /* on what is missing, and on what rests on it */
    return damaged;
}

/* A bit of the packet's byte at this place is another. */
static int flip_bit(int clip, int byte, int bit)
{
    AVCodecContext *decoder = open_decoder_of(file.parameters, file.options);
    int damaged;

    begin_run();
    for (int i = 0; i < file.count; i++) {
        AVPacket *packet = av_packet_clone(file.sources[i].packet);

        CHECK(packet && av_packet_make_writable(packet) >= 0);
        if (i == clip)
            packet->data[byte] ^= 1 << bit;
        decode(decoder, packet, take_frame);
        av_packet_free(&packet);
    }
    decode(decoder, NULL, take_frame);
    avcodec_free_context(&decoder);

    damaged = check_damage(clip);
    CHECK(damaged > 0 && lines >= 1 && lines <= 2);
    return damaged;
}

static int flip_bits(int clip)
{
    const int size = file.sources[clip].packet->size;
    const int places[] = {0, 1, 2, 4, 5, 6, 7, 8, 12, size / 3, size / 2, size - 1};
    int damaged = 0;

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        for (int bit = 0; bit < 8; bit += places[i] ? 3 : 1)
            damaged += flip_bit(clip, places[i], bit);
    return damaged;
}

/* Reading begins with a clip, in a decoder that has or has not decoded those before. */
static int join(int clip, int is_seek)
{
    AVCodecContext *decoder = open_decoder_of(file.parameters, file.options);
    const int is_key = !!(file.sources[clip].packet->flags & AV_PKT_FLAG_KEY);
    const int first = is_key ? clip : file.sources[clip].next_key;

    for (int i = 0; is_seek && i < clip; i++)
        decode(decoder, file.sources[i].packet, take_frame);
    if (is_seek)
        avcodec_flush_buffers(decoder);
    begin_run();
    for (int i = clip; i < file.count; i++)
        decode(decoder, file.sources[i].packet, take_frame);
    decode(decoder, NULL, take_frame);
    avcodec_free_context(&decoder);

    check_same(first, file.count);
    for (int i = clip; i < first; i++)
        CHECK(!file.sources[i].came);
    CHECK(lines == !is_key);
    return first - clip;
}

static int join_late(int clip)
{
    return join(clip, 0) + join(clip, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *text;
        int (*run)(int clip);
    } rows[] = {
        {"lost", lose_packet},
        {"a bit flipped", flip_bits},
        {"reading begins", join_late},
    };
    int clips = 0, keys = 0;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: inter FILE [DECODER_OPTIONS]\n");
        return 1;
    }
    av_log_set_callback(count_lines);
    file.options = parse_options(argc > 2 ? argv[2] : "");
    read_file(argv[1]);
    begin_run();
    decode_reference();
    CHECK(lines == 0);
    for (int i = 0; i < file.count; i++) {
        clips += file.sources[i].begins_clip;
        keys += !!(file.sources[i].packet->flags & AV_PKT_FLAG_KEY);
    }
    CHECK(clips >= keys + 3);
    printf("%d frames in %d clips, of which %d are key clips\n\n", file.count, clips, keys);
    printf("| clip's packet | frames missing or marked |\n|---|---|\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int damaged = 0;

        for (int clip = 0; clip < file.count; clip++)
            if (file.sources[clip].begins_clip)
                damaged += rows[i].run(clip);
        CHECK(damaged > 0);
        printf("| %s | %d |\n", rows[i].text, damaged);
        fflush(stdout);
    }
    free_file();
    return 0;
}
