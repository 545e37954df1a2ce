/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A GPU and what it holds of a model: weights, basis and constants. */
#ifndef ODVA_CUDA_DEVICE_H
#define ODVA_CUDA_DEVICE_H

#include <pthread.h>

#include "kernels/cuda/gpu.h"
#include "kernels/device.h"

struct odva_cublas;

struct odva_cuda_device {
    struct odva_device base;
    struct odva_cuda_gpu *gpu;
    odva_cuda_address tables; /* struct odva_cuda_tables */
    int is_rounded;           /* ODVA_PRECISION_NETWORK has bfloat16 factors */
    int64_t cublas_numbers;   /* ODVA_CUDA_CUBLAS_NUMBERS */
    pthread_mutex_t lock;     /* of the next two */
    struct odva_cublas *cublas;
    int is_cublas_sought;
};

/** @return whether a device can be opened */
int odva_cuda_probe(void);
/** @param choice where one opens what the wish leads to */
int odva_cuda_choose(const struct odva_device_wish *wish, const void **choice);
int odva_cuda_open(struct odva_device **device, const void *choice,
                   const struct odva_device_wish *wish);

/** Parameters and results as of odva_cuda_gpu_open. The caller has the first reference.
 * @param is_rounded whether ODVA_PRECISION_NETWORK may have bfloat16 factors, where the GPU has */
int odva_cuda_device_open(struct odva_cuda_device **device, int index, int is_rounded,
                          const struct onedva_logger *logger);
/** Likewise, in a context that is open outside (odva_cuda_gpu_adopt). */
int odva_cuda_device_adopt(struct odva_cuda_device **device, odva_cuda_context context,
                           int is_rounded, const struct onedva_logger *logger);

#endif
