/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A GPU, opened: driver, context and kernels. Several threads may use it at once. */
#ifndef ODVA_CUDA_GPU_H
#define ODVA_CUDA_GPU_H

#include "kernels/cuda/driver.h"
#include "kernels/cuda/kernels.h"

enum odva_cuda_module_number {
#define ODVA_CUDA_NUMBER(name) ODVA_CUDA_MODULE_##name,
    ODVA_CUDA_MODULES(ODVA_CUDA_NUMBER)
#undef ODVA_CUDA_NUMBER
        ODVA_CUDA_MODULE_COUNT
};

enum odva_cuda_kernel {
#define ODVA_CUDA_NUMBER(module, name, arguments) ODVA_CUDA_KERNEL_##name,
    ODVA_CUDA_KERNELS(ODVA_CUDA_NUMBER)
#undef ODVA_CUDA_NUMBER
        ODVA_CUDA_KERNEL_COUNT
};

struct odva_cuda_gpu {
    struct odva_cuda_driver driver;
    int index;  /* as -device has it */
    int device; /* the driver's number */
    char name[96];
    int capability;            /* 10 major + minor */
    odva_cuda_context context; /* which others may use, too */
    int is_adopted;            /* the context is not ours; or else it is the primary one */
    odva_cuda_module modules[ODVA_CUDA_MODULE_COUNT];
    odva_cuda_function kernels[ODVA_CUDA_KERNEL_COUNT];
};

/**
 * @param index -1: the first
 * @return ONEDVA_OK or, after one line, with *gpu NULL, ONEDVA_ERR_UNSUPPORTED,
 * ONEDVA_ERR_ARGUMENT, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE
 */
int odva_cuda_gpu_open(struct odva_cuda_gpu **gpu, int index, const struct onedva_logger *logger);
/** In a context that is open outside, and stays so until the gpu is closed. */
int odva_cuda_gpu_adopt(struct odva_cuda_gpu **gpu, odva_cuda_context context,
                        const struct onedva_logger *logger);
/** May be NULL. */
void odva_cuda_gpu_close(struct odva_cuda_gpu **gpu);

/** Around calls of the driver: its context is the thread's meanwhile. @return the driver's */
int odva_cuda_enter(const struct odva_cuda_gpu *gpu);
void odva_cuda_leave(const struct odva_cuda_gpu *gpu);

/** One line, unless result is ODVA_CUDA_SUCCESS. @param what failed, e.g. "memory"
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM or ONEDVA_ERR_DEVICE */
int odva_cuda_status(const struct odva_cuda_gpu *gpu, int result, const char *what,
                     const struct onedva_logger *logger);

/** Memory that holds data, when it returns. @return 0: there is none */
odva_cuda_address odva_cuda_constant(const struct odva_cuda_gpu *gpu, const void *data,
                                     size_t bytes);
/** Waits for all that was begun on the device. */
void odva_cuda_free_constant(const struct odva_cuda_gpu *gpu, odva_cuda_address address);

#endif
