/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * What the operators' precision costs: reads yuv4mpeg from standard input, encodes it, decodes the
 * packets with the C reference and with other instruction sets, and compares all with the video.
 * Decoders take turns on the same packets, with one thread. Prints for each crf and number of steps
 * PSNR of luma with the reference and what the others differ by, and the time to reconstruct 16
 * frames (of the second run; entropy decoding is not part of it).
 *
 * usage: precision CLIPS CPU... < video.y4m
 *        CLIPS of 16 frames at most; CPU: what ONEDVA_CPU may be, such as avx512bf16
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onedva/onedva.h"
#include "tools/bench/machine_peak.h"
#include "tools/canvas/y4m_reader.h"

#define FRAMES   ONEDVA_MAX_CLIP_FRAMES
#define MAX_CPUS 8

static const double crfs[] = {5, 12, 20, 30, 45};

#define CRFS (sizeof(crfs) / sizeof(crfs[0]))

/** Squared errors of luma of the decoders, the first of which is the reference. */
struct sums {
    double error[MAX_CPUS][CRFS][2]; /* [cpu][crf][steps] */
    double seconds[MAX_CPUS][CRFS][2];
    double samples; /* of each crf and step */
};

struct video {
    struct y4m_reader reader;
    uint8_t *source, *decoded; /* FRAMES pictures */
};

static void check(int status, const char *what)
{
    if (status >= 0)
        return;
    fprintf(stderr, "precision: %s: %s\n", what, onedva_status_text(status));
    exit(1);
}

static void place(const struct y4m_reader *reader, uint8_t *data, struct onedva_picture *pictures)
{
    const ptrdiff_t width = reader->width, half = (width + 1) / 2;
    const size_t luma = (size_t)width * reader->height;
    const size_t chroma = (size_t)half * ((reader->height + 1) / 2);

    for (int t = 0; t < FRAMES; t++, data += y4m_picture_size(reader))
        pictures[t] = (struct onedva_picture){.data = {data, data + luma, data + luma + chroma},
                                              .stride = {width, half, half}};
}

static onedva_encoder *open_encoder(const onedva_model *model, const struct y4m_reader *reader,
                                    double crf)
{
    struct onedva_encoder_settings settings;
    const struct onedva_stream stream = {.width = reader->width,
                                         .height = reader->height,
                                         .timebase_num = 1,
                                         .timebase_den = 25,
                                         .frame_duration = 1,
                                         .sar_den = 1,
                                         .colour_primaries = 2,
                                         .transfer = 2,
                                         .matrix = 2};
    onedva_encoder *encoder;

    onedva_encoder_settings_default(&settings);
    settings.threads = 1;
    settings.crf = crf;
    settings.adaptive_clips = 0;
    check(onedva_encoder_open(&encoder, model, &settings, &stream), "encoder");
    return encoder;
}

static onedva_decoder *open_decoder(const onedva_model *model, const onedva_encoder *encoder,
                                    const char *cpu, int steps)
{
    struct onedva_decoder_settings settings;
    onedva_decoder *decoder;
    const uint8_t *header;
    size_t size;

    onedva_decoder_settings_default(&settings);
    settings.threads = 1;
    settings.steps = steps;
    setenv("ONEDVA_CPU", cpu, 1);
    check(onedva_decoder_open(&decoder, model, &settings), cpu);
    unsetenv("ONEDVA_CPU");
    onedva_encoder_stream_header(encoder, &header, &size);
    check(onedva_decoder_set_stream_header(decoder, header, size), "stream header");
    return decoder;
}

static double luma_error(const struct video *video)
{
    const size_t picture = y4m_picture_size(&video->reader);
    const size_t luma = (size_t)video->reader.width * video->reader.height;
    int64_t sum = 0;

    for (int t = 0; t < FRAMES; t++)
        for (size_t i = 0; i < luma; i++) {
            const int d = video->source[t * picture + i] - video->decoded[t * picture + i];

            sum += d * d;
        }
    return (double)sum;
}

