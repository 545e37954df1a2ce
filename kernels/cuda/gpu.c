/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cuda/gpu.h"

#include <stdlib.h>

#include "base/log.h"
#include "kernels/cuda/modules.h"

#define CAPABILITY 75 /* at least, 10 major + minor: that of the oldest code that nvcc makes */

int odva_cuda_status(const struct odva_cuda_gpu *gpu, int result, const char *what,
                     const struct onedva_logger *logger)
{
    const char *name = NULL;

    if (result == ODVA_CUDA_SUCCESS)
        return ONEDVA_OK;
    if (gpu->driver.error_name(result, &name) != ODVA_CUDA_SUCCESS || !name)
        name = "an error that has no name";
    odva_log(logger, ONEDVA_LOG_ERROR, "cuda: %s failed with %s (%d)", what, name, result);
    return result == ODVA_CUDA_OUT_OF_MEMORY ? ONEDVA_ERR_NOMEM : ONEDVA_ERR_DEVICE;
}

int odva_cuda_enter(const struct odva_cuda_gpu *gpu)
{
    return gpu->driver.context_push(gpu->context);
}

void odva_cuda_leave(const struct odva_cuda_gpu *gpu)
{
    odva_cuda_context context;

    (void)gpu->driver.context_pop(&context);
}

/* ---- constants --------------------------------------------------------------------------- */

odva_cuda_address odva_cuda_constant(const struct odva_cuda_gpu *gpu, const void *data,
                                     size_t bytes)
{
    const struct odva_cuda_driver *driver = &gpu->driver;
    odva_cuda_address address = 0;

    if (odva_cuda_enter(gpu) != ODVA_CUDA_SUCCESS)
        return 0;
    /* Streams of backends do not wait for this one: the copy must be over. */
    if (driver->alloc(&address, bytes) == ODVA_CUDA_SUCCESS &&
        (driver->upload(address, data, bytes) != ODVA_CUDA_SUCCESS ||
         driver->stream_synchronize(NULL) != ODVA_CUDA_SUCCESS)) {
        (void)driver->free(address);
        address = 0;
    }
    odva_cuda_leave(gpu);
    return address;
}

void odva_cuda_free_constant(const struct odva_cuda_gpu *gpu, odva_cuda_address address)
{
    if (!address || odva_cuda_enter(gpu) != ODVA_CUDA_SUCCESS)
        return;
    (void)gpu->driver.context_synchronize(); /* backends may have begun work with it */
    (void)gpu->driver.free(address);
    odva_cuda_leave(gpu);
}

/* ---- opening ----------------------------------------------------------------------------- */

static int refuse(const struct onedva_logger *logger, const char *why)
{
    odva_log(logger, ONEDVA_LOG_ERROR, "cuda: %s", why);
    return ONEDVA_ERR_UNSUPPORTED;
}

/* Find the device. */
static int find_device(struct odva_cuda_gpu *gpu, int index, const struct onedva_logger *logger)
{
    const struct odva_cuda_driver *driver = &gpu->driver;
    int count = 0, result = driver->init(0);

    if (result == ODVA_CUDA_SUCCESS)
        result = driver->device_count(&count);
    if (result == ODVA_CUDA_NO_DEVICE || (result == ODVA_CUDA_SUCCESS && count < 1))
        return refuse(logger, "there is no NVIDIA GPU; use -backend cpu");
    if (result != ODVA_CUDA_SUCCESS)
        return odva_cuda_status(gpu, result, "the driver's start", logger);
    if (index >= count) {
        odva_log(logger, ONEDVA_LOG_ERROR, "cuda: there is no device %d; the last one is %d", index,
                 count - 1);
        return ONEDVA_ERR_ARGUMENT;
    }
    gpu->index = index < 0 ? 0 : index;
    return odva_cuda_status(gpu, driver->device_get(&gpu->device, gpu->index),
                            "looking for the device", logger);
}

/* Find the device of a context. */
static int find_device_of(struct odva_cuda_gpu *gpu, odva_cuda_context context,
                          const struct onedva_logger *logger)
{
    int result = gpu->driver.context_push(context);

    if (result == ODVA_CUDA_SUCCESS) {
        result = gpu->driver.context_device(&gpu->device);
        odva_cuda_leave(gpu);
    }
    gpu->index = gpu->device;
    return odva_cuda_status(gpu, result, "entering the context that is open", logger);
}

/* Whether the device can do what is asked of it. */
static int check_device(struct odva_cuda_gpu *gpu, const struct onedva_logger *logger)
{
    const struct odva_cuda_driver *driver = &gpu->driver;
    int major = 0, minor = 0, has_pools = 0;
    int result = driver->device_name(gpu->name, sizeof(gpu->name), gpu->device);

    if (result == ODVA_CUDA_SUCCESS)
        result = driver->device_attribute(&major, ODVA_CUDA_CAPABILITY_MAJOR, gpu->device);
    if (result == ODVA_CUDA_SUCCESS)
        result = driver->device_attribute(&minor, ODVA_CUDA_CAPABILITY_MINOR, gpu->device);
    if (result == ODVA_CUDA_SUCCESS)
        result = driver->device_attribute(&has_pools, ODVA_CUDA_HAS_MEMORY_POOLS, gpu->device);
    if (result != ODVA_CUDA_SUCCESS)
        return odva_cuda_status(gpu, result, "asking what the device is", logger);
    gpu->capability = 10 * major + minor;
    if (gpu->capability < CAPABILITY)
        return refuse(logger, "the GPU is too old: 7.5 or later is needed; use -backend cpu");
    return has_pools ? ONEDVA_OK : refuse(logger, "the GPU has no memory pools; use -backend cpu");
}

