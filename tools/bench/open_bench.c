/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * What 1, 8 and 64 decoders of one model take until each has its first picture, decoded with one
 * step: time and resident memory, each in a process of its own.
 *
 * make open-bench, or build/tools/bench/open_bench; ONEDVA_MODEL chooses another model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/bench/bench.h"
#include "tools/bench/bench_codec.h"

#define SIDE     64 /* luma samples: what a picture takes is little beside the weights */
#define MOST     64
#define ATTEMPTS 5

static double resident_mib(void)
{
    FILE *file = bench_checked(fopen("/proc/self/statm", "r"));
    unsigned long pages = 0;

    bench_check(fscanf(file, "%*u %lu", &pages) == 1 ? ONEDVA_OK : ONEDVA_ERR_IO);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* A packet of one frame with a stream header. @return its bytes, to be freed */
static uint8_t *make_packet(const struct bench_clip *clip, size_t *size)
{
    const struct onedva_stream stream = {
        .width = SIDE, .height = SIDE, .timebase_num = 1, .timebase_den = 25, .sar_den = 1};
    struct onedva_encoder_settings settings;
    struct onedva_packet packet;
    onedva_encoder *encoder;
    onedva_model *model;
    uint8_t *data;

    onedva_encoder_settings_default(&settings);
    settings.header_in_packets = 1;
    bench_check(onedva_model_open(&model, NULL, NULL));
    bench_check(onedva_encoder_open(&encoder, model, &settings, &stream));
    bench_check(onedva_encode(encoder, clip->sources, NULL, 1, &packet));
    data = bench_checked(malloc(packet.size));
    memcpy(data, packet.data, packet.size);
    *size = packet.size;
    onedva_encoder_close(&encoder);
    onedva_model_close(&model);
    return data;
}

static onedva_decoder *open_and_decode(const onedva_model *model, const struct bench_clip *clip,
                                       const uint8_t *packet, size_t size)
{
    struct onedva_decoder_settings settings;
    onedva_decoder *decoder;
    struct onedva_clip info;

    onedva_decoder_settings_default(&settings);
    settings.threads = 1;
    bench_check(onedva_decoder_open(&decoder, model, &settings));
    bench_check(onedva_decoder_read_packet(decoder, packet, size, &info));
    bench_check(onedva_decoder_reconstruct(decoder, clip->pictures, info.frames));
    return decoder;
}

/* In a child process, which writes both figures to a pipe. */
static void measure(int count, const struct bench_clip *clip, const uint8_t *packet, size_t size,
                    int result)
{
    double figures[2], start, before;
    onedva_decoder *decoders[MOST];
    onedva_model *model;

    bench_check(onedva_model_open(&model, NULL, NULL));
    before = resident_mib();
    start = bench_now();
    for (int i = 0; i < count; i++)
        decoders[i] = open_and_decode(model, clip, packet, size);
    figures[0] = bench_now() - start;
    figures[1] = resident_mib() - before;
    for (int i = 0; i < count; i++)
        onedva_decoder_close(&decoders[i]);
    onedva_model_close(&model);
    bench_check(write(result, figures, sizeof(figures)) == sizeof(figures) ? ONEDVA_OK
                                                                           : ONEDVA_ERR_IO);
}

static void report(int count, const struct bench_clip *clip, const uint8_t *packet, size_t size)
{
    double seconds = 0, mib = 0;

    for (int i = 0; i < ATTEMPTS; i++) {
        double figures[2];
        int ends[2], status;
        pid_t child;

        bench_check(pipe(ends) == 0 ? ONEDVA_OK : ONEDVA_ERR_IO);
        child = fork();
        if (child == 0) {
            measure(count, clip, packet, size, ends[1]);
            _exit(0);
        }
        close(ends[1]);
        bench_check(child > 0 && read(ends[0], figures, sizeof(figures)) == sizeof(figures) &&
                            waitpid(child, &status, 0) == child && status == 0
                        ? ONEDVA_OK
                        : ONEDVA_ERR_IO);
        close(ends[0]);
        if (i == 0 || figures[0] < seconds)
            seconds = figures[0];
        if (figures[1] > mib)
            mib = figures[1];
    }
    printf("%2d decoders: %7.1f ms, %6.1f MiB\n", count, seconds * 1e3, mib);
}

int main(void)
{
    static const int counts[] = {1, 8, MOST};
    struct bench_clip clip;
    uint8_t *packet;
    size_t size;

    bench_clip_open(&clip, SIDE, SIDE);
    packet = make_packet(&clip, &size);
    bench_print_processor();
    printf("open and decode one %dx%d frame with one step: the fastest of %d processes, and the "
           "most resident memory\n",
           SIDE, SIDE, ATTEMPTS);
    fflush(stdout);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        report(counts[i], &clip, packet, size);
        fflush(stdout);
    }
    free(packet);
    bench_clip_close(&clip);
    return 0;
}
