/*
 * One-DVA: a soak of encoder and decoder through libavcodec, sizes and options changing all the
 * time Copyright (C) 2026 the One-DVA for FFmpeg authors SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One decoder lives as long as the program and decodes streams of every size, some of whose packets
 * are damaged; for each stream an encoder and a second decoder open and close. Each round has the
 * same streams. Memory must be what it was after the first rounds.
 *
 * usage: soak MINUTES
 */

#include <malloc.h>
#include <time.h>

#include <libavutil/lfg.h>

#include "api.h"

#define WARM_ROUNDS 2
#define GROWTH      (8 << 20) /* bytes that memory may differ by from the first rounds */

static const struct {
    int width, height, frames;
    const char *encoder_options;
    const char *decoder_options;
    int threads;
} streams[] = {
    {66, 50, 40, "clip_frames=8", "steps=1", 2},
    {352, 288, 12, "motion=mesh:layers=3", "steps=1", 3},
    {1, 1, 17, "", "steps=2", 1},
    {640, 360, 6, "motion=off", "steps=0", 4},
    {201, 133, 20, "layers=6:crf=10", "steps=1:max_tokens=5", 2},
    {2, 1000, 5, "motion=global", "steps=1", 2},
    {1000, 6, 5, "preset=slow", "steps=3:sampler=heun", 2},
    {1280, 720, 4, "preset=ultrafast", "steps=1", 4},
    {130, 250, 33, "clip_frames=3:crf=50", "steps=1:smooth_clips=1", 8},
};

static struct {
    AVCodecContext *decoder; /* the one that lives on */
    AVFrame *frame;
    AVPacket *packet;
    AVLFG random;
    int64_t rounds, clips, frames, damaged, refused;
} soak;

static AVCodecContext *open_with(const AVCodec *codec, int stream, const char *options)
{
    AVCodecContext *context = avcodec_alloc_context3(codec);
    AVDictionary *dictionary = NULL;

    CHECK(context && av_dict_parse_string(&dictionary, options, "=", ":", 0) >= 0);
    context->width = streams[stream].width;
    context->height = streams[stream].height;
    context->pix_fmt = AV_PIX_FMT_YUV420P;
    context->time_base = context->pkt_timebase = (AVRational){1, 25};
    context->framerate = (AVRational){25, 1};
    context->thread_count = streams[stream].threads;
    CHECK(avcodec_open2(context, codec, &dictionary) >= 0);
    CHECK(av_dict_count(dictionary) == 0);
    av_dict_free(&dictionary);
    return context;
}

/* What a damaged packet gives: a damaged version or format is one that is not known. */
static int is_damage(int status)
{
    return status == AVERROR_INVALIDDATA || status == AVERROR_PATCHWELCOME || status == AVERROR(ENOSYS);
}

/* Send a packet, NULL for the end, and take all frames there are. Errors of packets, which may have
 * been sent before this one, are counted. @return the number of frames that came */
static int decode(AVCodecContext *decoder, const AVPacket *packet, int stream, int64_t *errors)
{
    int sent = AVERROR(EAGAIN), frames = 0, status;

    do {
        if (sent == AVERROR(EAGAIN)) {
            sent = avcodec_send_packet(decoder, packet);
            CHECK(sent >= 0 || sent == AVERROR(EAGAIN) || is_damage(sent));
            *errors += is_damage(sent);
        }
        status = avcodec_receive_frame(decoder, soak.frame);
        CHECK(status >= 0 || status == AVERROR(EAGAIN) || status == AVERROR_EOF || is_damage(status));
        *errors += is_damage(status);
        frames += status >= 0;
        if (status >= 0)
            CHECK(soak.frame->width == streams[stream].width &&
                  soak.frame->height == streams[stream].height);
        av_frame_unref(soak.frame);
    } while (status >= 0 || is_damage(status) || sent == AVERROR(EAGAIN));
    return frames;
}

