/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * What motion costs beside the rest: reads yuv4mpeg from standard input, and for its clips of 16
 * frames measures the parts of the encoder and of a -steps 0 decode. Medians over the clips.
 *
 * usage: motion_bench [THREADS] < video.y4m
 */
#include <stdio.h>
#include <stdlib.h>

#include "bitstream/packet_encoder.h"
#include "encoder/trial_coder.h"
#include "kernels/host_pictures.h"
#include "motion/canvas_builder.h"
#include "motion/motion_estimation.h"
#include "motion/motion_fit.h"
#include "onedva/onedva.h"
#include "tools/bench/bench.h"
#include "tools/bench/bench_backend.h"
#include "tools/bench/bench_video.h"
#include "tools/bench/median.h"

#define FRAMES    ONEDVA_MAX_CLIP_FRAMES
#define MAX_CLIPS 64
#define SPACING   32
#define QIDX      (-10) /* of crf 30 */

enum part {
    ESTIMATION,
    CANVASES,
    ANALYSIS,
    QUANTISER,
    WRITER,
    DECODE,
    WARP,
    ENCODE_OFF,
    ENCODE_AUTO,
    PARTS
};

struct bench {
    struct bench_video video;
    onedva_model *model;
    struct bench_backend backend;
    struct odva_trial_coder coder;
    struct odva_packet_encoder packet_encoder;
    struct odva_motion_estimation estimation;
    struct odva_motion motion;
    struct odva_canvas_builder builder;
    struct odva_luma_pyramid pyramid[FRAMES];
    struct odva_canvas decoded;
    struct odva_motion_warp warp;
    onedva_encoder *encoder[2]; /* motion off, auto */
    onedva_decoder *decoder;
    double seconds[PARTS][MAX_CLIPS];
    int clips;
};

/* Seconds since the last call. */
static double lap(void)
{
    static double before;
    const double now = bench_now(), seconds = now - before;

    before = now;
    return seconds;
}

static void open_parts(struct bench *b, int threads)
{
    struct onedva_encoder_settings settings;
    struct onedva_decoder_settings decoder_settings;
    const uint8_t *header;
    size_t size;

    bench_check(onedva_model_open(&b->model, NULL, &bench_logger));
    bench_check(bench_backend_open(&b->backend, threads, ONEDVA_PRECISION_BFLOAT16, NULL));
    onedva_encoder_settings_default(&settings);
    settings.threads = threads;
    settings.preset = ONEDVA_PRESET_ULTRAFAST;
    bench_check(
        odva_trial_coder_open(&b->coder, b->model, b->backend.backend, b->backend.pool, &settings));
    bench_check(odva_packet_encoder_init(&b->packet_encoder, b->model));
    b->estimation.backend = b->builder.backend = b->backend.backend;
    b->estimation.pool = b->builder.pool = b->backend.pool;
    bench_check(onedva_encoder_open(&b->encoder[1], b->model, &settings, &b->video.stream));
    settings.motion = ONEDVA_MOTION_OFF;
    settings.adaptive_clips = 0;
    bench_check(onedva_encoder_open(&b->encoder[0], b->model, &settings, &b->video.stream));
    onedva_decoder_settings_default(&decoder_settings);
    decoder_settings.threads = threads;
    decoder_settings.steps = 0;
    bench_check(onedva_decoder_open(&b->decoder, b->model, &decoder_settings));
    onedva_encoder_stream_header(b->encoder[0], &header, &size);
    bench_check(onedva_decoder_set_stream_header(b->decoder, header, size));
    bench_check(odva_canvas_set_size(&b->decoded, FRAMES, b->video.reader.width,
                                     b->video.reader.height, 8));
}

static void close_parts(struct bench *b)
{
    onedva_decoder_close(&b->decoder);
    onedva_encoder_close(&b->encoder[0]);
    onedva_encoder_close(&b->encoder[1]);
    odva_canvas_free(&b->decoded);
    odva_motion_warp_free(&b->warp);
    for (int t = 0; t < FRAMES; t++)
        odva_luma_pyramid_free(&b->pyramid[t]);
    odva_canvas_builder_free(&b->builder);
    odva_motion_free(&b->motion);
    odva_motion_estimation_free(&b->estimation);
    odva_packet_encoder_free(&b->packet_encoder);
    odva_trial_coder_close(&b->coder);
    bench_backend_close(&b->backend);
    onedva_model_close(&b->model);
}

static void estimate(struct bench *b, const struct onedva_const_picture *pictures)
{
    for (int t = 0; t < FRAMES; t++)
        bench_check(odva_luma_pyramid_of_frame(&b->pyramid[t], b->backend.backend, &pictures[t],
                                               b->video.reader.width, b->video.reader.height));
    bench_check(odva_motion_estimate(&b->estimation, b->pyramid, FRAMES, FRAMES / 2, SPACING));
}

