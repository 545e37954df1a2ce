/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What an NVIDIA GPU can do at most, measured on it. */
#include "tools/bench/operator_machine_cuda.h"

#include "kernels/cuda/cuda_backend.h"
#include "tools/bench/bench.h"
#include "tools/bench/peak.h"

#define BLOCKS     4096
#define COPY_BYTES ((size_t)1 << 30) /* more than caches hold */
#define LONG       0.02              /* seconds, of a measurement */

extern const unsigned char odva_cuda_module_peak[];

static double seconds(struct odva_backend *backend)
{
    bench_check(backend->ops->synchronize(backend));
    return bench_now();
}

static struct operator_factors factors(const struct odva_weights *weights)
{
    if (!weights || weights->is_rounded)
        return (struct operator_factors){" bf16", PEAK_BF16, 2};
    return (struct operator_factors){"", PEAK_FMA, sizeof(float)};
}

/* ---- multiply-adds ----------------------------------------------------------------------- */

static void check(struct odva_backend *backend, int result)
{
    bench_check(
        odva_cuda_status(odva_cuda_device_of(backend)->gpu, result, "a peak", &bench_logger));
}

static double run_rounds(struct odva_backend *backend, odva_cuda_function function,
                         const struct peak_arguments *arguments)
{
    const struct odva_cuda_gpu *gpu = odva_cuda_device_of(backend)->gpu;
    void *parameters[] = {(void *)arguments};
    const double start = seconds(backend);

    check(backend, odva_cuda_enter(gpu));
    check(backend, gpu->driver.launch(function, BLOCKS, 1, 1, PEAK_THREADS, 1, 1, 0,
                                      odva_cuda_stream_of(backend)->queue, parameters, NULL));
    odva_cuda_leave(gpu);
    return seconds(backend) - start;
}

/* Operations per second. */
static double multiply_adds(struct odva_backend *backend, odva_cuda_module module, const char *name,
                            double operations)
{
    const struct odva_cuda_gpu *gpu = odva_cuda_device_of(backend)->gpu;
    struct odva_buffer *dst =
        bench_checked(backend->ops->alloc(backend, sizeof(float) * BLOCKS * PEAK_THREADS));
    struct peak_arguments arguments = {odva_cuda_at(dst, 0), 1, 1, 0};
    odva_cuda_function function;
    double time;

    check(backend, odva_cuda_enter(gpu));
    check(backend, gpu->driver.module_function(&function, module, name));
    odva_cuda_leave(gpu);
    (void)run_rounds(backend, function, &arguments); /* the first is not counted */
    while ((time = run_rounds(backend, function, &arguments)) < LONG)
        arguments.rounds *= 2;
    backend->ops->free(backend, dst);
    return operations * BLOCKS * PEAK_THREADS * arguments.rounds / time;
}

/* ---- memory ------------------------------------------------------------------------------ */

/* Bytes read and written per second. */
static double copied_bytes(struct odva_backend *backend)
{
    struct odva_cuda_stream *stream = odva_cuda_stream_of(backend);
    struct odva_buffer *from = bench_checked(backend->ops->alloc(backend, COPY_BYTES));
    struct odva_buffer *to = bench_checked(backend->ops->alloc(backend, COPY_BYTES));
    double start, time;

    bench_check(odva_cuda_clear(stream, from));
    bench_check(odva_cuda_copy(stream, to, from, COPY_BYTES));
    start = seconds(backend);
    for (int i = 0; i < 4; i++)
        bench_check(odva_cuda_copy(stream, to, from, COPY_BYTES));
    time = seconds(backend) - start;
    backend->ops->free(backend, from);
    backend->ops->free(backend, to);
    return 8.0 * COPY_BYTES / time;
}

static double measure(struct odva_backend *backend, double peaks[PEAK_KINDS])
{
    const struct odva_cuda_gpu *gpu = odva_cuda_device_of(backend)->gpu;
    odva_cuda_module module;

    check(backend, odva_cuda_enter(gpu));
    check(backend, gpu->driver.module_load(&module, odva_cuda_module_peak));
    odva_cuda_leave(gpu);
    peaks[PEAK_FMA] = multiply_adds(backend, module, "peak_fma", PEAK_OPERATIONS);
    peaks[PEAK_INT16] = multiply_adds(backend, module, "peak_integers", PEAK_OPERATIONS);
    peaks[PEAK_BF16] = multiply_adds(backend, module, "peak_mma", PEAK_MMA_ROUND);
    peaks[PEAK_COPY] = copied_bytes(backend);
    check(backend, odva_cuda_enter(gpu));
    check(backend, gpu->driver.module_unload(module));
    odva_cuda_leave(gpu);
    return 0;
}

const struct operator_machine operator_machine_cuda = {seconds, measure, factors, NULL};
