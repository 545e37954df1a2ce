/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A GPU and what it holds of a model: weights, basis and constants. */
#ifndef ODVA_CUDA_DEVICE_H
#define ODVA_CUDA_DEVICE_H

#include "kernels/cuda/stream.h"
#include "kernels/device.h"

struct odva_weights {
    int n_out, n_in;
    odva_cuda_address numbers; /* [n_out][n_in] */
};

/** The vectors in both directions, as kernels read them. */
struct odva_basis {
    int count;
    odva_cuda_address numbers; /* int16: mean, forward, inverse */
    size_t forward;            /* bytes: struct odva_cuda_pair [192][count] */
    size_t inverse;            /* bytes: [count][384] */
};

struct odva_cuda_device {
    struct odva_device base;
    struct odva_cuda_gpu *gpu;
    odva_cuda_address tables; /* struct odva_cuda_tables */
};

/** Parameters and results as of odva_cuda_gpu_open. The caller has the first reference. */
int odva_cuda_device_open(struct odva_cuda_device **device, int index,
                          const struct onedva_logger *logger);

#endif
