/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* What a test's dlopen finds for libcuda.so.1 and libcublasLt.so.13: those of driver_on_cpu.c and
 * cublas_on_cpu.c. */
#include <dlfcn.h>
#include <string.h>

#include "kernels/cuda/cublas.h"
#include "kernels/cuda/driver.h"
#include "kernels/cuda/tests/emulator.h"
#include "tests/support/test.h"

#define DECLARE(member, function, parameters) int function parameters;
ODVA_CUDA_FUNCTIONS(DECLARE)
ODVA_CUBLAS_FUNCTIONS(DECLARE)
#undef DECLARE

void *__real_dlopen(const char *name, int flags);
void *__real_dlsym(void *library, const char *name);
int __real_dlclose(void *library);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *library, const char *name);
int __wrap_dlclose(void *library);

static int lacks(const char *name)
{
    return emulated_gpu.lacks && !strcmp(emulated_gpu.lacks, name);
}

void *__wrap_dlopen(const char *name, int flags)
{
    if (name && !strcmp(name, "libcublasLt.so.12"))
        return NULL;
    if (!name || (strcmp(name, "libcuda.so.1") && strcmp(name, "libcublasLt.so.13")))
        return __real_dlopen(name, flags);
    if (lacks(name))
        return NULL;
    emulator_opened(1);
    return &emulated_gpu;
}

void *__wrap_dlsym(void *library, const char *name)
{
    if (library != &emulated_gpu)
        return __real_dlsym(library, name);
#define FIND(member, function, parameters)                                                         \
    if (!strcmp(name, #function))                                                                  \
        return lacks(name) ? NULL : (void *)function;
    ODVA_CUDA_FUNCTIONS(FIND)
    ODVA_CUBLAS_FUNCTIONS(FIND)
#undef FIND
    fail_msg("%s is not a function that the emulated driver has", name);
    return NULL;
}

int __wrap_dlclose(void *library)
{
    if (library != &emulated_gpu)
        return __real_dlclose(library);
    emulator_opened(-1);
    return 0;
}
