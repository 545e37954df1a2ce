/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Kernels of harness.cu. */
#ifndef ODVA_CUDA_HARNESS_H
#define ODVA_CUDA_HARNESS_H

#define HARNESS_THREADS 64

struct harness_arguments {
    int *dst; /* HARNESS_THREADS of them */
    int offset;
};

#endif
