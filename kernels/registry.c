/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/registry.h"

#include <stddef.h>

#include "config.h"
#include "kernels/cpu/cpu_device.h"
#if HAVE_CUDA
#include "kernels/cuda/cuda_device.h"
#endif
#if HAVE_VULKAN
#include "kernels/vulkan/vulkan_device.h"
#endif

/* The fastest first; the last one works everywhere. */
static const struct odva_backend_entry entries[] = {
#if HAVE_CUDA
    {ONEDVA_BACKEND_CUDA, "cuda", odva_cuda_probe, odva_cuda_choose, odva_cuda_open},
#endif
#if HAVE_VULKAN
    {ONEDVA_BACKEND_VULKAN, "vulkan", odva_vulkan_probe, odva_vulkan_choose, odva_vulkan_open},
#endif
    {ONEDVA_BACKEND_CPU, "cpu", odva_cpu_probe, odva_cpu_choose, odva_cpu_device_open},
};

const struct odva_backend_entry *odva_registry_entry(int index)
{
    return (size_t)index < sizeof(entries) / sizeof(entries[0]) ? &entries[index] : NULL;
}

const struct odva_backend_entry *odva_registry_find(enum onedva_backend kind)
{
    const struct odva_backend_entry *entry;

    for (int i = 0; (entry = odva_registry_entry(i)) && entry->kind != kind;)
        i++;
    return entry;
}

int onedva_backend_available(enum onedva_backend kind)
{
    const struct odva_backend_entry *entry = odva_registry_find(kind);

    return kind == ONEDVA_BACKEND_AUTO || (entry && entry->probe());
}
