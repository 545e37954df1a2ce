/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tools/bench/machine_peak.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOPS      60000
#define SUMS       12 /* independent ones: more than an instruction's latency */
#define COPY_BYTES ((size_t)96 << 20)

double machine_thread_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* Seconds of LOOPS times SUMS instructions on registers only. */
#define REGISTER_LOOP(name, isa, type, instruction)                                                \
    __attribute__((target(isa))) static double name(void)                                          \
    {                                                                                              \
        type a0 = {0}, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0,     \
             a9 = a0, a10 = a0, a11 = a0, x = a0, y = a0;                                          \
        const double start = machine_thread_seconds();                                             \
                                                                                                   \
        for (int i = 0; i < LOOPS; i++)                                                            \
            __asm__ volatile(instruction(0) instruction(1) instruction(2) instruction(3)           \
                                 instruction(4) instruction(5) instruction(6) instruction(7)       \
                                     instruction(8) instruction(9) instruction(10) instruction(11) \
                             : "+v"(a0), "+v"(a1), "+v"(a2), "+v"(a3), "+v"(a4), "+v"(a5),         \
                               "+v"(a6), "+v"(a7), "+v"(a8), "+v"(a9), "+v"(a10), "+v"(a11)        \
                             : "v"(x), "v"(y)                                                      \
                             : "xmm15");                                                           \
        return machine_thread_seconds() - start;                                                   \
    }

#define FMA(n)       "vfmadd231ps %12, %13, %" #n "\n\t"
#define BF16(n)      "vdpbf16ps %12, %13, %" #n "\n\t"
#define INT8(n)      "vpdpbusd %12, %13, %" #n "\n\t"
#define INT16_256(n) "vpmaddwd %12, %13, %%ymm15\n\tvpaddd %%ymm15, %" #n ", %" #n "\n\t"
#define INT16_512(n) "vpmaddwd %12, %13, %%zmm15\n\tvpaddd %%zmm15, %" #n ", %" #n "\n\t"

REGISTER_LOOP(fma_256, "avx2,fma", __m256, FMA)
REGISTER_LOOP(fma_512, "avx512f", __m512, FMA)
REGISTER_LOOP(bf16_512, "avx512f", __m512, BF16)
REGISTER_LOOP(int8_512, "avx512f", __m512, INT8)
REGISTER_LOOP(int16_256, "avx2,fma", __m256, INT16_256)
REGISTER_LOOP(int16_512, "avx512f", __m512, INT16_512)

static double register_peak(enum machine_peak_kind kind)
{
    const double count = (double)LOOPS * SUMS;
    const int avx512 = __builtin_cpu_supports("avx512f");

    switch (kind) {
    case PEAK_FMA:
        if (avx512)
            return count * 16 * 2 / fma_512();
        return __builtin_cpu_supports("fma") ? count * 8 * 2 / fma_256() : 0;
    case PEAK_BF16:
        return avx512 && __builtin_cpu_supports("avx512bf16") ? count * 32 * 2 / bf16_512() : 0;
    case PEAK_INT8:
        return avx512 && __builtin_cpu_supports("avx512vnni") ? count * 64 * 2 / int8_512() : 0;
    case PEAK_INT16:
        if (avx512 && __builtin_cpu_supports("avx512bw"))
            return count * 32 * 2 / int16_512();
        return __builtin_cpu_supports("avx2") ? count * 16 * 2 / int16_256() : 0;
    default:
        return 0;
    }
}

double machine_frequency(void)
{
    const int additions = 8 * LOOPS;
    const double start = machine_thread_seconds();
    uint64_t sum = 0;

    for (int i = 0; i < LOOPS; i++)
        __asm__ volatile("add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\t"
                         "add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\t"
                         : "+r"(sum));
    return additions / (machine_thread_seconds() - start);
}

#else

static double register_peak(enum machine_peak_kind kind)
{
    (void)kind;
    return 0;
}

double machine_frequency(void)
{
    return 0;
}

#endif

static double copy_peak(void)
{
    char *src = malloc(COPY_BYTES), *dst = malloc(COPY_BYTES);
    double seconds = 0;

    if (src && dst) {
        memset(src, 1, COPY_BYTES);
        memset(dst, 2, COPY_BYTES);
        const double start = machine_thread_seconds();
        memcpy(dst, src, COPY_BYTES);
        __asm__ volatile("" : : "r"(dst) : "memory");
        seconds = machine_thread_seconds() - start;
    }
    free(src);
    free(dst);
    return seconds > 0 ? 2.0 * COPY_BYTES / seconds : 0;
}

double machine_peak(enum machine_peak_kind kind)
{
    return kind == PEAK_COPY ? copy_peak() : register_peak(kind);
}
