/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What a device of Vulkan can do at most, measured on it. */
#include "tools/bench/operator_machine_vulkan.h"

#include "kernels/vulkan/vulkan_backend.h"
#include "tools/bench/bench.h"
#include "tools/bench/peak.spv.h"

#define GROUPS     4096
#define THREADS    64                  /* of a group */
#define OPERATIONS 256                 /* of a thread's round */
#define COPY_BYTES ((size_t)256 << 20) /* more than caches hold */
#define LONG       0.02                /* seconds, of a measurement */

static double seconds(struct odva_backend *backend)
{
    bench_check(backend->ops->synchronize(backend));
    return bench_now();
}

/* All sums are of float32. */
static struct operator_factors factors(const struct odva_weights *weights)
{
    if (weights && weights->is_half)
        return (struct operator_factors){" (weights of 16 bits)", PEAK_FMA, sizeof(uint16_t)};
    return (struct operator_factors){"", PEAK_FMA, sizeof(float)};
}

/* ---- multiply-adds ----------------------------------------------------------------------- */

/** As peak.comp has them. */
struct peak_arguments {
    VkDeviceAddress dst;
    uint32_t rounds;
    int32_t factor, summand;
};

static VkPipeline make_pipeline(const struct odva_vulkan_gpu *gpu, uint32_t is_integer)
{
    const struct odva_vulkan_code code = {odva_spirv_peak, sizeof(odva_spirv_peak), 0};
    const uint32_t constants[ODVA_VULKAN_CONSTANTS] = {is_integer};
    VkPipeline pipeline;

    bench_check(odva_vulkan_status(odva_vulkan_pipeline_make(gpu, &code, constants, &pipeline)));
    return pipeline;
}

static double run_rounds(struct odva_backend *backend, VkPipeline pipeline,
                         const struct peak_arguments *arguments)
{
    const double start = seconds(backend);

    bench_check(odva_vulkan_dispatch_pipeline(odva_vulkan_stream_of(backend), pipeline, arguments,
                                              sizeof(*arguments), GROUPS, 1, 1));
    return seconds(backend) - start;
}

/* Operations per second. */
static double multiply_adds(struct odva_backend *backend, int is_integer)
{
    struct odva_vulkan_gpu *gpu = odva_vulkan_device_of(backend)->gpu;
    const VkPipeline pipeline = make_pipeline(gpu, is_integer);
    struct odva_buffer *dst =
        bench_checked(backend->ops->alloc(backend, sizeof(int32_t) * GROUPS * THREADS));
    struct peak_arguments arguments = {odva_vulkan_address(dst), 1, 1, 0};
    double time = run_rounds(backend, pipeline, &arguments); /* the first is not counted */

    while ((time = run_rounds(backend, pipeline, &arguments)) < LONG)
        arguments.rounds *= 2;
    backend->ops->free(backend, dst);
    bench_check(backend->ops->synchronize(backend));
    gpu->vk.DestroyPipeline(gpu->device, pipeline, NULL);
    return (double)GROUPS * THREADS * OPERATIONS * arguments.rounds / time;
}

/* ---- memory ------------------------------------------------------------------------------ */

/* Bytes read and written per second. */
static double copied_bytes(struct odva_backend *backend)
{
    struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);
    struct odva_buffer *from = bench_checked(backend->ops->alloc(backend, COPY_BYTES));
    struct odva_buffer *to = bench_checked(backend->ops->alloc(backend, COPY_BYTES));
    double start, time;

    bench_check(odva_vulkan_clear(stream, from)); /* memory that nothing has touched is not there */
    bench_check(odva_vulkan_copy(stream, to, 0, from, 0, COPY_BYTES));
    start = seconds(backend);
    for (int i = 0; i < 4; i++)
        bench_check(odva_vulkan_copy(stream, to, 0, from, 0, COPY_BYTES));
    time = seconds(backend) - start;
    backend->ops->free(backend, from);
    backend->ops->free(backend, to);
    bench_check(backend->ops->synchronize(backend));
    return 8.0 * COPY_BYTES / time;
}

static double measure(struct odva_backend *backend, double peaks[PEAK_KINDS])
{
    peaks[PEAK_FMA] = multiply_adds(backend, 0);
    peaks[PEAK_INT16] = multiply_adds(backend, 1);
    peaks[PEAK_COPY] = copied_bytes(backend);
    return 0;
}

static struct operator_traffic traffic(struct odva_backend *backend)
{
    const struct odva_vulkan_stream *stream = odva_vulkan_stream_of(backend);

    return (struct operator_traffic){stream->uploaded, stream->downloaded, stream->pieces};
}

const struct operator_machine operator_machine_vulkan = {seconds, measure, factors, traffic};
