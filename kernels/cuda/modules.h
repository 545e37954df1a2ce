/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The kernels, compiled: what nvcc made of each file (module.S). */
#ifndef ODVA_CUDA_MODULES_H
#define ODVA_CUDA_MODULES_H

#include "kernels/cuda/kernels.h"

#define ODVA_CUDA_MODULE(name) extern const unsigned char odva_cuda_module_##name[];
ODVA_CUDA_MODULES(ODVA_CUDA_MODULE)
#undef ODVA_CUDA_MODULE

#endif
