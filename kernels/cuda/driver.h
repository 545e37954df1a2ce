/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * NVIDIA's driver, found when a program runs: what of it is called, declared here, so that neither
 * NVIDIA's headers are needed to compile nor its libraries to link.
 */
#ifndef ODVA_CUDA_DRIVER_H
#define ODVA_CUDA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "onedva/onedva.h"

typedef uint64_t odva_cuda_address; /* CUdeviceptr */

typedef struct CUctx_st *odva_cuda_context;
typedef struct CUevent_st *odva_cuda_event;
typedef struct CUfunc_st *odva_cuda_function;
typedef struct CUmod_st *odva_cuda_module;
typedef struct CUmemPoolHandle_st *odva_cuda_pool;
typedef struct CUstream_st *odva_cuda_queue;

/** CUresult: those that are told apart. */
enum {
    ODVA_CUDA_SUCCESS = 0,
    ODVA_CUDA_OUT_OF_MEMORY = 2,
    ODVA_CUDA_NO_DEVICE = 100,
    ODVA_CUDA_INVALID_IMAGE = 200,
    ODVA_CUDA_NO_BINARY_FOR_GPU = 209,
    ODVA_CUDA_UNSUPPORTED_PTX = 222,
    ODVA_CUDA_NOT_READY = 600,
};

/** CUdevice_attribute */
enum {
    ODVA_CUDA_CAPABILITY_MAJOR = 75,
    ODVA_CUDA_CAPABILITY_MINOR = 76,
    ODVA_CUDA_HAS_MEMORY_POOLS = 115,
};

enum {
    ODVA_CUDA_STREAM_NON_BLOCKING = 1, /* CUstream_flags */
    ODVA_CUDA_EVENT_NO_TIMING = 2,     /* CUevent_flags */
    ODVA_CUDA_POOL_KEEPS = 4,          /* CUmemPool_attribute: bytes that are kept when free */
};

/** CUmemorytype */
enum {
    ODVA_CUDA_MEMORY_HOST = 1,
    ODVA_CUDA_MEMORY_DEVICE = 2,
};

/** CUDA_MEMCPY2D */
struct odva_cuda_copy_2d {
    size_t src_x, src_y;
    int src_type;
    const void *src_host;
    odva_cuda_address src_device;
    void *src_array;
    size_t src_pitch;
    size_t dst_x, dst_y;
    int dst_type;
    void *dst_host;
    odva_cuda_address dst_device;
    void *dst_array;
    size_t dst_pitch;
    size_t width, height; /* bytes, rows */
};