static void measure_clip(struct bench *b, const struct onedva_const_picture *pictures)
{
    struct odva_layer_plan layer_plan;
    const struct odva_motion_precision precision = {
        .point_terms = ODVA_MAX_TERMS, .mesh = 1, .mesh_terms = 5, .mesh_step = 6};
    const struct odva_canvas *canvas = &b->builder.canvas;
    double *seconds[PARTS], bits;
    struct onedva_packet packet;
    struct onedva_clip clip;

    for (int p = 0; p < PARTS; p++)
        seconds[p] = &b->seconds[p][b->clips];
    lap();
    estimate(b, pictures);
    *seconds[ESTIMATION] = lap();
    bench_check(odva_motion_fit(&b->motion, &b->estimation, 0, FRAMES / 2, &precision));
    bench_check(odva_canvas_build(&b->builder, &b->motion, pictures, NULL));
    *seconds[CANVASES] = lap();
    bench_check(odva_trial_coder_analyse(
        &b->coder, canvas->const_picture,
        (struct odva_clip_size){FRAMES, canvas->width, canvas->height}, NULL, QIDX));
    *seconds[ANALYSIS] = lap();
    bench_check(odva_trial_coder_quantise(&b->coder, QIDX, &bits));
    *seconds[QUANTISER] = lap();
    odva_layer_plan_init(&layer_plan, 1, QIDX, odva_tile_tokens(b->coder.latents.basis));
    bench_check(odva_packet_encoder_write(&b->packet_encoder, &b->coder.latents, &layer_plan,
                                          &b->motion, NULL, NULL));
    *seconds[WRITER] = lap();
    bench_check(onedva_decoder_read_packet(b->decoder, b->packet_encoder.packet.data,
                                           b->packet_encoder.packet.size, &clip));
    bench_check(onedva_decoder_reconstruct(b->decoder, b->decoded.picture, FRAMES));
    *seconds[DECODE] = lap();
    bench_check(odva_motion_warp_set(&b->warp, &b->motion));
    bench_check(odva_host_warp(b->backend.backend, b->decoded.picture, canvas->const_picture,
                               &b->warp.warp, odva_motion_warp_nodes(&b->warp), 8));
    *seconds[WARP] = lap();
    bench_check(onedva_encode(b->encoder[0], pictures, NULL, FRAMES, &packet));
    *seconds[ENCODE_OFF] = lap();
    for (int coded = 0; coded < FRAMES; coded += packet.frames)
        bench_check(onedva_encode(b->encoder[1], pictures + coded, NULL, FRAMES - coded, &packet));
    *seconds[ENCODE_AUTO] = lap();
    b->clips++;
}

static void report(struct bench *b, int threads)
{
    static const char *const names[PARTS] = {
        [ESTIMATION] = "motion estimation",
        [CANVASES] = "fit, canvases",
        [ANALYSIS] = "linear analysis",
        [QUANTISER] = "quantiser, lengths",
        [WRITER] = "entropy coder, packet",
        [DECODE] = "decode, steps 0",
        [WARP] = "warp alone",
        [ENCODE_OFF] = "encode, motion off, clips of 16",
        [ENCODE_AUTO] = "encode, motion auto, adaptive clips",
    };
    double value[PARTS], encode = 0;

    printf("%dx%d, %d clips of %d frames, %d threads\n\n| part | ms per frame |\n|---|---|\n",
           b->video.reader.width, b->video.reader.height, b->clips, FRAMES, threads);
    for (int p = 0; p < PARTS; p++) {
        value[p] = bench_median(b->seconds[p], b->clips);
        encode += p >= CANVASES && p <= WRITER ? value[p] : 0;
        printf("| %s | %.3f |\n", names[p], 1000 * value[p] / FRAMES);
    }
    printf("\n- motion estimation against the rest of one linear encode: %.2f\n",
           value[ESTIMATION] / encode);
    printf("- the warp's part of a decode: %.3f\n", value[WARP] / value[DECODE]);
    printf("- encode with every choice against one without motion: %.1f\n",
           value[ENCODE_AUTO] / value[ENCODE_OFF]);
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 1;
    struct onedva_const_picture pictures[FRAMES];
    struct bench b = {0};

    bench_video_open(&b.video, 1);
    bench_video_clip(&b.video, 0, pictures);
    open_parts(&b, threads);
    while (b.clips < MAX_CLIPS && bench_video_read_clip(&b.video, 0))
        measure_clip(&b, pictures);
    if (b.clips > 0)
        report(&b, threads);
    close_parts(&b);
    bench_video_close(&b.video);
    return 0;
}
