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

#include "kernels/backend.h"
#include "kernels/cpu/operators.h"
#include "model/model.h"
#include "tools/bench/bench.h"
#include "tools/bench/bench_codec.h"
#include "tools/bench/machine_peak.h"
#include "tools/bench/operator_count.h"

/* @param steps below 0: encode */
static void measure(struct bench_codec *codec, const struct bench_clip *clip, int steps, int runs)
{
    double best = 1e9;
    char title[64];

    operator_count_reset();
    for (int i = 0; i <= runs; i++) {
        const double start = machine_thread_seconds();

        if (steps < 0)
            bench_codec_analyse(codec, clip);
        else
            bench_codec_decode(codec, steps, clip->pictures);
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

int main(int argc, char **argv)
{
    const int width = argc > 2 ? atoi(argv[1]) : 640, height = argc > 2 ? atoi(argv[2]) : 360;
    const int runs = argc > 3 ? atoi(argv[3]) : 9;
    struct bench_backend bench;
    struct bench_codec codec;
    struct bench_clip clip;

    bench_check(bench_backend_open(&bench, 1, ONEDVA_PRECISION_BFLOAT16, &bench_logger));
    operator_count_attach(bench.backend, &operator_machine_cpu);
    bench_clip_open(&clip, width, height);
    bench_codec_open(&codec, &bench, &clip);
    bench_print_processor();
    printf("instructions: %s\n",
           odva_cpu_operators_choose(0, ONEDVA_PRECISION_BFLOAT16, NULL)->name);
    printf("%s, %dx%d\n", codec.model->name, width, height);
    for (int steps = -1; steps <= 1; steps++)
        measure(&codec, &clip, steps, runs);
    bench_codec_close(&codec);
    bench_clip_close(&clip);
    bench_backend_close(&bench);
    return 0;
}
