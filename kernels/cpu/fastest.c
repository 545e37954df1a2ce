/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#define _POSIX_C_SOURCE 199309L /* clock_gettime */

#include "kernels/cpu/fastest.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A product that a core's caches hold, as tiles of networks do: 0.8 million multiplications. */
#define ROWS    32
#define INPUTS  128
#define OUTPUTS 192

/* The least of so many runs: the first ones wake wide registers up. */
#define RUNS 6

struct product {
    struct odva_cpu_linear linear;
    void *src, *dst;
    struct odva_weights *weights;
    float *scratch;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void free_product(struct product *product)
{
    free(product->src);
    free(product->dst);
    free(product->scratch);
    odva_cpu_weights_free(product->weights);
}

/* Zeros: what numbers are does not change how long they take. */
static struct odva_weights *make_weights(const struct odva_cpu_operators *operators)
{
    float *zeros = calloc((size_t)OUTPUTS * INPUTS, sizeof(*zeros));
    struct odva_weights *weights =
        zeros ? odva_cpu_weights_pack(zeros, OUTPUTS, INPUTS, ODVA_PRECISION_NETWORK, operators)
              : NULL;

    free(zeros);
    return weights;
}

/* @return 0 where memory is short */
static int make_product(struct product *product, const struct odva_cpu_operators *operators)
{
    const int is_rounded = operators->network_element == ODVA_BFLOAT16;
    const size_t scratch = operators->linear_scratch ? operators->linear_scratch(INPUTS) : 0;

    *product = (struct product){.src = odva_cpu_alloc(ROWS * INPUTS * sizeof(float)),
                                .dst = odva_cpu_alloc(ROWS * OUTPUTS * sizeof(float)),
                                .weights = make_weights(operators),
                                .scratch = odva_cpu_alloc(scratch * sizeof(float))};
    if (!product->src || !product->dst || !product->weights || !product->scratch)
        return 0;
    memset(product->src, 0, ROWS * INPUTS * sizeof(float));
    product->linear = (struct odva_cpu_linear){
        .dst = is_rounded ? NULL : product->dst,
        .src = is_rounded ? NULL : product->src,
        .rounded_dst = is_rounded ? product->dst : NULL,
        .rounded_src = is_rounded ? product->src : NULL,
        .dst_stride = OUTPUTS,
        .src_stride = INPUTS,
        .weights = product->weights,
    };
    return 1;
}

static int measure(struct odva_cpu_time *time)
{
    struct product product;
    const int is_made = make_product(&product, time->operators);

    for (int i = 0; i < RUNS && is_made; i++) {
        const double begin = now();
        double took;

        time->operators->linear(&product.linear, 0, ROWS, product.scratch);
        took = now() - begin;
        if (i == 0 || took < time->nanoseconds)
            time->nanoseconds = took;
    }
    free_product(&product);
    return is_made;
}

const struct odva_cpu_operators *odva_cpu_fastest(struct odva_cpu_time *times, int count)
{
    int best = 0;

    for (int i = 0; i < count; i++) {
        if (!measure(&times[i]))
            return times[0].operators;
        if (times[i].nanoseconds < times[best].nanoseconds)
            best = i;
    }
    return times[best].operators;
}
