/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which instruction set's operators run here. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "kernels/cpu/operators.h"

/* What the build has, fastest first. */
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

const struct odva_cpu_operators *odva_cpu_operators_choose(int bitexact,
                                                           enum onedva_precision precision)
{
    const char *wanted = getenv("ONEDVA_CPU");

    if (bitexact)
        return &odva_cpu_operators_c;
    for (size_t i = 0; i < sizeof(available) / sizeof(available[0]); i++)
        if (runs_here(available[i]) && (wanted ? !strcmp(wanted, available[i]->name)
                                               : available[i]->linear_precision <= precision))
            return available[i];
    return NULL;
}
