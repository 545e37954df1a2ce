/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Speed of a device: frames and clips a second of a linear encode's analysis and of decodes,
 * pictures of the host included; and what each operator does of what the device could, measured in
 * turn with it. Bytes are those that go between host and device, pieces of work the kernels and
 * copies that the host records; how long it takes to record one is measured with tiny ones, apart.
 * Entropy coding and motion are not part of it. Figures count on a GPU: a software device is for
 * its tests.
 *
 * make device-bench BACKEND=vulkan, or build/tools/bench/device_bench [BACKEND [DEVICE [WIDTH
 * HEIGHT [RUNS]]]]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "model/model.h"
#include "tools/bench/bench.h"
#include "tools/bench/bench_codec.h"
#include "tools/bench/median.h"
#include "tools/bench/operator_count.h"
#if HAVE_CUDA
#include "tools/bench/operator_machine_cuda.h"
#endif
#if HAVE_VULKAN
#include "tools/bench/operator_machine_vulkan.h"
#endif

#define MAX_RUNS 32
#define RECORDED 1000

static const int all_steps[] = {-1, 0, 1, 4}; /* -1: encode */

#define WAYS ((int)(sizeof(all_steps) / sizeof(all_steps[0])))

/** A backend, as options call it. */
struct choice {
    const char *name;
    enum onedva_backend kind;
    const struct operator_machine *machine;
};

static const struct choice choices[] = {
    {"cpu", ONEDVA_BACKEND_CPU, &operator_machine_cpu},
#if HAVE_CUDA
    {"cuda", ONEDVA_BACKEND_CUDA, &operator_machine_cuda},
#endif
#if HAVE_VULKAN
    {"vulkan", ONEDVA_BACKEND_VULKAN, &operator_machine_vulkan},
#endif
};

static const struct choice *find_choice(const char *name)
{
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        if (!strcmp(name, choices[i].name))
            return &choices[i];
    fprintf(stderr, "device_bench: backend %s is not in this build; it has", name);
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        fprintf(stderr, " %s", choices[i].name);
    fprintf(stderr, "\n");
    exit(1);
}

/* A clip, all of it done. */
static void run_clip(struct bench_codec *codec, const struct bench_clip *clip, int steps)
{
    if (steps < 0)
        bench_codec_analyse(codec, clip);
    else
        bench_codec_decode(codec, steps, clip->pictures);
}

static void title_of(char *title, size_t size, int steps)
{
    if (steps < 0)
        snprintf(title, size, "Analysis for a linear encode");
    else
        snprintf(title, size, "Decode, steps %d", steps);
}

static struct operator_traffic traffic_of(const struct operator_machine *machine,
                                          struct odva_backend *backend)
{
    return machine->traffic ? machine->traffic(backend) : (struct operator_traffic){0};
}

static double thread_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void print_speed(struct bench_codec *codec, const struct bench_clip *clip, int steps,
                        int runs, const struct operator_machine *machine)
{
    const double frames = (double)runs * ONEDVA_MAX_CLIP_FRAMES;
    double seconds[MAX_RUNS], median;
    struct operator_traffic before, behind;
    double own[MAX_RUNS];
    char title[64];

    run_clip(codec, clip, steps);
    before = traffic_of(machine, codec->backend);
    for (int i = 0; i < runs; i++) {
        const double start = bench_now(), own_start = thread_seconds();

        run_clip(codec, clip, steps);
        seconds[i] = bench_now() - start;
        own[i] = thread_seconds() - own_start;
    }
    behind = traffic_of(machine, codec->backend);
    median = bench_median(seconds, runs);
    title_of(title, sizeof(title), steps);
    printf("| %s | %.2f | %.1f | %.1f | %.0f | %.0f | %.2f | %.0f |\n", title, median * 1e3,
           1 / median, ONEDVA_MAX_CLIP_FRAMES / median,
           (behind.uploaded - before.uploaded) / frames,
           (behind.downloaded - before.downloaded) / frames, bench_median(own, runs) * 1e3,
           (double)(behind.pieces - before.pieces) / runs);
}

/* What the calling thread takes to record and submit a kernel that does nothing much. */
static void print_recording(struct odva_backend *backend)
{
    struct odva_buffer *buffer = backend->ops->alloc(backend, sizeof(float));
    const struct odva_matrix one = {buffer, 0, 1, ODVA_FLOAT32};
    double best = 1;

    bench_check(buffer ? ONEDVA_OK : ONEDVA_ERR_NOMEM);
    for (int round = 0; round < 20; round++) {
        const double start = thread_seconds();

        for (int i = 0; i < RECORDED; i++)
            bench_check(backend->ops->axpby(backend, one, 0, one, 0, one, 1, 1));
        best = fmin(best, (thread_seconds() - start) / RECORDED);
        bench_check(backend->ops->synchronize(backend));
    }
    backend->ops->free(backend, buffer);
    printf("\na kernel is recorded and submitted in %.2f us of the calling thread\n", best * 1e6);
}

static void print_operators(struct bench_codec *codec, const struct bench_clip *clip, int steps,
                            int runs)
{
    char title[64];

    operator_count_reset();
    for (int i = 0; i < runs; i++) {
        operator_count_next_run();
        run_clip(codec, clip, steps);
    }
    title_of(title, sizeof(title), steps);
    operator_count_print(title, 0);
}

static int limited(const char *text, const char *name, int least, int most)
{
    const int value = atoi(text);

    if (value >= least && value <= most)
        return value;
    fprintf(stderr, "device_bench: %s %s is not %d to %d\n", name, text, least, most);
    exit(1);
}

int main(int argc, char **argv)
{
    const struct choice *choice = find_choice(argc > 1 ? argv[1] : "cpu");
    const struct odva_device_wish wish = {
        .kind = choice->kind,
        .index = argc > 2 ? limited(argv[2], "device", ODVA_ANY_DEVICE, 15) : ODVA_ANY_DEVICE,
        .precision = ONEDVA_PRECISION_BFLOAT16,
        .logger = &bench_logger};
    const int width = argc > 4 ? limited(argv[3], "width", 1, 8192) : 640;
    const int height = argc > 4 ? limited(argv[4], "height", 1, 8192) : 360;
    const int runs = argc > 5 ? limited(argv[5], "number of runs", 1, MAX_RUNS) : 9;
    struct bench_backend bench;
    struct bench_codec codec;
    struct bench_clip clip;

    bench_check(bench_backend_open_wish(&bench, &wish, 1));
    bench_clip_open(&clip, width, height);
    bench_codec_open(&codec, &bench, &clip);
    printf("%s, %dx%d, clips of %d frames, medians of %d runs\n\n", codec.model->name, width,
           height, ONEDVA_MAX_CLIP_FRAMES, runs);
    printf("| what | ms a clip | clips/s | frames/s | bytes to the device, a frame | from it | "
           "calling "
           "thread, ms a clip | pieces of work |\n"
           "|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < WAYS; i++)
        print_speed(&codec, &clip, all_steps[i], runs, choice->machine);
    if (choice->machine->traffic)
        print_recording(bench.backend);
    operator_count_attach(bench.backend, choice->machine);
    for (int i = 0; i < WAYS; i++)
        print_operators(&codec, &clip, all_steps[i], runs);
    bench_codec_close(&codec);
    bench_clip_close(&clip);
    bench_backend_close(&bench);
    return 0;
}
