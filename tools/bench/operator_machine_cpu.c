/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cpu/operators.h"
#include "tools/bench/operator_count.h"

static double seconds(struct odva_backend *backend)
{
    (void)backend;
    return machine_thread_seconds();
}

static double measure(struct odva_backend *backend, double peaks[PEAK_KINDS])
{
    (void)backend;
    for (int kind = 0; kind < PEAK_KINDS; kind++)
        peaks[kind] = machine_peak(kind);
    return machine_frequency();
}

static struct operator_factors factors(const struct odva_weights *weights)
{
    static const struct operator_factors float32 = {"", PEAK_FMA, 4};
    static const struct operator_factors bf16 = {", bf16", PEAK_BF16, 2};
    static const struct operator_factors int8 = {", int8", PEAK_INT8, 1};

    if (!weights)
        return odva_cpu_operators_choose(0, ONEDVA_PRECISION_BFLOAT16, NULL)->attention_precision
                   ? bf16
                   : float32;
    return weights->bytes ? int8 : weights->pairs ? bf16 : float32;
}

const struct operator_machine operator_machine_cpu = {seconds, measure, factors, NULL};
