/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Speed of the operators and of whole clips on the CPU backend.
 *
 * make kernel-bench, or build/tools/bench/kernel_bench [THREADS [WIDTH HEIGHT]]
 * ONEDVA_MODEL and ONEDVA_CPU choose the model and the instructions, as everywhere.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/backend.h"
#include "kernels/device_array.h"
#include "kernels/host_pictures.h"
#include "kernels/images.h"
#include "model/model.h"
#include "tools/bench/bench.h"
#include "tools/bench/bench_codec.h"
#include "tools/bench/median.h"

/* One product of a transformer of width 128. */
static void bench_linear(struct odva_backend *backend, int n_out, int n_in,
                         enum odva_activation activation)
{
    const int64_t rows = 768, runs = (int64_t)4e9 / (2 * rows * n_out * n_in) + 1;
    const struct odva_epilogue epilogue = {.activation = activation};
    struct odva_device_array x = {0}, y = {0};
    float *w = bench_random_floats((int64_t)n_out * n_in), *data = bench_random_floats(rows * n_in);
    struct odva_weights *weights = bench_checked(
        backend->device->ops->pack(backend->device, w, n_out, n_in, ODVA_PRECISION_NETWORK));
    double best = 1e9;

    bench_check(odva_device_array_set(backend, &x, data, rows * n_in, sizeof(float)));
    bench_check(odva_device_array_reserve(backend, &y, rows * n_out, sizeof(float)));
    for (int64_t i = 0; i < runs; i++) {
        const double start = bench_now();

        bench_check(backend->ops->linear(backend, odva_device_array_rows(&y, 0, n_out),
                                         odva_device_array_rows(&x, 0, n_in), rows, weights,
                                         &epilogue));
        if (bench_now() - start < best)
            best = bench_now() - start;
    }
    printf("linear %4d -> %4d%s  %7.1f GFLOP/s\n", n_in, n_out,
           activation == ODVA_ACTIVATION_GELU ? " GELU" : "     ",
           2e-9 * rows * n_out * n_in / best);
    backend->device->ops->free_weights(backend->device, weights);
    odva_device_array_free(backend, &x);
    odva_device_array_free(backend, &y);
    free(w);
    free(data);
}

static void report(const char *what, double seconds)
{
    printf("%-20s %8.1f frames/s\n", what, ONEDVA_MAX_CLIP_FRAMES / seconds);
}

static void bench_analysis(struct bench_codec *codec, const struct bench_clip *clip)
{
    double best = 1e9;

    for (int i = 0; i < 4; i++) {
        const double start = bench_now();

        bench_codec_analyse(codec, clip);
        best = fmin(best, bench_now() - start);
    }
    report("analysis, linear", best);
}

static void bench_encoder(struct bench_codec *codec, const struct bench_clip *clip)
{
    struct odva_query_encoder *encoder = &codec->encoder;
    double best = 1e9;

    for (int i = 0; i < 4; i++) {
        const double start = bench_now();

        bench_check(odva_query_encoder_set_clip(encoder, &codec->path.walk, &codec->latents.grid,
                                                clip->sources));
        bench_check(
            odva_query_encoder_correct(encoder, &codec->latents, 0, codec->linear, codec->y));
        best = fmin(best, bench_now() - start);
    }
    report("analysis, encoder", best);
}

static void bench_synthesis(struct bench_codec *codec, const struct bench_clip *clip)
{
    for (int steps = 0; steps <= 4; steps += steps ? 3 : 1) {
        const struct odva_sampler_params params = {.steps = steps, .seed = 1};
        struct odva_images images = {0};
        double best = 1e9;
        char what[32];

        bench_check(odva_images_wrap(&images, codec->backend, clip->pictures, clip->size.frames,
                                     clip->size.width, clip->size.height, 8));
        for (int i = 0; i < 4; i++) {
            const double start = bench_now();

            bench_check(odva_sampler_run(&codec->sampler, &codec->latents, &params, images.image));
            bench_check(codec->backend->ops->synchronize(codec->backend));
            best = fmin(best, bench_now() - start);
        }
        odva_images_free(&images, codec->backend);
        snprintf(what, sizeof(what), "synthesis, steps %d", steps);
        report(what, best);
    }
}

#define MOTION_RUNS  21
#define LOG2_SPACING 5

/* The median of MOTION_RUNS times, each over a clip. */
static void report_samples(const char *what, double *seconds, int width, int height)
{
    printf("%-20s %8.3f ns per luma sample\n", what,
           bench_median(seconds, MOTION_RUNS) * 1e9 /
               ((double)ONEDVA_MAX_CLIP_FRAMES * width * height));
}

/* Waves of a few samples with a little noise: no two blocks have the same vector. */
static void smooth_mesh(int16_t (*nodes)[2], int columns, int rows)
{
    for (int t = 0; t < ONEDVA_MAX_CLIP_FRAMES; t++)
        for (int j = 0; j < rows; j++)
            for (int i = 0; i < columns; i++, nodes++)
                for (int c = 0; c < 2; c++)
                    nodes[0][c] =
                        (int16_t)(64 * sin(0.7 * i + 0.4 * j + 0.3 * t + c) + rand() % 33 - 16);
}

