/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * What a symbol costs the entropy decoder: reads yuv4mpeg from standard input, encodes its clips of
 * 16 frames at several values of crf and decodes their latents. Time that the thread ran, the
 * median of some runs for each clip. The table is Markdown, for doc/performance.md.
 *
 * usage: entropy_bench < video.y4m
 */
#include <stdio.h>

#include "bitstream/packet_decoder.h"
#include "onedva/onedva.h"
#include "tools/bench/bench.h"
#include "tools/bench/bench_video.h"
#include "tools/bench/machine_peak.h"
#include "tools/bench/median.h"

#define MAX_CLIPS 8
#define RUNS      7

static const double crfs[] = {5, 20, 30, 45};

#define RATES (int)(sizeof(crfs) / sizeof(*crfs))

struct bench {
    struct bench_video video;
    int clips; /* read */
    onedva_model *model;
    struct odva_packet_decoder packet_decoder;
};

/* What was found at one rate. */
struct sums {
    double seconds;
    int64_t symbols, bytes;
};

static void decode_packet(struct bench *b, const struct onedva_packet *packet, struct sums *sums)
{
    double seconds[RUNS];
    struct onedva_clip clip;

    for (int run = 0; run < RUNS; run++) {
        double before;

        bench_check(
            odva_packet_decoder_begin(&b->packet_decoder, packet->data, packet->size, &clip));
        before = machine_thread_seconds();
        odva_packet_decoder_finish(&b->packet_decoder, &clip);
        seconds[run] = machine_thread_seconds() - before;
    }
    sums->seconds += bench_median(seconds, RUNS);
    sums->symbols += clip.coefficients;
    sums->bytes += packet->size;
}

static struct sums measure_rate(struct bench *b, double crf)
{
    struct onedva_encoder_settings settings;
    struct sums sums = {0};
    onedva_encoder *encoder;

    onedva_encoder_settings_default(&settings);
    settings.crf = crf;
    settings.preset = ONEDVA_PRESET_ULTRAFAST;
    settings.adaptive_clips = 0;
    settings.header_in_packets = 1;
    bench_check(onedva_encoder_open(&encoder, b->model, &settings, &b->video.stream));
    for (int clip = 0; clip < b->clips; clip++) {
        struct onedva_const_picture pictures[ONEDVA_MAX_CLIP_FRAMES];
        struct onedva_packet packet;

        bench_video_clip(&b->video, clip, pictures);
        bench_check(onedva_encode(encoder, pictures, NULL, ONEDVA_MAX_CLIP_FRAMES, &packet));
        decode_packet(b, &packet, &sums);
    }
    onedva_encoder_close(&encoder);
    return sums;
}

static void report(struct bench *b)
{
    const int width = b->video.reader.width, height = b->video.reader.height;
    const double pixels = (double)b->clips * ONEDVA_MAX_CLIP_FRAMES * width * height;

    printf("%dx%d, %d clips of 16 frames\n\n", width, height, b->clips);
    printf("| crf | bits per pixel | symbols per pixel | ns per symbol | ms per frame |\n");
    printf("|---|---|---|---|---|\n");
    for (int i = 0; i < RATES; i++) {
        const struct sums sums = measure_rate(b, crfs[i]);

        printf("| %g | %.4f | %.4f | %.1f | %.3f |\n", crfs[i], 8 * (double)sums.bytes / pixels,
               (double)sums.symbols / pixels, 1e9 * sums.seconds / (double)sums.symbols,
               1e3 * sums.seconds / (b->clips * ONEDVA_MAX_CLIP_FRAMES));
    }
}

int main(void)
{
    const struct onedva_logger silent = {0};
    struct bench b = {0};

    bench_video_open(&b.video, MAX_CLIPS);
    while (b.clips < MAX_CLIPS && bench_video_read_clip(&b.video, b.clips))
        b.clips++;
    if (b.clips == 0) {
        fprintf(stderr, "entropy_bench: fewer than 16 frames\n");
        return 1;
    }
    bench_check(onedva_model_open(&b.model, NULL, &bench_logger));
    bench_check(odva_packet_decoder_init(&b.packet_decoder, b.model,
                                         bench_checked(odva_scan_cache_of(b.model)), 0, 0,
                                         ONEDVA_MAX_DEPTH, &silent));
    report(&b);
    odva_packet_decoder_free(&b.packet_decoder);
    onedva_model_close(&b.model);
    bench_video_close(&b.video);
    return 0;
}
