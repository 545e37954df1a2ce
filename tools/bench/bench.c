/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tools/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void bench_check_at(int status, const char *file, int line)
{
    if (status < 0) {
        fprintf(stderr, "%s:%d: %s\n", file, line, onedva_status_text(status));
        exit(1);
    }
}

void *bench_checked(void *memory)
{
    bench_check(memory ? ONEDVA_OK : ONEDVA_ERR_NOMEM);
    return memory;
}

float *bench_random_floats(int64_t count)
{
    float *data = bench_checked(malloc(count * sizeof(*data)));

    for (int64_t i = 0; i < count; i++)
        data[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return data;
}

double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_line(void *opaque, enum onedva_log_level level, const char *message)
{
    (void)opaque;
    (void)level;
    fprintf(stderr, "%s\n", message);
}

const struct onedva_logger bench_logger = {print_line, NULL};

void bench_print_processor(void)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];

    while (file && fgets(line, sizeof(line), file)) {
        if (!strncmp(line, "model name", 10) && strchr(line, ':')) {
            printf("processor: %s", strchr(line, ':') + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}