static void bench_warp(struct odva_backend *backend, const struct bench_clip *sources,
                       const struct bench_clip *targets, int width, int height, int whole_samples)
{
    const int columns = ((width - 1) >> LOG2_SPACING) + 2;
    const int rows = ((height - 1) >> LOG2_SPACING) + 2;
    const size_t count = (size_t)ONEDVA_MAX_CLIP_FRAMES * columns * rows;
    int16_t(*nodes)[2] = bench_checked(calloc(count, sizeof(*nodes)));
    const struct odva_warp warp = {.frames = ONEDVA_MAX_CLIP_FRAMES,
                                   .width = width,
                                   .height = height,
                                   .source_width = width,
                                   .source_height = height,
                                   .log2_spacing = LOG2_SPACING,
                                   .columns = columns,
                                   .rows = rows};
    double seconds[MOTION_RUNS];

    if (!whole_samples)
        smooth_mesh(nodes, columns, rows);
    for (int i = 0; i < MOTION_RUNS; i++) {
        const double start = bench_now();

        bench_check(odva_host_warp(backend, targets->pictures, sources->sources, &warp,
                                   (const int16_t(*)[2])nodes, 8));
        seconds[i] = bench_now() - start;
    }
    report_samples(whole_samples ? "warp, at rest" : "warp, smooth mesh", seconds, width, height);
    free(nodes);
}

/* Deblocking or smoothing of pictures as a decode leaves them. */
static void
bench_filter(struct odva_backend *backend, const char *name,
             int (*filter)(struct odva_backend *backend, struct odva_image *const *images,
                           const struct odva_grid *grid, int limit, const struct odva_buffer *kept),
             int limit, const struct bench_clip *clip, int width, int height)
{
    struct odva_images images = {0};
    double seconds[MOTION_RUNS];
    struct odva_grid grid;

    bench_check(odva_images_wrap(&images, backend, clip->pictures, ONEDVA_MAX_CLIP_FRAMES, width,
                                 height, 8));
    bench_check(odva_grid_init(&grid, ONEDVA_MAX_CLIP_FRAMES, width, height, 1));
    for (int i = 0; i < MOTION_RUNS; i++) {
        const double start = bench_now();

        bench_check(filter(backend, images.image, &grid, limit, NULL));
        bench_check(backend->ops->synchronize(backend));
        seconds[i] = bench_now() - start;
    }
    odva_grid_free(&grid);
    odva_images_free(&images, backend);
    report_samples(name, seconds, width, height);
}

static void bench_downscale2x(struct odva_backend *backend, const struct bench_clip *sources,
                              const struct bench_clip *targets, int width, int height)
{
    double seconds[MOTION_RUNS];

    for (int i = 0; i < MOTION_RUNS; i++) {
        const double start = bench_now();

        for (int t = 0; t < ONEDVA_MAX_CLIP_FRAMES; t++)
            bench_check(odva_host_downscale2x(backend, targets->pictures[t].data[0], width,
                                              sources->sources[t].data[0], width, width, height));
        seconds[i] = bench_now() - start;
    }
    report_samples("downscale2x", seconds, width, height);
}

static void bench_structure_tensors(struct odva_backend *backend, const struct bench_clip *clip,
                                    int width, int height)
{
    const size_t blocks = (size_t)((width + 3) / 4) * ((height + 3) / 4);
    struct odva_structure_tensor *tensors = bench_checked(malloc(blocks * sizeof(*tensors)));
    double seconds[MOTION_RUNS];

    for (int i = 0; i < MOTION_RUNS; i++) {
        const double start = bench_now();

        for (int t = 0; t < ONEDVA_MAX_CLIP_FRAMES; t++)
            bench_check(odva_host_structure_tensors(
                backend, tensors, clip->sources[t].data[0], width,
                clip->sources[(t + 1) % ONEDVA_MAX_CLIP_FRAMES].data[0], width, width, height));
        seconds[i] = bench_now() - start;
    }
    report_samples("structure tensors", seconds, width, height);
    free(tensors);
}

static void bench_motion(struct odva_backend *backend, int width, int height)
{
    struct bench_clip sources, targets;

    bench_clip_open(&sources, width, height);
    bench_clip_open(&targets, width, height);
    bench_warp(backend, &sources, &targets, width, height, 0);
    bench_warp(backend, &sources, &targets, width, height, 1);
    /* strengths of crf 45 */
    bench_filter(backend, "deblock", backend->ops->deblock, 15, &targets, width, height);
    bench_filter(backend, "smooth", backend->ops->smooth, 18, &targets, width, height);
    bench_downscale2x(backend, &sources, &targets, width, height);
    bench_structure_tensors(backend, &sources, width, height);
    bench_clip_close(&sources);
    bench_clip_close(&targets);
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 0;
    const int width = argc > 3 ? atoi(argv[2]) : 640, height = argc > 3 ? atoi(argv[3]) : 360;
    struct bench_backend bench;
    struct odva_backend *backend;
    struct bench_codec codec;
    struct bench_clip clip;

    bench_check(bench_backend_open(&bench, threads, ONEDVA_PRECISION_BFLOAT16, &bench_logger));
    backend = bench.backend;
    bench_clip_open(&clip, width, height);
    bench_codec_open(&codec, &bench, &clip);
    bench_linear(backend, 384, 128, ODVA_ACTIVATION_NONE);
    bench_linear(backend, 128, 128, ODVA_ACTIVATION_NONE);
    bench_linear(backend, 512, 128, ODVA_ACTIVATION_GELU);
    bench_linear(backend, 128, 512, ODVA_ACTIVATION_NONE);
    bench_linear(backend, 1536, 128, ODVA_ACTIVATION_NONE);
    bench_linear(backend, 64, 1536, ODVA_ACTIVATION_NONE);
    printf("%s, %dx%d\n", codec.model->name, width, height);
    bench_motion(backend, width, height);
    bench_analysis(&codec, &clip);
    if (codec.model->config.encoder_layers > 0)
        bench_encoder(&codec, &clip);
    bench_synthesis(&codec, &clip);
    bench_codec_close(&codec);
    bench_clip_close(&clip);
    bench_backend_close(&bench);
    return 0;
}
