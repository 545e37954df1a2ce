/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which instruction set's operators run here. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config.h"
#include "kernels/cpu/fastest.h"
#include "kernels/cpu/operators.h"

/* What the build has; of those that are equally fast, the first one is taken. */
static const struct odva_cpu_operators *const available[] = {
#if HAVE_AVX512BF16VNNI
    &odva_cpu_operators_avx512bf16vnni,
#endif
#if HAVE_AVX512VNNI
    &odva_cpu_operators_avx512vnni,
#endif
#if HAVE_AVX512BF16
    &odva_cpu_operators_avx512bf16,
#endif
#if HAVE_AVX512
    &odva_cpu_operators_avx512,
#endif
#if HAVE_AVX2
    &odva_cpu_operators_avx2,
#endif
#if HAVE_NEON
    &odva_cpu_operators_neon,
#endif
    &odva_cpu_operators_c,
};

#define AVAILABLE (sizeof(available) / sizeof(available[0]))

#if HAVE_AVX512
static int has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("fma");
}
#endif

static int runs_here(const struct odva_cpu_operators *operators)
{
#if HAVE_AVX2
    if (operators == &odva_cpu_operators_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
#if HAVE_AVX512
    if (operators == &odva_cpu_operators_avx512)
        return has_avx512();
#endif
#if HAVE_AVX512BF16VNNI
    if (operators == &odva_cpu_operators_avx512bf16vnni)
        return has_avx512() && __builtin_cpu_supports("avx512vnni") &&
               __builtin_cpu_supports("avx512bf16");
#endif
#if HAVE_AVX512VNNI
    if (operators == &odva_cpu_operators_avx512vnni)
        return has_avx512() && __builtin_cpu_supports("avx512vnni");
#endif
#if HAVE_AVX512BF16
    if (operators == &odva_cpu_operators_avx512bf16)
        return has_avx512() && __builtin_cpu_supports("avx512bf16");
#endif
#if HAVE_NEON
    if (operators == &odva_cpu_operators_neon)
        return 1; /* every AArch64 processor has it */
#endif
    return operators == &odva_cpu_operators_c;
}

static const struct odva_cpu_operators *find(const char *name)
{
    for (size_t i = 0; i < AVAILABLE; i++)
        if (runs_here(available[i]) && !strcmp(name, available[i]->name))
            return available[i];
    return NULL;
}

/* Those that are worth a measurement; the C reference, which never wins, only where it is alone.
 * @return how many */
static int list_candidates(struct odva_cpu_time *times, enum onedva_precision precision)
{
    int count = 0;

    for (size_t i = 0; i < AVAILABLE; i++)
        if (runs_here(available[i]) && available[i]->linear_precision <= precision &&
            (count == 0 || available[i] != &odva_cpu_operators_c))
            times[count++] = (struct odva_cpu_time){.operators = available[i]};
    return count;
}

static void tell(const struct onedva_logger *logger, const struct odva_cpu_time *times, int count,
                 const struct odva_cpu_operators *best)
{
    char text[160] = "";
    size_t used = 0;

    for (int i = 0; i < count && used < sizeof(text); i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %.1f", i ? ", " : "",
                                 times[i].operators->name, times[i].nanoseconds / 1000);
    odva_log(logger, ONEDVA_LOG_DEBUG, "instructions: %s; microseconds for a product: %s",
             best->name, text);
}

static const struct odva_cpu_operators *measure(enum onedva_precision precision,
                                                const struct onedva_logger *logger)
{
    struct odva_cpu_time times[AVAILABLE] = {{.operators = &odva_cpu_operators_c}};
    const int count = list_candidates(times, precision);
    const struct odva_cpu_operators *best = times[0].operators;

    if (count > 1) {
        best = odva_cpu_fastest(times, count);
        tell(logger, times, count, best);
    }
    return best;
}

const struct odva_cpu_operators *odva_cpu_operators_choose(int bitexact,
                                                           enum onedva_precision precision,
                                                           const struct onedva_logger *logger)
{
    /* a property of the machine, as what the processor supports is: all codecs must have the same
     */
    static _Atomic(const struct odva_cpu_operators *) measured[ONEDVA_PRECISION_INT8 + 1];
    const char *wanted = getenv("ONEDVA_CPU");
    const struct odva_cpu_operators *best, *first = NULL;

    if (bitexact)
        return &odva_cpu_operators_c;
    if (wanted)
        return find(wanted);
    best = atomic_load(&measured[precision]);
    if (best)
        return best;
    best = measure(precision, logger);
    return atomic_compare_exchange_strong(&measured[precision], &first, best) ? best : first;
}