/* Memory that was freed stays the process', for the next clip. */
static int keep_memory(const struct odva_cuda_gpu *gpu)
{
    uint64_t all = UINT64_MAX;
    odva_cuda_pool pool;
    const int result = gpu->driver.device_pool(&pool, gpu->device);

    return result != ODVA_CUDA_SUCCESS ? result
                                       : gpu->driver.pool_set(pool, ODVA_CUDA_POOL_KEEPS, &all);
}

/* Whether it is for this device. */
static int has_module(const struct odva_cuda_gpu *gpu, enum odva_cuda_module_number module)
{
    if (gpu->capability >= ODVA_CUDA_BF16_CAPABILITY)
        return 1;
#define IS_BF16(name)                                                                              \
    if (module == ODVA_CUDA_MODULE_##name)                                                         \
        return 0;
    ODVA_CUDA_BF16_MODULES(IS_BF16)
#undef IS_BF16
    return 1;
}

static int load_modules(struct odva_cuda_gpu *gpu)
{
    int result = ODVA_CUDA_SUCCESS;

#define LOAD(name)                                                                                 \
    if (result == ODVA_CUDA_SUCCESS && has_module(gpu, ODVA_CUDA_MODULE_##name))                   \
        result = gpu->driver.module_load(&gpu->modules[ODVA_CUDA_MODULE_##name],                   \
                                         odva_cuda_module_##name);
    ODVA_CUDA_MODULES(LOAD)
#undef LOAD
#define FIND(module, name, arguments)                                                              \
    if (result == ODVA_CUDA_SUCCESS && has_module(gpu, ODVA_CUDA_MODULE_##module))                 \
        result = gpu->driver.module_function(&gpu->kernels[ODVA_CUDA_KERNEL_##name],               \
                                             gpu->modules[ODVA_CUDA_MODULE_##module],              \
                                             "odva_kernel_" #name);
    ODVA_CUDA_KERNELS(FIND)
#undef FIND
    return result;
}

/* A driver knows the code of its own CUDA and of those before. */
static int modules_status(const struct odva_cuda_gpu *gpu, int result,
                          const struct onedva_logger *logger)
{
    if (result == ODVA_CUDA_INVALID_IMAGE || result == ODVA_CUDA_NO_BINARY_FOR_GPU ||
        result == ODVA_CUDA_UNSUPPORTED_PTX)
        return refuse(logger, "the driver is too old for this build's kernels; install a newer "
                              "one, or use -backend cpu");
    return odva_cuda_status(gpu, result, "loading the kernels", logger);
}

/* Let the gpu have the device's primary context. */
static int retain_context(struct odva_cuda_gpu *gpu, const struct onedva_logger *logger)
{
    const int result = gpu->driver.context_retain(&gpu->context, gpu->device);

    if (result != ODVA_CUDA_SUCCESS)
        gpu->context = NULL;
    return odva_cuda_status(gpu, result, "opening the device", logger);
}

static int prepare_context(struct odva_cuda_gpu *gpu, const struct onedva_logger *logger)
{
    int result = odva_cuda_enter(gpu);

    if (result == ODVA_CUDA_SUCCESS) {
        result = keep_memory(gpu);
        if (result == ODVA_CUDA_SUCCESS)
            result = load_modules(gpu);
        odva_cuda_leave(gpu);
    }
    return modules_status(gpu, result, logger);
}

static void close_context(struct odva_cuda_gpu *gpu)
{
    if (odva_cuda_enter(gpu) == ODVA_CUDA_SUCCESS) {
        for (int i = 0; i < ODVA_CUDA_MODULE_COUNT; i++)
            if (gpu->modules[i])
                (void)gpu->driver.module_unload(gpu->modules[i]);
        odva_cuda_leave(gpu);
    }
    if (!gpu->is_adopted)
        (void)gpu->driver.context_release(gpu->device);
}

/* @param context NULL: the primary one of the device of that index */
static int open_gpu(struct odva_cuda_gpu **opened, int index, odva_cuda_context context,
                    const struct onedva_logger *logger)
{
    struct odva_cuda_gpu *gpu = calloc(1, sizeof(*gpu));
    int status;

    *opened = NULL;
    if (!gpu)
        return ONEDVA_ERR_NOMEM;
    status = odva_cuda_driver_load(&gpu->driver, logger);
    if (status < 0) {
        free(gpu);
        return status;
    }
    if (context)
        status = find_device_of(gpu, context, logger);
    else
        status = find_device(gpu, index, logger);
    if (status >= 0)
        status = check_device(gpu, logger);
    if (status >= 0 && !context)
        status = retain_context(gpu, logger);
    if (status >= 0 && context) {
        gpu->context = context;
        gpu->is_adopted = 1;
    }
    if (status >= 0)
        status = prepare_context(gpu, logger);
    if (status < 0)
        odva_cuda_gpu_close(&gpu);
    *opened = gpu;
    return status;
}

int odva_cuda_gpu_open(struct odva_cuda_gpu **gpu, int index, const struct onedva_logger *logger)
{
    return open_gpu(gpu, index, NULL, logger);
}

int odva_cuda_gpu_adopt(struct odva_cuda_gpu **gpu, odva_cuda_context context,
                        const struct onedva_logger *logger)
{
    return open_gpu(gpu, 0, context, logger);
}

void odva_cuda_gpu_close(struct odva_cuda_gpu **closed)
{
    struct odva_cuda_gpu *gpu = *closed;

    if (!gpu)
        return;
    if (gpu->context)
        close_context(gpu);
    odva_cuda_driver_unload(&gpu->driver);
    free(gpu);
    *closed = NULL;
}