static void measure_clip(struct sums *sums, const struct video *video, const onedva_model *model,
                         char **cpus, int cpu_count)
{
    struct onedva_const_picture sources[FRAMES];
    struct onedva_picture pictures[FRAMES];

    place(&video->reader, video->source, pictures);
    for (int t = 0; t < FRAMES; t++)
        for (int p = 0; p < 3; p++) {
            sources[t].data[p] = pictures[t].data[p];
            sources[t].stride[p] = pictures[t].stride[p];
        }
    place(&video->reader, video->decoded, pictures);
    for (size_t c = 0; c < CRFS; c++) {
        onedva_encoder *encoder = open_encoder(model, &video->reader, crfs[c]);
        struct onedva_packet packet;

        check(onedva_encode(encoder, sources, NULL, FRAMES, &packet), "encode");
        for (int i = 0; i < 2 * cpu_count; i++) {
            onedva_decoder *decoder = open_decoder(model, encoder, cpus[i / 2], i % 2);
            struct onedva_clip clip;

            check(onedva_decoder_read_packet(decoder, packet.data, packet.size, &clip), "packet");
            check(onedva_decoder_reconstruct(decoder, pictures, FRAMES), "decode");
            check(onedva_decoder_read_packet(decoder, packet.data, packet.size, &clip), "packet");
            const double start = machine_thread_seconds();
            check(onedva_decoder_reconstruct(decoder, pictures, FRAMES), "decode");
            sums->seconds[i / 2][c][i % 2] += machine_thread_seconds() - start;
            sums->error[i / 2][c][i % 2] += luma_error(video);
            onedva_decoder_close(&decoder);
        }
        onedva_encoder_close(&encoder);
    }
    sums->samples += (double)FRAMES * video->reader.width * video->reader.height;
}

static void print_sums(const struct sums *sums, int clips, int cpu_count)
{
    for (size_t c = 0; c < CRFS; c++)
        for (int steps = 0; steps < 2; steps++) {
            const double reference = sums->error[0][c][steps] / sums->samples;

            printf("| %g | %d | %.3f, %.2f ms |", crfs[c], steps, 10 * log10(255 * 255 / reference),
                   sums->seconds[0][c][steps] * 1e3 / clips);
            for (int i = 1; i < cpu_count; i++)
                printf(" %+.4f, %.2f ms |",
                       10 * log10(reference * sums->samples / sums->error[i][c][steps]),
                       sums->seconds[i][c][steps] * 1e3 / clips);
            putchar('\n');
        }
}

int main(int argc, char **argv)
{
    char reference[] = "c", *cpus[MAX_CPUS] = {reference};
    const int clips = argc > 2 ? atoi(argv[1]) : 0, cpu_count = argc - 1;
    struct video video = {0};
    struct sums sums = {0};
    onedva_model *model;
    size_t size;
    int count = 0, frames = 0;

    if (clips < 1 || argc - 1 > MAX_CPUS) {
        fprintf(stderr, "usage: precision CLIPS CPU... < video.y4m\n");
        return 1;
    }
    memcpy(cpus + 1, argv + 2, (argc - 2) * sizeof(*cpus));
    if (y4m_reader_init(&video.reader, stdin) < 0) {
        fprintf(stderr, "precision: %s\n", video.reader.error);
        return 1;
    }
    size = y4m_picture_size(&video.reader);
    video.source = malloc(FRAMES * size);
    video.decoded = malloc(FRAMES * size);
    check(video.source && video.decoded ? ONEDVA_OK : ONEDVA_ERR_NOMEM, "video");
    check(onedva_model_open(&model, NULL, NULL), "model");
    while (count < clips && y4m_read_picture(&video.reader, video.source + frames * size) > 0) {
        if (++frames < FRAMES)
            continue;
        measure_clip(&sums, &video, model, cpus, cpu_count);
        frames = 0;
        count++;
    }
    if (count)
        print_sums(&sums, count, cpu_count);
    onedva_model_close(&model);
    free(video.source);
    free(video.decoded);
    return count ? 0 : 1;
}