/* The long-lived decoder gets one packet in eight damaged. */
static void decode_on(int stream)
{
    AVPacket *packet = av_packet_clone(soak.packet);

    CHECK(packet && av_packet_make_writable(packet) >= 0);
    if (av_lfg_get(&soak.random) % 8 == 0) {
        packet->data[av_lfg_get(&soak.random) % packet->size] ^= 1 + av_lfg_get(&soak.random) % 255;
        soak.damaged++;
    }
    decode(soak.decoder, packet, stream, &soak.refused);
    CHECK(soak.refused <= soak.damaged);
    av_packet_free(&packet);
}

static void run_stream(int stream)
{
    AVCodecContext *encoder =
        open_with(avcodec_find_encoder_by_name("onedva"), stream, streams[stream].encoder_options);
    AVCodecContext *decoder =
        open_with(avcodec_find_decoder_by_name("onedva"), stream, streams[stream].decoder_options);
    int64_t errors = 0;
    int frames = 0;

    for (int i = 0; i <= streams[stream].frames; i++) {
        int status = i < streams[stream].frames
                      ? send_frame(encoder, make_frame(encoder->width, encoder->height, i))
                      : avcodec_send_frame(encoder, NULL);

        CHECK(status == 0);
        while (avcodec_receive_packet(encoder, soak.packet) == 0) {
            frames += decode(decoder, soak.packet, stream, &errors);
            decode_on(stream);
            soak.clips++;
            av_packet_unref(soak.packet);
        }
    }
    frames += decode(decoder, NULL, stream, &errors);
    CHECK(frames == streams[stream].frames && errors == 0);
    soak.frames += frames;
    decode(soak.decoder, NULL, stream, &soak.refused);
    avcodec_flush_buffers(soak.decoder);
    avcodec_free_context(&encoder);
    avcodec_free_context(&decoder);
}

static void run_round(void)
{
    av_lfg_init(&soak.random, (unsigned)soak.rounds);
    for (int i = 0; i < (int)(sizeof(streams) / sizeof(*streams)); i++)
        run_stream(i);
    soak.rounds++;
}

/* Bytes that the process has allocated and not freed. */
static int64_t allocated(void)
{
    const struct mallinfo2 info = mallinfo2();

    return (int64_t)(info.uordblks + info.hblkhd);
}

static int64_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages;

    CHECK(file && fscanf(file, "%*u %ld", &pages) == 1);
    fclose(file);
    return pages * INT64_C(4096);
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void report(double minutes)
{
    printf("| %.1f | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64
           " | %.1f | %.1f |\n",
           minutes, soak.rounds, soak.clips, soak.frames, soak.damaged, soak.refused,
           allocated() / 1048576.0, resident() / 1048576.0);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const double begin = seconds();
    double minutes = argc == 2 ? atof(argv[1]) : 0, reported = 0, now = 0;
    int64_t warm_allocated, warm_resident;

    if (!(minutes > 0)) {
        fprintf(stderr, "usage: soak MINUTES\n");
        return 1;
    }
    av_log_set_level(AV_LOG_QUIET);
    soak.frame = av_frame_alloc();
    soak.packet = av_packet_alloc();
    soak.decoder = open_with(avcodec_find_decoder_by_name("onedva"), 0, "steps=1");
    CHECK(soak.frame && soak.packet);
    printf(
        "| minutes | rounds | clips | frames | damaged | refused | MiB allocated | MiB resident |\n"
        "|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < WARM_ROUNDS; i++)
        run_round();
    warm_allocated = allocated();
    warm_resident = resident();
    report((seconds() - begin) / 60);
    do {
        run_round();
        now = (seconds() - begin) / 60;
        if (now - reported >= 1 || now >= minutes) {
            report(now);
            reported = now;
        }
        CHECK(llabs(allocated() - warm_allocated) <= GROWTH);
    } while (now < minutes);
    CHECK(resident() <= warm_resident + 8 * GROWTH);
    av_frame_free(&soak.frame);
    av_packet_free(&soak.packet);
    avcodec_free_context(&soak.decoder);
    return 0;
}
