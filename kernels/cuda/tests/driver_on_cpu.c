/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A CUDA driver whose one device is the CPU (emulator.h). */
#include "kernels/cuda/driver.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/modules.h"
#include "kernels/cuda/tests/emulator.h"
#include "tests/support/test.h"

#define INVALID_VALUE 1
#define NOISE         0xa5 /* what fresh memory holds */

/* ---- kernels ----------------------------------------------------------------------------- */

struct CUfunc_st {
    const char *name;
    void (*run)(const void *arguments);
    size_t bytes; /* of them */
};

#define KERNEL(module, name, arguments)                                                            \
    void odva_kernel_##name(struct odva_cuda_##arguments a);                                       \
    static void run_##name(const void *a)                                                          \
    {                                                                                              \
        odva_kernel_##name(*(const struct odva_cuda_##arguments *)a);                              \
    }
ODVA_CUDA_KERNELS(KERNEL)
#undef KERNEL

static struct CUfunc_st functions[] = {
#define KERNEL(module, name, arguments)                                                            \
    {"odva_kernel_" #name, run_##name, sizeof(struct odva_cuda_##arguments)},
    ODVA_CUDA_KERNELS(KERNEL)
#undef KERNEL
};

#define MODULE(name) const unsigned char odva_cuda_module_##name[] = #name;
ODVA_CUDA_MODULES(MODULE)
#undef MODULE

/* ---- what there is ----------------------------------------------------------------------- */

/** Something that waits in a stream. */
struct work {
    void (*run)(struct work *work);
    void *dst, *data; /* data: owned, or memory of the host that the device reads itself */
    const void *src;
    size_t bytes;
    int byte;
    struct CUfunc_st *function;
    struct cuda_on_cpu_dim blocks, threads;
    struct CUevent_st *event;
    struct work *next;
};

struct CUstream_st {
    struct work *first, **end;
    struct CUstream_st *next;
};

struct CUevent_st {
    struct CUstream_st *stream; /* NULL: it has come to pass */
};

/** Of malloc: memory of the device, and of the host that the device may copy by itself. */
struct block_of_memory {
    unsigned char *memory;
    size_t bytes;
    int is_host;
    struct block_of_memory *next;
};

static struct {
    struct block_of_memory *blocks;
    struct CUstream_st *streams;
    int things;   /* streams, events, modules, contexts, and libraries that are open */
    int contexts; /* that are current */
    const char *failing;
    int result, times;
    int countdown; /* which call fails; 0 or less: none that is still to come */
} emulator;

struct emulated_gpu emulated_gpu = EMULATED_GPU;

void emulator_fail(const char *name, int result, int times)
{
    emulator.failing = name;
    emulator.result = result;
    emulator.times = times;
}

void emulator_fail_call(int number, int result)
{
    emulator.countdown = number;
    emulator.result = result;
}

int emulator_has_failed(void)
{
    return emulator.countdown <= 0;
}

int emulator_leaks(void)
{
    int count = emulator.things + emulator.contexts;

    for (struct block_of_memory *b = emulator.blocks; b; b = b->next)
        count++;
    return count;
}

/* Whether a call may be one of those that are counted: what ends something does not fail here, and
 * nothing is freed without a context. */
static int may_fail(const char *name)
{
    static const char *const parts[] = {"ErrorName", "Push",    "Pop",   "Free",
                                        "Release",   "Destroy", "Unload"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(name, parts[i]))
            return 0;
    return 1;
}

/* @return what the function of that name is to fail with */
static int begin_call(const char *name)
{
    if (emulator.countdown > 0 && may_fail(name) && --emulator.countdown == 0)
        return emulator.result;
    if (!emulator.failing || strcmp(emulator.failing, name) || emulator.times <= 0)
        return ODVA_CUDA_SUCCESS;
    emulator.times--;
    return emulator.result;
}

/* All but a few functions want a context. */
#define BEGIN_CALL(name)                                                                           \
    do {                                                                                           \
        const int result = begin_call(#name);                                                      \
        if (result != ODVA_CUDA_SUCCESS)                                                           \
            return result;                                                                         \
        if (!emulator.contexts)                                                                    \
            fail_msg("%s is called without a context", #name);                                     \
    } while (0)

/* ---- memory ------------------------------------------------------------------------------ */

static void *new_block(size_t bytes, int is_host)
{
    struct block_of_memory *block = calloc(1, sizeof(*block));

    assert_non_null(block);
    *block = (struct block_of_memory){malloc(bytes), bytes, is_host, emulator.blocks};
    assert_non_null(block->memory);
    memset(block->memory, NOISE, bytes);
    emulator.blocks = block;
    return block->memory;
}

static void free_block(const void *memory, int is_host)
{
    struct block_of_memory **link = &emulator.blocks, *block;

    while (*link && (*link)->memory != memory)
        link = &(*link)->next;
    block = *link;
    if (!block || block->is_host != is_host)
        fail_msg("what is freed was not allocated there");
    *link = block->next;
    free(block->memory);
    free(block);
}

/* Fails unless all of it is in one block. */
static void check_range(const void *memory, size_t bytes, int is_host)
{
    const unsigned char *at = memory;

    for (struct block_of_memory *b = emulator.blocks; b; b = b->next)
        if (b->is_host == is_host && at >= b->memory && at + bytes <= b->memory + b->bytes)
            return;
    fail_msg("a copy of %zu bytes is not within memory of the %s that was allocated", bytes,
             is_host ? "host, where the device can read it," : "device");
}

static void *pointer(odva_cuda_address address)
{
    return (void *)(uintptr_t)address;
}

/* ---- streams ----------------------------------------------------------------------------- */

static void push(struct CUstream_st *stream, struct work work)
{
    struct work *pushed = malloc(sizeof(*pushed));

    assert_non_null(stream);
    assert_non_null(pushed);
    *pushed = work;
    pushed->next = NULL;
    *stream->end = pushed;
    stream->end = &pushed->next;
}

static void run_first(struct CUstream_st *stream)
{
    struct work *work = stream->first;

    stream->first = work->next;
    if (!stream->first)
        stream->end = &stream->first;
    work->run(work);
    free(work->data);
    free(work);
}

static void do_copy(struct work *work)
{
    memcpy(work->dst, work->src, work->bytes);
}

static void do_fill(struct work *work)
{
    memset(work->dst, work->byte, work->bytes);
}

static void do_free(struct work *work)
{
    free_block(work->dst, 0);
}

static void do_event(struct work *work)
{
    work->event->stream = NULL;
}

static void do_kernel(struct work *work)
{
    cuda_on_cpu_launch(work->function->name, work->function->run, work->data, work->blocks,
                       work->threads);
}

/* ---- functions: the device --------------------------------------------------------------- */

static int cuInit(unsigned flags)
{
    assert_int_equal(flags, 0);
    return begin_call("cuInit");
}

static int cuGetErrorName(int result, const char **name)
{
    *name = result == ODVA_CUDA_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_OF_A_TEST";
    return begin_call("cuGetErrorName");
}

static int cuDeviceGetCount(int *count)
{
    *count = emulated_gpu.count;
    return begin_call("cuDeviceGetCount");
}

static int cuDeviceGet(int *device, int index)
{
    assert_int_equal(index, 0);
    *device = 7;
    return begin_call("cuDeviceGet");
}

static int cuDeviceGetName(char *name, int bytes, int device)
{
    assert_int_equal(device, 7);
    snprintf(name, bytes, "the CPU");
    return begin_call("cuDeviceGetName");
}

static int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    assert_int_equal(device, 7);
    *value = attribute == ODVA_CUDA_CAPABILITY_MAJOR   ? emulated_gpu.major
             : attribute == ODVA_CUDA_CAPABILITY_MINOR ? emulated_gpu.minor
             : attribute == ODVA_CUDA_HAS_MEMORY_POOLS ? emulated_gpu.has_pools
                                                       : -1;
    return begin_call("cuDeviceGetAttribute");
}

static int cuDeviceGetDefaultMemPool(odva_cuda_pool *pool, int device)
{
    assert_int_equal(device, 7);
    *pool = NULL;
    return begin_call("cuDeviceGetDefaultMemPool");
}

static int cuMemPoolSetAttribute(odva_cuda_pool pool, int attribute, void *value)
{
    assert_null(pool);
    assert_int_equal(attribute, ODVA_CUDA_POOL_KEEPS);
    assert_int_equal(*(uint64_t *)value, UINT64_MAX);
    return begin_call("cuMemPoolSetAttribute");
}

/* Nothing is known of a context but its address. */
static char the_context;

static int cuDevicePrimaryCtxRetain(odva_cuda_context *context, int device)
{
    const int result = begin_call("cuDevicePrimaryCtxRetain");

    assert_int_equal(device, 7);
    if (result == ODVA_CUDA_SUCCESS) {
        *context = (odva_cuda_context)(void *)&the_context;
        emulator.things++;
    }
    return result;
}

static int cuDevicePrimaryCtxRelease_v2(int device)
{
    assert_int_equal(device, 7);
    emulator.things--;
    return begin_call("cuDevicePrimaryCtxRelease_v2");
}

static int cuCtxPushCurrent_v2(odva_cuda_context context)
{
    const int result = begin_call("cuCtxPushCurrent_v2");

    assert_ptr_equal(context, &the_context);
    emulator.contexts += result == ODVA_CUDA_SUCCESS;
    return result;
}

static int cuCtxPopCurrent_v2(odva_cuda_context *context)
{
    BEGIN_CALL(cuCtxPopCurrent_v2);
    *context = (odva_cuda_context)(void *)&the_context;
    emulator.contexts--;
    return ODVA_CUDA_SUCCESS;
}

static int cuCtxSynchronize(void)
{
    BEGIN_CALL(cuCtxSynchronize);
    for (struct CUstream_st *stream = emulator.streams; stream; stream = stream->next)
        while (stream->first)
            run_first(stream);
    return ODVA_CUDA_SUCCESS;
}

static int cuModuleLoadData(odva_cuda_module *module, const void *image)
{
    BEGIN_CALL(cuModuleLoadData);
    *module = (odva_cuda_module)(uintptr_t)image;
    emulator.things++;
    return ODVA_CUDA_SUCCESS;
}

static int cuModuleUnload(odva_cuda_module module)
{
    BEGIN_CALL(cuModuleUnload);
    assert_non_null(module);
    emulator.things--;
    return ODVA_CUDA_SUCCESS;
}

/* Of the module that kernels.h says it is in. */
static const char *module_of(const char *kernel)
{
#define KERNEL(module, name, arguments)                                                            \
    if (!strcmp(kernel, "odva_kernel_" #name))                                                     \
        return #module;
    ODVA_CUDA_KERNELS(KERNEL)
#undef KERNEL
    return "";
}

static int cuModuleGetFunction(odva_cuda_function *function, odva_cuda_module module,
                               const char *name)
{
    BEGIN_CALL(cuModuleGetFunction);
    assert_string_equal((const char *)module, module_of(name));
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (!strcmp(functions[i].name, name))
            *function = &functions[i];
    return ODVA_CUDA_SUCCESS;
}

/* ---- functions: memory ------------------------------------------------------------------- */

static int cuMemAlloc_v2(odva_cuda_address *address, size_t bytes)
{
    BEGIN_CALL(cuMemAlloc_v2);
    if (!bytes)
        return INVALID_VALUE;
    *address = (uintptr_t)new_block(bytes, 0);
    return ODVA_CUDA_SUCCESS;
}

static int cuMemFree_v2(odva_cuda_address address)
{
    BEGIN_CALL(cuMemFree_v2);
    free_block(pointer(address), 0);
    return ODVA_CUDA_SUCCESS;
}

static int cuMemAllocAsync(odva_cuda_address *address, size_t bytes, odva_cuda_queue queue)
{
    BEGIN_CALL(cuMemAllocAsync);
    assert_non_null(queue);
    if (!bytes)
        return INVALID_VALUE;
    *address = (uintptr_t)new_block(bytes, 0);
    return ODVA_CUDA_SUCCESS;
}

static int cuMemFreeAsync(odva_cuda_address address, odva_cuda_queue queue)
{
    BEGIN_CALL(cuMemFreeAsync);
    push(queue, (struct work){.run = do_free, .dst = pointer(address)});
    return ODVA_CUDA_SUCCESS;
}

static int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags)
{
    BEGIN_CALL(cuMemHostAlloc);
    assert_int_equal(flags, 0);
    *memory = new_block(bytes, 1);
    return ODVA_CUDA_SUCCESS;
}

static int cuMemFreeHost(void *memory)
{
    BEGIN_CALL(cuMemFreeHost);
    free_block(memory, 1);
    return ODVA_CUDA_SUCCESS;
}

static int cuMemcpyHtoD_v2(odva_cuda_address dst, const void *src, size_t bytes)
{
    BEGIN_CALL(cuMemcpyHtoD_v2);
    check_range(pointer(dst), bytes, 0);
    memcpy(pointer(dst), src, bytes);
    return ODVA_CUDA_SUCCESS;
}

static int cuMemcpyHtoDAsync_v2(odva_cuda_address dst, const void *src, size_t bytes,
                                odva_cuda_queue queue)
{
    BEGIN_CALL(cuMemcpyHtoDAsync_v2);
    check_range(src, bytes, 1);
    check_range(pointer(dst), bytes, 0);
    push(queue, (struct work){.run = do_copy, .dst = pointer(dst), .src = src, .bytes = bytes});
    return ODVA_CUDA_SUCCESS;
}

static int cuMemcpyDtoHAsync_v2(void *dst, odva_cuda_address src, size_t bytes,
                                odva_cuda_queue queue)
{
    BEGIN_CALL(cuMemcpyDtoHAsync_v2);
    check_range(dst, bytes, 1);
    check_range(pointer(src), bytes, 0);
    push(queue, (struct work){.run = do_copy, .dst = dst, .src = pointer(src), .bytes = bytes});
    return ODVA_CUDA_SUCCESS;
}

static int cuMemcpyDtoDAsync_v2(odva_cuda_address dst, odva_cuda_address src, size_t bytes,
                                odva_cuda_queue queue)
{
    BEGIN_CALL(cuMemcpyDtoDAsync_v2);
    check_range(pointer(dst), bytes, 0);
    check_range(pointer(src), bytes, 0);
    push(queue,
         (struct work){.run = do_copy, .dst = pointer(dst), .src = pointer(src), .bytes = bytes});
    return ODVA_CUDA_SUCCESS;
}

static int cuMemsetD8Async(odva_cuda_address dst, unsigned char byte, size_t bytes,
                           odva_cuda_queue queue)
{
    BEGIN_CALL(cuMemsetD8Async);
    check_range(pointer(dst), bytes, 0);
    push(queue, (struct work){.run = do_fill, .dst = pointer(dst), .byte = byte, .bytes = bytes});
    return ODVA_CUDA_SUCCESS;
}

/* ---- functions: streams ------------------------------------------------------------------ */

static int cuStreamCreate(odva_cuda_queue *queue, unsigned flags)
{
    BEGIN_CALL(cuStreamCreate);
    assert_int_equal(flags, ODVA_CUDA_STREAM_NON_BLOCKING);
    *queue = calloc(1, sizeof(**queue));
    assert_non_null(*queue);
    (*queue)->end = &(*queue)->first;
    (*queue)->next = emulator.streams;
    emulator.streams = *queue;
    emulator.things++;
    return ODVA_CUDA_SUCCESS;
}

/* Of the device's own stream, on which nothing waits, too. A failure is of work before, and nothing
 * waits any more then. */
static int cuStreamSynchronize(odva_cuda_queue queue)
{
    const int result = begin_call("cuStreamSynchronize");

    while (queue && queue->first)
        run_first(queue);
    return result;
}

static int cuStreamDestroy_v2(odva_cuda_queue queue)
{
    struct CUstream_st **link = &emulator.streams;

    BEGIN_CALL(cuStreamDestroy_v2);
    while (queue->first)
        run_first(queue);
    while (*link != queue)
        link = &(*link)->next;
    *link = queue->next;
    free(queue);
    emulator.things--;
    return ODVA_CUDA_SUCCESS;
}

static int cuEventCreate(odva_cuda_event *event, unsigned flags)
{
    BEGIN_CALL(cuEventCreate);
    assert_int_equal(flags, ODVA_CUDA_EVENT_NO_TIMING);
    *event = calloc(1, sizeof(**event));
    assert_non_null(*event);
    emulator.things++;
    return ODVA_CUDA_SUCCESS;
}

static int cuEventDestroy_v2(odva_cuda_event event)
{
    BEGIN_CALL(cuEventDestroy_v2);
    assert_null(event->stream);
    free(event);
    emulator.things--;
    return ODVA_CUDA_SUCCESS;
}

static int cuEventRecord(odva_cuda_event event, odva_cuda_queue queue)
{
    BEGIN_CALL(cuEventRecord);
    event->stream = queue;
    push(queue, (struct work){.run = do_event, .event = event});
    return ODVA_CUDA_SUCCESS;
}

static int cuEventQuery(odva_cuda_event event)
{
    BEGIN_CALL(cuEventQuery);
    return event->stream ? ODVA_CUDA_NOT_READY : ODVA_CUDA_SUCCESS;
}

static int cuLaunchKernel(odva_cuda_function function, unsigned grid_x, unsigned grid_y,
                          unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                          unsigned shared_bytes, odva_cuda_queue queue, void **arguments,
                          void **extra)
{
    void *copy;

    BEGIN_CALL(cuLaunchKernel);
    if (!grid_x || !grid_y || !grid_z || grid_x > INT32_MAX || grid_y > 65535 || grid_z > 65535 ||
        !block_x || block_x * block_y * block_z > 1024 || block_y != 1 || block_z != 1)
        fail_msg("%s: %u x %u x %u blocks of %u threads", function->name, grid_x, grid_y, grid_z,
                 block_x);
    assert_int_equal(shared_bytes, 0);
    assert_null(extra);
    copy = malloc(function->bytes);
    assert_non_null(copy);
    memcpy(copy, arguments[0], function->bytes);
    push(queue, (struct work){.run = do_kernel,
                              .function = function,
                              .data = copy,
                              .blocks = {grid_x, grid_y, grid_z},
                              .threads = {block_x, block_y, block_z}});
    return ODVA_CUDA_SUCCESS;
}

/* ---- the library ------------------------------------------------------------------------- */

void *__real_dlopen(const char *name, int flags);
void *__real_dlsym(void *library, const char *name);
int __real_dlclose(void *library);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlsym(void *library, const char *name);
int __wrap_dlclose(void *library);

static int lacks(const char *name)
{
    return emulated_gpu.lacks && !strcmp(emulated_gpu.lacks, name);
}

void *__wrap_dlopen(const char *name, int flags)
{
    if (!name || strcmp(name, "libcuda.so.1"))
        return __real_dlopen(name, flags);
    if (lacks(name))
        return NULL;
    emulator.things++;
    return &emulator;
}

void *__wrap_dlsym(void *library, const char *name)
{
    if (library != &emulator)
        return __real_dlsym(library, name);
#define FIND(member, function, parameters)                                                         \
    if (!strcmp(name, #function))                                                                  \
        return lacks(name) ? NULL : (void *)function;
    ODVA_CUDA_FUNCTIONS(FIND)
#undef FIND
    fail_msg("%s is not a function that the emulated driver has", name);
    return NULL;
}

int __wrap_dlclose(void *library)
{
    if (library != &emulator)
        return __real_dlclose(library);
    emulator.things--;
    return 0;
}