/** Name of a member, name of the driver's function, its parameters; all return CUresult. */
#define ODVA_CUDA_FUNCTIONS(FUNCTION)                                                              \
    FUNCTION(init, cuInit, (unsigned flags))                                                       \
    FUNCTION(error_name, cuGetErrorName, (int result, const char **name))                          \
    FUNCTION(device_count, cuDeviceGetCount, (int *count))                                         \
    FUNCTION(device_get, cuDeviceGet, (int *device, int index))                                    \
    FUNCTION(device_name, cuDeviceGetName, (char *name, int bytes, int device))                    \
    FUNCTION(device_attribute, cuDeviceGetAttribute, (int *value, int attribute, int device))      \
    FUNCTION(device_pool, cuDeviceGetDefaultMemPool, (odva_cuda_pool * pool, int device))          \
    FUNCTION(pool_set, cuMemPoolSetAttribute, (odva_cuda_pool pool, int attribute, void *value))   \
    FUNCTION(context_retain, cuDevicePrimaryCtxRetain, (odva_cuda_context * context, int device))  \
    FUNCTION(context_release, cuDevicePrimaryCtxRelease_v2, (int device))                          \
    FUNCTION(context_push, cuCtxPushCurrent_v2, (odva_cuda_context context))                       \
    FUNCTION(context_pop, cuCtxPopCurrent_v2, (odva_cuda_context * context))                       \
    FUNCTION(context_device, cuCtxGetDevice, (int *device))                                        \
    FUNCTION(context_synchronize, cuCtxSynchronize, (void))                                        \
    FUNCTION(module_load, cuModuleLoadData, (odva_cuda_module * module, const void *image))        \
    FUNCTION(module_unload, cuModuleUnload, (odva_cuda_module module))                             \
    FUNCTION(module_function, cuModuleGetFunction,                                                 \
             (odva_cuda_function * function, odva_cuda_module module, const char *name))           \
    FUNCTION(alloc, cuMemAlloc_v2, (odva_cuda_address * address, size_t bytes))                    \
    FUNCTION(free, cuMemFree_v2, (odva_cuda_address address))                                      \
    FUNCTION(alloc_async, cuMemAllocAsync,                                                         \
             (odva_cuda_address * address, size_t bytes, odva_cuda_queue queue))                   \
    FUNCTION(free_async, cuMemFreeAsync, (odva_cuda_address address, odva_cuda_queue queue))       \
    FUNCTION(host_alloc, cuMemHostAlloc, (void **memory, size_t bytes, unsigned flags))            \
    FUNCTION(host_free, cuMemFreeHost, (void *memory))                                             \
    FUNCTION(upload, cuMemcpyHtoD_v2, (odva_cuda_address dst, const void *src, size_t bytes))      \
    FUNCTION(upload_async, cuMemcpyHtoDAsync_v2,                                                   \
             (odva_cuda_address dst, const void *src, size_t bytes, odva_cuda_queue queue))        \
    FUNCTION(download_async, cuMemcpyDtoHAsync_v2,                                                 \
             (void *dst, odva_cuda_address src, size_t bytes, odva_cuda_queue queue))              \
    FUNCTION(copy_async, cuMemcpyDtoDAsync_v2,                                                     \
             (odva_cuda_address dst, odva_cuda_address src, size_t bytes, odva_cuda_queue queue))  \
    FUNCTION(copy_2d_async, cuMemcpy2DAsync_v2,                                                    \
             (const struct odva_cuda_copy_2d *copy, odva_cuda_queue queue))                        \
    FUNCTION(fill_async, cuMemsetD8Async,                                                          \
             (odva_cuda_address dst, unsigned char byte, size_t bytes, odva_cuda_queue queue))     \
    FUNCTION(stream_create, cuStreamCreate, (odva_cuda_queue * queue, unsigned flags))             \
    FUNCTION(stream_destroy, cuStreamDestroy_v2, (odva_cuda_queue queue))                          \
    FUNCTION(stream_synchronize, cuStreamSynchronize, (odva_cuda_queue queue))                     \
    FUNCTION(stream_wait, cuStreamWaitEvent,                                                       \
             (odva_cuda_queue queue, odva_cuda_event event, unsigned flags))                       \
    FUNCTION(event_create, cuEventCreate, (odva_cuda_event * event, unsigned flags))               \
    FUNCTION(event_destroy, cuEventDestroy_v2, (odva_cuda_event event))                            \
    FUNCTION(event_record, cuEventRecord, (odva_cuda_event event, odva_cuda_queue queue))          \
    FUNCTION(event_query, cuEventQuery, (odva_cuda_event event))                                   \
    FUNCTION(launch, cuLaunchKernel,                                                               \
             (odva_cuda_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z,      \
              unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,         \
              odva_cuda_queue queue, void **arguments, void **extra))

struct odva_cuda_driver {
    void *library;
#define ODVA_CUDA_MEMBER(member, name, parameters) int(*member) parameters;
    ODVA_CUDA_FUNCTIONS(ODVA_CUDA_MEMBER)
#undef ODVA_CUDA_MEMBER
};

/** @return ONEDVA_OK or, after one line, ONEDVA_ERR_UNSUPPORTED, with which nothing is to be
 * unloaded */
int odva_cuda_driver_load(struct odva_cuda_driver *driver, const struct onedva_logger *logger);
void odva_cuda_driver_unload(struct odva_cuda_driver *driver);

#endif
