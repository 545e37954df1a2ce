/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The registry of a library that was built with CUDA, whether or not this one was; for one file of
 * a program, which the linker is told to wrap odva_registry_find of. */
#ifndef ODVA_CUDA_REGISTRY_WITH_CUDA_H
#define ODVA_CUDA_REGISTRY_WITH_CUDA_H

#include "kernels/cuda/cuda_device.h"
#include "kernels/registry.h"

const struct odva_backend_entry *__real_odva_registry_find(enum onedva_backend kind);
const struct odva_backend_entry *__wrap_odva_registry_find(enum onedva_backend kind);

const struct odva_backend_entry *__wrap_odva_registry_find(enum onedva_backend kind)
{
    static const struct odva_backend_entry cuda = {ONEDVA_BACKEND_CUDA, "cuda", odva_cuda_probe,
                                                   odva_cuda_choose, odva_cuda_open};

    return kind == ONEDVA_BACKEND_CUDA ? &cuda : __real_odva_registry_find(kind);
}

#endif
