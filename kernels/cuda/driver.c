/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cuda/driver.h"

#include <dlfcn.h>

#include "base/log.h"

#define LIBRARY "libcuda.so.1"

static int lacks(struct odva_cuda_driver *driver, const char *name,
                 const struct onedva_logger *logger)
{
    odva_log(logger, ONEDVA_LOG_ERROR,
             "cuda: the driver has no %s; NVIDIA's driver of CUDA 11.3 or later is needed, or "
             "-backend cpu",
             name);
    odva_cuda_driver_unload(driver);
    return ONEDVA_ERR_UNSUPPORTED;
}

int odva_cuda_driver_load(struct odva_cuda_driver *driver, const struct onedva_logger *logger)
{
    driver->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!driver->library) {
        odva_log(logger, ONEDVA_LOG_ERROR,
                 "cuda: " LIBRARY " was not found; install NVIDIA's driver, or use -backend cpu");
        return ONEDVA_ERR_UNSUPPORTED;
    }
#define LOAD(member, name, parameters)                                                             \
    driver->member = (int(*) parameters)dlsym(driver->library, #name);                             \
    if (!driver->member)                                                                           \
        return lacks(driver, #name, logger);
    ODVA_CUDA_FUNCTIONS(LOAD)
#undef LOAD
    return ONEDVA_OK;
}

void odva_cuda_driver_unload(struct odva_cuda_driver *driver)
{
    if (driver->library)
        dlclose(driver->library);
    driver->library = NULL;
}
