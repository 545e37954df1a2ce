/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Cycles per element of every operator and what fraction of the machine's peak it reaches, with
 * each instruction set that works here and one thread.
 *
 * make checkasm BENCH=1, or build/tools/bench/operator_bench [RUNS]
 * ONEDVA_MODEL chooses the model whose shapes are used.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/backend.h"
#include "kernels/host_pictures.h"
#include "model/model.h"
#include "tools/bench/bench.h"
#include "tools/bench/bench_codec.h"
#include "tools/bench/operator_count.h"

#define WIDTH        640
#define HEIGHT       360
#define LOG2_SPACING 5
#define COLUMNS      (((WIDTH - 1) >> LOG2_SPACING) + 2)
#define ROWS         (((HEIGHT - 1) >> LOG2_SPACING) + 2)

/** What all instruction sets work on. */
struct work {
    struct bench_clip clip, other;
    int16_t (*nodes)[2];
    struct odva_structure_tensor *tensors;
};

static void run_motion(struct odva_backend *backend, const struct work *work)
{
    const struct odva_warp warp = {.frames = ONEDVA_MAX_CLIP_FRAMES,
                                   .width = WIDTH,
                                   .height = HEIGHT,
                                   .source_width = WIDTH,
                                   .source_height = HEIGHT,
                                   .log2_spacing = LOG2_SPACING,
                                   .columns = COLUMNS,
                                   .rows = ROWS};

    bench_check(odva_host_warp(backend, work->other.pictures, work->clip.sources, &warp,
                               (const int16_t(*)[2])work->nodes, 8));
    for (int t = 0; t < ONEDVA_MAX_CLIP_FRAMES; t++) {
        bench_check(odva_host_downscale2x(backend, work->other.pictures[t].data[0], WIDTH,
                                          work->clip.sources[t].data[0], WIDTH, WIDTH, HEIGHT));
        bench_check(odva_host_structure_tensors(
            backend, work->tensors, work->clip.sources[t].data[0], WIDTH,
            work->clip.sources[(t + 1) % ONEDVA_MAX_CLIP_FRAMES].data[0], WIDTH, WIDTH, HEIGHT));
    }
}

static void measure(struct work *work, const char *cpu, int runs)
{
    const struct bench_clip *clip = &work->clip;
    struct bench_backend bench;
    struct bench_codec codec;
    int status;

    setenv("ONEDVA_CPU", cpu, 1);
    status = bench_backend_open(&bench, 1, ONEDVA_PRECISION_BFLOAT16, NULL);
    if (status < 0) {
        printf("\n%s: not in this build, or not on this processor\n", cpu);
        return;
    }
    operator_count_attach(bench.backend, &operator_machine_cpu);
    operator_count_reset();
    bench_codec_open(&codec, &bench, clip);
    for (int i = 0; i <= runs; i++) { /* the first is not counted */
        bench_codec_analyse(&codec, clip);
        bench_codec_decode(&codec, 1, work->other.pictures);
        run_motion(bench.backend, work);
        if (i < runs)
            operator_count_next_run();
    }
    operator_count_print(cpu, 1);
    bench_codec_close(&codec);
    bench_backend_close(&bench);
}

int main(int argc, char **argv)
{
    static const char *const cpus[] = {"c",          "avx2",       "avx512",
                                       "avx512bf16", "avx512vnni", "avx512bf16vnni"};
    const int runs = argc > 1 ? atoi(argv[1]) : 5, nodes = ONEDVA_MAX_CLIP_FRAMES * COLUMNS * ROWS;
    struct work work = {0};

    bench_clip_open(&work.clip, WIDTH, HEIGHT);
    bench_clip_open(&work.other, WIDTH, HEIGHT);
    work.nodes = bench_checked(malloc(nodes * sizeof(*work.nodes)));
    work.tensors = bench_checked(malloc(((size_t)WIDTH * HEIGHT / 16) * sizeof(*work.tensors)));
    for (int i = 0; i < nodes; i++)
        for (int c = 0; c < 2; c++)
            work.nodes[i][c] = (int16_t)(64 * sin(0.7 * i + c));
    for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
        measure(&work, cpus[i], runs);
    free(work.nodes);
    free(work.tensors);
    bench_clip_close(&work.clip);
    bench_clip_close(&work.other);
    return 0;
}
