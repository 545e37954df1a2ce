/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * How near to the machine's limit the operators of a decode and of a linear encode come, with one
 * thread: what each does, how long it takes, and what the processor could do in that time,
 * measured in turn with it. Entropy coding and motion are not part of it.
 *
 * make roofline, or build/tools/bench/roofline [WIDTH HEIGHT [RUNS]]
 * ONEDVA_MODEL and ONEDVA_CPU choose the model and the instructions, as everywhere. The table is
 * Markdown, for doc/performance.md.
 */
#include <stdio.h>
#include <stdlib.h>

#include "decoder/synthesis.h"
#include "encoder/analysis.h"
#include "kernels/backend.h"
#include "model/model.h"
#include "tools/bench/bench_clip.h"
#include "tools/bench/machine_peak.h"
#include "tools/bench/operator_count.h"
#include "transform/deblocking.h"

#define QIDX 0

static void encode(struct odva_analysis *analysis, const struct bench_clip *clip)
{
    bench_check(odva_analysis_linear(analysis, &clip->grid, clip->sources, clip->latents));
}

static void decode(struct odva_backend *backend, struct odva_synthesis *synthesis,
                   const struct bench_clip *clip, int steps)
{
    const struct odva_synthesis_params params = {.qidx = QIDX, .steps = steps, .seed = 1};

    bench_check(odva_synthesis_run(synthesis, &clip->grid, clip->latents, clip->tokens, &params,
                                   clip->pictures));
    bench_check(odva_deblock(backend, clip->pictures, &clip->grid, QIDX));
}

/* @param steps below 0: encode */
static void measure(struct odva_backend *backend, struct odva_analysis *analysis,
                    struct odva_synthesis *synthesis, const struct bench_clip *clip, int steps,
                    int runs)
{
    double best = 1e9;
    char title[64];

    operator_count_reset();
    for (int i = 0; i <= runs; i++) {
        const double start = machine_thread_seconds();

        if (steps < 0)
            encode(analysis, clip);
        else
            decode(backend, synthesis, clip, steps);
        if (i > 0 && machine_thread_seconds() - start < best)
            best = machine_thread_seconds() - start;
        if (i < runs)
            operator_count_next_run();
    }
    if (steps < 0)
        snprintf(title, sizeof(title), "Linear encode of 16 frames");
    else
        snprintf(title, sizeof(title), "Decode of 16 frames, steps %d", steps);
    operator_count_print(title, 0);
    printf("The best run took %.1f ms, %.1f frames/s.\n", best * 1e3,
           ONEDVA_MAX_CLIP_FRAMES / best);
}

static void print_line(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    (void)level;
    fprintf(stderr, "%s\n", message);
}

int main(int argc, char **argv)
{
    const struct onedva_logger logger = {print_line, NULL};
    const int width = argc > 2 ? atoi(argv[1]) : 640, height = argc > 2 ? atoi(argv[2]) : 360;
    const int runs = argc > 3 ? atoi(argv[3]) : 9;
    struct odva_synthesis *synthesis;
    struct odva_analysis *analysis;
    struct odva_backend *backend;
    struct odva_scan_cache scans;
    struct bench_clip clip;
    onedva_model *model;

    bench_check(onedva_model_open(&model, NULL, &logger));
    bench_check(
        odva_backend_open(&backend, ONEDVA_BACKEND_CPU, 1, 0, ONEDVA_PRECISION_BFLOAT16, &logger));
    operator_count_attach(backend);
    scans = (struct odva_scan_cache){.model = model};
    bench_clip_open(&clip, width, height, model->config.basis);
    bench_check(odva_analysis_open(&analysis, model, backend, &scans));
    bench_check(odva_synthesis_open(&synthesis, model, backend, &scans));
    printf("%s, %dx%d\n", model->name, width, height);
    measure(backend, analysis, synthesis, &clip, -1, runs);
    measure(backend, analysis, synthesis, &clip, 0, runs);
    measure(backend, analysis, synthesis, &clip, 1, runs);
    odva_synthesis_close(&synthesis);
    odva_analysis_close(&analysis);
    bench_clip_close(&clip);
    odva_scan_cache_free(&scans);
    odva_backend_close(&backend);
    onedva_model_close(&model);
    return 0;
}
