/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The driver of driver_on_cpu.c as a libcuda.so.1, for programs that know nothing of it: FFmpeg,
 * and Python. A program ends with 99 where something of the driver was not freed.
 * ONEDVA_CUDA_DEVICES: how many devices there are [1]; ONEDVA_CUDA_CALLS: a file to which "NAME
 * CALLS BYTES" is added for each function that was called.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernels/cuda/driver.h"
#include "kernels/cuda/tests/emulator.h"

#define EXPORTED __attribute__((visibility("default")))

/* ---- what FFmpeg calls, and the library does not ------------------------------------------- */

EXPORTED int cuGetErrorString(int result, const char **text)
{
    (void)result;
    *text = "an error of the driver on the CPU";
    return ODVA_CUDA_SUCCESS;
}

EXPORTED int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *is_active)
{
    (void)device;
    *flags = 0;
    *is_active = 0;
    return ODVA_CUDA_SUCCESS;
}

EXPORTED int cuDevicePrimaryCtxSetFlags_v2(int device, unsigned flags)
{
    (void)device;
    (void)flags;
    return ODVA_CUDA_SUCCESS;
}

EXPORTED int cuDevicePrimaryCtxSetFlags(int device, unsigned flags)
{
    return cuDevicePrimaryCtxSetFlags_v2(device, flags);
}

/* NVIDIA's own libraries, which ask for it, do not work with this driver, and are told so. */
EXPORTED int cuDriverGetVersion(int *version)
{
    *version = 0;
    return ODVA_CUDA_NO_DEVICE;
}

int cuDevicePrimaryCtxRelease_v2(int device);

EXPORTED int cuDevicePrimaryCtxRelease(int device)
{
    return cuDevicePrimaryCtxRelease_v2(device);
}

/* FFmpeg wants all of these to be there. */
#define MISSING(FUNCTION)                                                                          \
    FUNCTION(cuArray3DCreate_v2)                                                                   \
    FUNCTION(cuArrayCreate_v2)                                                                     \
    FUNCTION(cuArrayDestroy)                                                                       \
    FUNCTION(cuCtxGetCurrent)                                                                      \
    FUNCTION(cuCtxSetLimit)                                                                        \
    FUNCTION(cuDeviceComputeCapability)                                                            \
    FUNCTION(cuDevicePrimaryCtxReset)                                                              \
    FUNCTION(cuEventSynchronize)                                                                   \
    FUNCTION(cuGLGetDevices_v2)                                                                    \
    FUNCTION(cuGraphicsGLRegisterImage)                                                            \
    FUNCTION(cuGraphicsMapResources)                                                               \
    FUNCTION(cuGraphicsResourceGetMappedPointer_v2)                                                \
    FUNCTION(cuGraphicsSubResourceGetMappedArray)                                                  \
    FUNCTION(cuGraphicsUnmapResources)                                                             \
    FUNCTION(cuGraphicsUnregisterResource)                                                         \
    FUNCTION(cuLinkAddData)                                                                        \
    FUNCTION(cuLinkComplete)                                                                       \
    FUNCTION(cuLinkCreate)                                                                         \
    FUNCTION(cuLinkDestroy)                                                                        \
    FUNCTION(cuMemAllocManaged)                                                                    \
    FUNCTION(cuMemAllocPitch_v2)                                                                   \
    FUNCTION(cuMemcpy)                                                                             \
    FUNCTION(cuMemcpy2D_v2)                                                                        \
    FUNCTION(cuMemcpyAsync)                                                                        \
    FUNCTION(cuMemcpyDtoD_v2)                                                                      \
    FUNCTION(cuMemcpyDtoH_v2)                                                                      \
    FUNCTION(cuModuleGetGlobal)                                                                    \
    FUNCTION(cuStreamAddCallback)                                                                  \
    FUNCTION(cuStreamQuery)                                                                        \
    FUNCTION(cuTexObjectCreate)                                                                    \
    FUNCTION(cuTexObjectDestroy)

#define DEFINE(name)                                                                               \
    EXPORTED int name(void)                                                                        \
    {                                                                                              \
        fprintf(stderr, #name " is not in the driver on the CPU\n");                               \
        abort();                                                                                   \
    }
MISSING(DEFINE)

/* ---- begin and end ------------------------------------------------------------------------- */

__attribute__((constructor)) static void take_environment(void)
{
    const char *devices = getenv("ONEDVA_CUDA_DEVICES");

    if (devices)
        emulated_gpu.count = atoi(devices);
}

static void write_calls(const char *name)
{
    FILE *file = fopen(name, "a");

    for (const struct emulator_calls *c = emulator_calls(); file && c->name; c++)
        fprintf(file, "%s %ld %zu\n", c->name, c->count, c->bytes);
    if (!file || fclose(file))
        perror(name);
}

__attribute__((destructor)) static void look_back(void)
{
    const char *calls = getenv("ONEDVA_CUDA_CALLS");

    if (calls)
        write_calls(calls);
    if (emulator_leaks() == 0)
        return;
    fprintf(stderr, "libcuda.so.1: %d things were not freed\n", emulator_leaks());
    _exit(99);
}
