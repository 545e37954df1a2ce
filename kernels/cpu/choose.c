/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which instruction set's operators run here. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "cpu/operators.h"

static int has_avx2(void)
{
#if HAVE_AVX2
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 0;
#endif
}

static int has_avx512(void)
{
#if HAVE_AVX512
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && has_avx2();
#else
    return 0;
#endif
}

const struct odva_cpu_operators *odva_cpu_operators_choose(int bitexact)
{
    const char *wanted = getenv("ONEDVA_CPU");

    if (bitexact)
        return &odva_cpu_operators_c;
    if (wanted && !strcmp(wanted, "c"))
        return &odva_cpu_operators_c;
#if HAVE_AVX512
    if (has_avx512() && (!wanted || !strcmp(wanted, "avx512")))
        return &odva_cpu_operators_avx512;
#endif
#if HAVE_AVX2
    if (has_avx2() && (!wanted || !strcmp(wanted, "avx2")))
        return &odva_cpu_operators_avx2;
#endif
    return wanted ? NULL : &odva_cpu_operators_c;
}
