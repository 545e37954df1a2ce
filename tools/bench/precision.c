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

#include "base/squared_error.h"
#include "motion/canvas.h"
#include "onedva/onedva.h"
#include "tools/bench/bench.h"
#include "tools/bench/bench_video.h"
#include "tools/bench/machine_peak.h"

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

static onedva_encoder *open_encoder(const onedva_model *model, const struct onedva_stream *stream,
                                    double crf)
{
    struct onedva_encoder_settings settings;
    onedva_encoder *encoder;

    onedva_encoder_settings_default(&settings);
    settings.threads = 1;
    settings.crf = crf;
    settings.adaptive_clips = 0;
    bench_check(onedva_encoder_open(&encoder, model, &settings, stream));
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
    bench_check(onedva_decoder_open(&decoder, model, &settings));
    unsetenv("ONEDVA_CPU");
    onedva_encoder_stream_header(encoder, &header, &size);
    bench_check(onedva_decoder_set_stream_header(decoder, header, size));
    return decoder;
}

static double luma_error(const struct onedva_const_picture *sources,
                         const struct odva_canvas *decoded)
{
    int64_t sum = 0;

    for (int t = 0; t < FRAMES; t++) {
        const struct onedva_const_picture *picture = &decoded->const_picture[t];

        sum += odva_squared_error(sources[t].data[0], sources[t].stride[0], picture->data[0],
                                  picture->stride[0], decoded->width, decoded->height);
    }
    return (double)sum;
}

static void measure_clip(struct sums *sums, const struct bench_video *video,
                         const struct odva_canvas *decoded, const onedva_model *model, char **cpus,
                         int cpu_count)
{
    struct onedva_const_picture sources[FRAMES];

    bench_video_clip(video, 0, sources);
    for (size_t c = 0; c < CRFS; c++) {
        onedva_encoder *encoder = open_encoder(model, &video->stream, crfs[c]);
        struct onedva_packet packet;

        bench_check(onedva_encode(encoder, sources, NULL, FRAMES, &packet));
        for (int i = 0; i < 2 * cpu_count; i++) {
            onedva_decoder *decoder = open_decoder(model, encoder, cpus[i / 2], i % 2);
            struct onedva_clip clip;

            bench_check(onedva_decoder_read_packet(decoder, packet.data, packet.size, &clip));
            bench_check(onedva_decoder_reconstruct(decoder, decoded->picture, FRAMES));
            bench_check(onedva_decoder_read_packet(decoder, packet.data, packet.size, &clip));
            const double start = machine_thread_seconds();
            bench_check(onedva_decoder_reconstruct(decoder, decoded->picture, FRAMES));
            sums->seconds[i / 2][c][i % 2] += machine_thread_seconds() - start;
            sums->error[i / 2][c][i % 2] += luma_error(sources, decoded);
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
    struct bench_video video;
    struct odva_canvas decoded = {0};
    struct sums sums = {0};
    onedva_model *model;
    int count = 0;

    if (clips < 1 || argc - 1 > MAX_CPUS) {
        fprintf(stderr, "usage: precision CLIPS CPU... < video.y4m\n");
        return 1;
    }
    memcpy(cpus + 1, argv + 2, (argc - 2) * sizeof(*cpus));
    bench_video_open(&video, 1);
    bench_check(odva_canvas_set_size(&decoded, FRAMES, video.reader.width, video.reader.height, 8));
    bench_check(onedva_model_open(&model, NULL, &bench_logger));
    for (; count < clips && bench_video_read_clip(&video, 0); count++)
        measure_clip(&sums, &video, &decoded, model, cpus, cpu_count);
    if (count)
        print_sums(&sums, count, cpu_count);
    onedva_model_close(&model);
    odva_canvas_free(&decoded);
    bench_video_close(&video);
    return count ? 0 : 1;
}
