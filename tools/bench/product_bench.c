/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Products with bfloat16 factors on an NVIDIA GPU: by own kernels and by cuBLASLt, side by side, of
 * the sizes that models of several widths have. ODVA_CUDA_CUBLAS_NUMBERS says from which on
 * cuBLASLt multiplies; where the second column is smaller, it should.
 *
 * build/tools/bench/product_bench [ROWS [REPEATS]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/cuda/cuda_backend.h"
#include "tools/bench/bench.h"
#include "tools/bench/median.h"

#define ROUNDS 5

/** Rows of a block's products, by the width of the model. */
static const struct {
    int n_in, n_out;
} sizes[] = {{128, 384}, {128, 512}, {512, 128}, {512, 2048}, {1024, 4096}};

#define SIZES ((int)(sizeof(sizes) / sizeof(sizes[0])))

/** One product, with what follows it in a block's second half. */
struct product {
    struct odva_backend *backend;
    struct odva_weights *weights;
    struct odva_matrix rows, sums;
    struct odva_epilogue epilogue;
    int64_t count;
    int repeats; /* in a round */
};

static struct odva_buffer *zeros(struct odva_backend *backend, int64_t count)
{
    struct odva_buffer *buffer =
        bench_checked(backend->ops->alloc(backend, (size_t)count * sizeof(float)));

    bench_check(odva_cuda_clear(odva_cuda_stream_of(backend), buffer));
    return buffer;
}

static struct odva_weights *weights_of(struct odva_backend *backend, int n_in, int n_out)
{
    float *numbers = bench_checked(calloc((size_t)n_in * n_out, sizeof(*numbers)));
    struct odva_weights *weights = bench_checked(
        backend->device->ops->pack(backend->device, numbers, n_out, n_in, ODVA_PRECISION_NETWORK));

    free(numbers);
    return weights;
}

static void run(const struct product *p, int repeats)
{
    for (int i = 0; i < repeats; i++)
        bench_check(p->backend->ops->linear(p->backend, p->sums, p->rows, p->count, p->weights,
                                            &p->epilogue));
    bench_check(p->backend->ops->synchronize(p->backend));
}

/* @return us of one */
static double measure(const struct product *p)
{
    double seconds[ROUNDS];

    run(p, 1);
    for (int i = 0; i < ROUNDS; i++) {
        const double start = bench_now();

        run(p, p->repeats);
        seconds[i] = (bench_now() - start) / p->repeats;
    }
    return 1e6 * bench_median(seconds, ROUNDS);
}

/* @param numbers from how many weights on cuBLASLt multiplies @return us; below 0: it is not there
 */
static double time_of(struct odva_cuda_device *device, int size, int64_t count, int repeats,
                      int64_t numbers)
{
    const int n_in = sizes[size].n_in, n_out = sizes[size].n_out;
    struct odva_device *base = &device->base;
    struct product p = {.count = count, .repeats = repeats};
    double us = -1;

    device->cublas_numbers = numbers;
    bench_check(odva_backend_open(&p.backend, base, NULL, &bench_logger));
    p.weights = weights_of(p.backend, n_in, n_out);
    p.rows = (struct odva_matrix){zeros(p.backend, count * n_in), 0, n_in, ODVA_FLOAT32};
    p.sums = (struct odva_matrix){zeros(p.backend, count * n_out), 0, n_out, ODVA_FLOAT32};
    p.epilogue =
        (struct odva_epilogue){.bias = zeros(p.backend, n_out), .activation = ODVA_ACTIVATION_GELU};
    if (!p.weights->is_large || p.weights->cublas)
        us = measure(&p);
    p.backend->ops->free(p.backend, (struct odva_buffer *)p.epilogue.bias);
    p.backend->ops->free(p.backend, p.sums.buffer);
    p.backend->ops->free(p.backend, p.rows.buffer);
    base->ops->free_weights(base, p.weights);
    odva_backend_close(&p.backend);
    return us;
}

int main(int argc, char **argv)
{
    const int64_t count = argc > 1 ? atoll(argv[1]) : 32640; /* patches of 16 frames of 1920x1080 */
    const int repeats = argc > 2 ? atoi(argv[2]) : 20;
    struct odva_cuda_device *device;
    struct odva_device *base;

    if (count < 1 || repeats < 1) {
        fprintf(stderr, "product_bench: rows and repeats are 1 or more\n");
        return 1;
    }
    bench_check(odva_cuda_device_open(&device, -1, 1, &bench_logger));
    base = &device->base;
    printf("| %lld rows | own kernel, us | cuBLASLt, us | operations/s of the better |\n"
           "|---|---|---|---|\n",
           (long long)count);
    for (int i = 0; i < SIZES; i++) {
        const double own = time_of(device, i, count, repeats, INT64_MAX);
        const double other = time_of(device, i, count, repeats, 0);
        const double best = other > 0 && other < own ? other : own;

        printf("| %d x %d, GELU | %.0f | ", sizes[i].n_in, sizes[i].n_out, own);
        if (other > 0)
            printf("%.0f", other);
        else
            printf("not there");
        printf(" | %.1e |\n", 2e6 * (double)count * sizes[i].n_in * sizes[i].n_out / best);
    }
    odva_device_release(&base);
    return 0;
}
