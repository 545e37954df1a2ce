/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * A CUDA driver whose one device is the CPU (kernels/cuda/driver.h): what is begun on a stream is
 * done when a test, or the backend, waits for it, and not before; memory of the device is that of
 * malloc, where AddressSanitizer sees what lies beyond it, and holds noise at first.
 */
#ifndef ODVA_CUDA_EMULATOR_H
#define ODVA_CUDA_EMULATOR_H

#include "kernels/cuda/tests/cuda_on_cpu.h"

struct CUstream_st;

/** In which threads of a block go on, and blocks of a grid. */
enum cuda_on_cpu_order {
    CUDA_ON_CPU_FORWARD,
    CUDA_ON_CPU_BACKWARD,
    CUDA_ON_CPU_RANDOM, /* another one after each barrier */
};

/** Of all launches that follow. */
void cuda_on_cpu_set_order(enum cuda_on_cpu_order order, uint64_t seed);

/** Run a kernel, all of it. @param name for messages */
void cuda_on_cpu_launch(const char *name, void (*run)(const void *arguments), const void *arguments,
                        struct cuda_on_cpu_dim grid, struct cuda_on_cpu_dim threads);

/** What the driver says of GPUs, each of which is the CPU. */
extern struct emulated_gpu {
    int count;
    int major, minor; /* capability */
    int has_pools;
    const char *lacks; /* libcuda.so.1, or a function that is not in it; NULL: nothing */
} emulated_gpu;

#define EMULATED_GPU                                                                               \
    {                                                                                              \
        .count = 1, .major = 9, .minor = 0, .has_pools = 1                                         \
    }

/** The function of the driver that fails next, and how often; NULL: none. */
void emulator_fail(const char *name, int result, int times);
/** The number of the call that fails, 1 being the next one, of those that make or do something; 0:
 * none. */
void emulator_fail_call(int number, int result);
/** Whether the call of emulator_fail_call has come. */
int emulator_has_failed(void);
/** How often a function of the driver was called, and bytes that it was told to copy. */
struct emulator_calls {
    const char *name; /* NULL: behind the last one */
    long count;
    size_t bytes;
};

/* For what is found beside the driver: dlopen's libraries, and cuBLASLt. */

/** Things that were opened, or, -1, closed. */
void emulator_opened(int things);
int emulator_has_context(void);
/** Whether the function of that name is to fail, and with what. */
int emulator_fails(const char *name);
int emulator_failure(void);
/** Fails unless all of it is memory of the device that the context has. */
void emulator_check_range(const void *memory, size_t bytes);
/** Work for a stream. @param data copied */
void emulator_push(struct CUstream_st *queue, void (*run)(void *data), const void *data,
                   size_t bytes);
/** How often cuBLASLt has multiplied. */
int emulator_products(void);

const struct emulator_calls *emulator_calls(void);
void emulator_forget_calls(void);
/** Kernels and copies that were begun and not waited for. */
int emulator_unfinished(void);
/** Memory of the device, streams, events, modules and contexts that were not freed. */
int emulator_leaks(void);

#endif
