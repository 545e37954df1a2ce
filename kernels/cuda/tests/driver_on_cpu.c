/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* A CUDA driver whose one device is the CPU (emulator.h). */
#include "kernels/cuda/driver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/modules.h"
#include "kernels/cuda/tests/emulator.h"
#include "tests/support/test.h"

#define INVALID_VALUE     1
#define TEXTURE_ALIGNMENT 14 /* an attribute, which FFmpeg asks for */
#define INVALID_DEVICE    101
#define INVALID_CONTEXT   201
#define NOISE             0xa5 /* what fresh memory holds */
#define MOST_CONTEXTS     4    /* that are current in a thread */
#define MOST_NAMES        64   /* of functions that are called */

/* What dlsym finds; other threads wait meanwhile. */
#define DRIVER        __attribute__((visibility("default")))
#define ONE_AT_A_TIME __attribute__((cleanup(unlock), unused)) const int is_locked = lock()

/* Recursive: a test that fails leaves a function without its end. */
static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static int lock(void)
{
    return pthread_mutex_lock(&mutex);
}

static void unlock(const int *is_locked)
{
    (void)is_locked;
    (void)pthread_mutex_unlock(&mutex);
}

/* ---- kernels ----------------------------------------------------------------------------- */

struct CUfunc_st {
    const char *name;
    void (*run)(const void *arguments);
    size_t bytes; /* of them */
    struct CUctx_st *context;
};

#define KERNEL(module, name, arguments)                                                            \
    void odva_kernel_##name(struct odva_cuda_##arguments a);                                       \
    static void run_##name(const void *a)                                                          \
    {                                                                                              \
        odva_kernel_##name(*(const struct odva_cuda_##arguments *)a);                              \
    }
ODVA_CUDA_KERNELS(KERNEL)
#undef KERNEL

static const struct CUfunc_st functions[] = {
#define KERNEL(module, name, arguments)                                                            \
    {"odva_kernel_" #name, run_##name, sizeof(struct odva_cuda_##arguments), NULL},
    ODVA_CUDA_KERNELS(KERNEL)
#undef KERNEL
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

#define MODULE(name) const unsigned char odva_cuda_module_##name[] = #name;
ODVA_CUDA_MODULES(MODULE)
#undef MODULE

/* ---- what there is ----------------------------------------------------------------------- */

/** Something that waits in a stream. */
struct work {
    void (*run)(struct work *work);
    void (*other_run)(void *data); /* of others' work */
    void *dst, *data; /* data: owned, or memory of the host that the device reads itself */
    const void *src;
    size_t bytes;
    int byte;
    const struct CUfunc_st *function;
    struct cuda_on_cpu_dim blocks, threads;
    struct CUevent_st *event;
    int number;                /* of the event's recordings, the first being 1 */
    struct CUstream_st *other; /* in which the event is */
    struct work *next;
};

struct CUstream_st {
    struct work *first, **end;
    struct CUctx_st *context;
    struct CUstream_st *next;
};

struct CUevent_st {
    struct CUstream_st *stream; /* in which it was recorded last */
    struct CUctx_st *context;
    int recorded, passed; /* how often */
};

struct CUctx_st {
    struct CUstream_st own; /* the stream of those who name none */
    int uses;
    struct CUctx_st *next;
};

struct CUmod_st {
    const char *image;
    struct CUfunc_st functions[FUNCTIONS];
};

/** Of malloc: memory of the device, and of the host that the device may copy by itself. */
struct block_of_memory {
    unsigned char *memory;
    size_t bytes;
    int is_host;
    struct CUctx_st *context; /* whose it is; NULL: of any */
    struct block_of_memory *next;
};

static struct {
    struct block_of_memory *blocks;
    struct CUstream_st *streams;
    struct CUctx_st *contexts, primary;
    int things; /* streams, events, modules, contexts, and libraries that are open */
    int pushed; /* contexts that are current, in all threads */
    const char *failing;
    int result, times;
    int countdown; /* which call fails; 0 or less: none that is still to come */
    struct emulator_calls calls[MOST_NAMES];
} emulator;

/** Those that are current, the last one first. */
static _Thread_local struct {
    struct CUctx_st *contexts[MOST_CONTEXTS];
    int count;
} thread;

struct emulated_gpu emulated_gpu = EMULATED_GPU;

const struct emulator_calls *emulator_calls(void)
{
    return emulator.calls;
}

void emulator_forget_calls(void)
{
    memset(emulator.calls, 0, sizeof(emulator.calls));
}

static struct emulator_calls *calls_of(const char *name)
{
    int i = 0;

    while (i < MOST_NAMES - 1 && emulator.calls[i].name && strcmp(emulator.calls[i].name, name))
        i++;
    assert_true(i < MOST_NAMES - 1); /* the last one ends the list */
    emulator.calls[i].name = name;
    return &emulator.calls[i];
}

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

void emulator_opened(int things)
{
    emulator.things += things;
}

int emulator_leaks(void)
{
    int count = emulator.things + emulator.pushed;

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
    calls_of(name)->count++;
    if (emulator.countdown > 0 && may_fail(name) && --emulator.countdown == 0)
        return emulator.result;
    if (!emulator.failing || strcmp(emulator.failing, name) || emulator.times <= 0)
        return ODVA_CUDA_SUCCESS;
    emulator.times--;
    return emulator.result;
}

static struct CUctx_st *current(void)
{
    return thread.count ? thread.contexts[thread.count - 1] : NULL;
}

static int push_context(struct CUctx_st *context)
{
    assert_true(thread.count < MOST_CONTEXTS);
    thread.contexts[thread.count++] = context;
    emulator.pushed++;
    return ODVA_CUDA_SUCCESS;
}

/* All but a few functions want a context. */
#define BEGIN_CALL(name)                                                                           \
    do {                                                                                           \
        const int result = begin_call(#name);                                                      \
        if (result != ODVA_CUDA_SUCCESS)                                                           \
            return result;                                                                         \
        if (!current())                                                                            \
            fail_msg("%s is called without a context", #name);                                     \
    } while (0)

/* ---- memory ------------------------------------------------------------------------------ */

static void *new_block(size_t bytes, int is_host, struct CUctx_st *context)
{
    struct block_of_memory *block = calloc(1, sizeof(*block));

    assert_non_null(block);
    *block = (struct block_of_memory){malloc(bytes), bytes, is_host, context, emulator.blocks};
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

/* Whether all of it is in one block that the context may use. */
static int is_in_block(const void *memory, size_t bytes, int is_host)
{
    const unsigned char *at = memory;

    for (struct block_of_memory *b = emulator.blocks; b; b = b->next)
        if (b->is_host == is_host && (!b->context || b->context == current()) && at >= b->memory &&
            at + bytes <= b->memory + b->bytes)
            return 1;
    return 0;
}

/* Fails unless it is. */
static void check_range(const void *memory, size_t bytes, int is_host)
{
    if (is_in_block(memory, bytes, is_host))
        return;
    fail_msg("a copy of %zu bytes is not within memory of the %s that the context has", bytes,
             is_host ? "host, where the device can read it," : "device");
}

static void *pointer(odva_cuda_address address)
{
    return (void *)(uintptr_t)address;
}

/* ---- streams ----------------------------------------------------------------------------- */

/* Of the context that is current. */
static struct CUstream_st *stream_of(odva_cuda_queue queue)
{
    struct CUstream_st *stream = queue ? queue : &current()->own;

    if (stream->context != current())
        fail_msg("a stream is not of the context that is current");
    return stream;
}

static void push(odva_cuda_queue queue, struct work work)
{
    struct CUstream_st *stream = stream_of(queue);
    struct work *pushed = malloc(sizeof(*pushed));

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

static void run_all(struct CUstream_st *stream)
{
    while (stream->first)
        run_first(stream);
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
    work->event->passed = work->number;
}

static void do_wait(struct work *work)
{
    while (work->event->passed < work->number)
        run_first(work->other);
}

/* Rows, each of its width; to or from data, where the host's side was not to be read later. */
static void copy_rows(const struct odva_cuda_copy_2d *copy)
{
    unsigned char *dst =
        copy->dst_type == ODVA_CUDA_MEMORY_HOST ? copy->dst_host : pointer(copy->dst_device);
    const unsigned char *src =
        copy->src_type == ODVA_CUDA_MEMORY_HOST ? copy->src_host : pointer(copy->src_device);

    for (size_t y = 0; y < copy->height; y++)
        memcpy(dst + y * copy->dst_pitch, src + y * copy->src_pitch, copy->width);
}

static void do_copy_rows(struct work *work)
{
    copy_rows(work->data);
}

static void do_kernel(struct work *work)
{
    cuda_on_cpu_launch(work->function->name, work->function->run, work->data, work->blocks,
                       work->threads);
}

static int unfinished_of(const struct CUstream_st *stream)
{
    int count = 0;

    for (const struct work *w = stream->first; w; w = w->next)
        count +=
            w->run == do_copy || w->run == do_copy_rows || w->run == do_fill || w->run == do_kernel;
    return count;
}

int emulator_unfinished(void)
{
    int count = 0;

    for (struct CUctx_st *context = emulator.contexts; context; context = context->next)
        count += unfinished_of(&context->own);
    for (struct CUstream_st *stream = emulator.streams; stream; stream = stream->next)
        count += unfinished_of(stream);
    return count;
}

int emulator_has_context(void)
{
    return current() != NULL;
}

int emulator_fails(const char *name)
{
    return begin_call(name) != ODVA_CUDA_SUCCESS;
}

int emulator_failure(void)
{
    return emulator.result;
}

void emulator_check_range(const void *memory, size_t bytes)
{
    check_range(memory, bytes, 0);
}

static void do_other(struct work *work)
{
    work->other_run(work->data);
}

void emulator_push(struct CUstream_st *queue, void (*run)(void *data), const void *data,
                   size_t bytes)
{
    void *copy = malloc(bytes);

    assert_non_null(copy);
    memcpy(copy, data, bytes);
    push(queue, (struct work){.run = do_other, .other_run = run, .data = copy});
}

/* ---- functions: the device --------------------------------------------------------------- */

DRIVER int cuInit(unsigned flags)
{
    ONE_AT_A_TIME;
    assert_int_equal(flags, 0);
    return begin_call("cuInit");
}

DRIVER int cuGetErrorName(int result, const char **name)
{
    ONE_AT_A_TIME;
    *name = result == ODVA_CUDA_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_OF_A_TEST";
    return begin_call("cuGetErrorName");
}

DRIVER int cuDeviceGetCount(int *count)
{
    ONE_AT_A_TIME;
    *count = emulated_gpu.count;
    return begin_call("cuDeviceGetCount");
}

DRIVER int cuDeviceGet(int *device, int index)
{
    ONE_AT_A_TIME;
    if (index < 0 || index >= emulated_gpu.count)
        return INVALID_DEVICE;
    *device = 7;
    return begin_call("cuDeviceGet");
}

DRIVER int cuDeviceGetName(char *name, int bytes, int device)
{
    ONE_AT_A_TIME;
    assert_int_equal(device, 7);
    snprintf(name, bytes, "the CPU");
    return begin_call("cuDeviceGetName");
}

DRIVER int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    ONE_AT_A_TIME;
    assert_int_equal(device, 7);
    *value = attribute == ODVA_CUDA_CAPABILITY_MAJOR   ? emulated_gpu.major
             : attribute == ODVA_CUDA_CAPABILITY_MINOR ? emulated_gpu.minor
             : attribute == ODVA_CUDA_HAS_MEMORY_POOLS ? emulated_gpu.has_pools
             : attribute == TEXTURE_ALIGNMENT          ? 512
                                                       : -1;
    return begin_call("cuDeviceGetAttribute");
}

DRIVER int cuDeviceGetDefaultMemPool(odva_cuda_pool *pool, int device)
{
    ONE_AT_A_TIME;
    assert_int_equal(device, 7);
    *pool = NULL;
    return begin_call("cuDeviceGetDefaultMemPool");
}

DRIVER int cuMemPoolSetAttribute(odva_cuda_pool pool, int attribute, void *value)
{
    ONE_AT_A_TIME;
    assert_null(pool);
    assert_int_equal(attribute, ODVA_CUDA_POOL_KEEPS);
    assert_int_equal(*(uint64_t *)value, UINT64_MAX);
    return begin_call("cuMemPoolSetAttribute");
}

static struct CUctx_st *begin_context(struct CUctx_st *context)
{
    context->own.end = &context->own.first;
    context->own.context = context;
    context->next = emulator.contexts;
    emulator.contexts = context;
    return context;
}

static void end_context(struct CUctx_st *context)
{
    struct CUctx_st **link = &emulator.contexts;

    for (struct CUstream_st *stream = emulator.streams; stream; stream = stream->next)
        if (stream->context == context)
            fail_msg("a stream outlives its context");
    for (struct block_of_memory *b = emulator.blocks; b; b = b->next)
        if (b->context == context)
            fail_msg("memory outlives its context");
    run_all(&context->own);
    while (*link != context)
        link = &(*link)->next;
    *link = context->next;
}

DRIVER int cuDevicePrimaryCtxRetain(odva_cuda_context *context, int device)
{
    ONE_AT_A_TIME;
    const int result = begin_call("cuDevicePrimaryCtxRetain");

    assert_int_equal(device, 7);
    if (result == ODVA_CUDA_SUCCESS) {
        *context = &emulator.primary;
        if (!emulator.primary.uses++)
            begin_context(&emulator.primary);
        emulator.things++;
    }
    return result;
}

DRIVER int cuDevicePrimaryCtxRelease_v2(int device)
{
    ONE_AT_A_TIME;
    assert_int_equal(device, 7);
    assert_true(emulator.primary.uses > 0);
    if (!--emulator.primary.uses)
        end_context(&emulator.primary);
    emulator.things--;
    return begin_call("cuDevicePrimaryCtxRelease_v2");
}

/* It is current then. */
DRIVER int cuCtxCreate_v2(odva_cuda_context *context, unsigned flags, int device)
{
    ONE_AT_A_TIME;
    (void)flags;
    assert_int_equal(device, 7);
    *context = calloc(1, sizeof(**context));
    assert_non_null(*context);
    emulator.things++;
    return push_context(begin_context(*context));
}

DRIVER int cuCtxDestroy_v2(odva_cuda_context context)
{
    ONE_AT_A_TIME;
    end_context(context);
    free(context);
    emulator.things--;
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuCtxPushCurrent_v2(odva_cuda_context context)
{
    ONE_AT_A_TIME;
    const int result = begin_call("cuCtxPushCurrent_v2");
    struct CUctx_st *known = emulator.contexts;

    while (known && known != context)
        known = known->next;
    if (!known)
        return INVALID_CONTEXT;
    return result == ODVA_CUDA_SUCCESS ? push_context(context) : result;
}

DRIVER int cuCtxPopCurrent_v2(odva_cuda_context *context)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuCtxPopCurrent_v2);
    *context = thread.contexts[--thread.count];
    emulator.pushed--;
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuCtxGetDevice(int *device)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuCtxGetDevice);
    *device = 7;
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuCtxSynchronize(void)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuCtxSynchronize);
    run_all(&current()->own);
    for (struct CUstream_st *stream = emulator.streams; stream; stream = stream->next)
        if (stream->context == current())
            run_all(stream);
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuModuleLoadData(odva_cuda_module *module, const void *image)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuModuleLoadData);
    *module = calloc(1, sizeof(**module));
    assert_non_null(*module);
    (*module)->image = image;
    memcpy((*module)->functions, functions, sizeof(functions));
    for (size_t i = 0; i < FUNCTIONS; i++)
        (*module)->functions[i].context = current();
    emulator.things++;
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuModuleUnload(odva_cuda_module module)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuModuleUnload);
    assert_non_null(module);
    assert_ptr_equal(module->functions[0].context, current());
    free(module);
    emulator.things--;
    return ODVA_CUDA_SUCCESS;
}

/* What nvcc's files begin with, in which nothing is looked for. */
static const unsigned char fatbin[] = {0x50, 0xed, 0x55, 0xba};

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

DRIVER int cuModuleGetFunction(odva_cuda_function *function, odva_cuda_module module,
                               const char *name)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuModuleGetFunction);
    if (memcmp(module->image, fatbin, sizeof(fatbin)))
        assert_string_equal(module->image, module_of(name));
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (!strcmp(functions[i].name, name))
            *function = &module->functions[i];
    return ODVA_CUDA_SUCCESS;
}

/* ---- functions: memory ------------------------------------------------------------------- */

DRIVER int cuMemAlloc_v2(odva_cuda_address *address, size_t bytes)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemAlloc_v2);
    if (!bytes)
        return INVALID_VALUE;
    *address = (uintptr_t)new_block(bytes, 0, current());
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemFree_v2(odva_cuda_address address)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemFree_v2);
    run_all(&current()->own);
    free_block(pointer(address), 0);
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemAllocAsync(odva_cuda_address *address, size_t bytes, odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemAllocAsync);
    assert_non_null(queue);
    (void)stream_of(queue);
    if (!bytes)
        return INVALID_VALUE;
    *address = (uintptr_t)new_block(bytes, 0, NULL);
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemFreeAsync(odva_cuda_address address, odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemFreeAsync);
    push(queue, (struct work){.run = do_free, .dst = pointer(address)});
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemHostAlloc);
    assert_int_equal(flags, 0);
    *memory = new_block(bytes, 1, NULL);
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemFreeHost(void *memory)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemFreeHost);
    free_block(memory, 1);
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemcpyHtoD_v2(odva_cuda_address dst, const void *src, size_t bytes)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemcpyHtoD_v2);
    check_range(pointer(dst), bytes, 0);
    run_all(&current()->own);
    memcpy(pointer(dst), src, bytes);
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemcpyHtoDAsync_v2(odva_cuda_address dst, const void *src, size_t bytes,
                                odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemcpyHtoDAsync_v2);
    calls_of("cuMemcpyHtoDAsync_v2")->bytes += bytes;
    check_range(src, bytes, 1);
    check_range(pointer(dst), bytes, 0);
    push(queue, (struct work){.run = do_copy, .dst = pointer(dst), .src = src, .bytes = bytes});
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemcpyDtoHAsync_v2(void *dst, odva_cuda_address src, size_t bytes,
                                odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemcpyDtoHAsync_v2);
    calls_of("cuMemcpyDtoHAsync_v2")->bytes += bytes;
    check_range(dst, bytes, 1);
    check_range(pointer(src), bytes, 0);
    push(queue, (struct work){.run = do_copy, .dst = dst, .src = pointer(src), .bytes = bytes});
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemcpyDtoDAsync_v2(odva_cuda_address dst, odva_cuda_address src, size_t bytes,
                                odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemcpyDtoDAsync_v2);
    calls_of("cuMemcpyDtoDAsync_v2")->bytes += bytes;
    check_range(pointer(dst), bytes, 0);
    check_range(pointer(src), bytes, 0);
    push(queue,
         (struct work){.run = do_copy, .dst = pointer(dst), .src = pointer(src), .bytes = bytes});
    return ODVA_CUDA_SUCCESS;
}

static size_t bytes_of_rows(const struct odva_cuda_copy_2d *copy, size_t pitch)
{
    return (copy->height - 1) * pitch + copy->width;
}

/* The driver copies from pages that it did not allocate before it returns, and to such ones, too.
 */
DRIVER int cuMemcpy2DAsync_v2(const struct odva_cuda_copy_2d *copy, odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    const int is_from_host = copy->src_type == ODVA_CUDA_MEMORY_HOST;
    const int is_to_host = copy->dst_type == ODVA_CUDA_MEMORY_HOST;
    struct odva_cuda_copy_2d *kept;

    BEGIN_CALL(cuMemcpy2DAsync_v2);
    if (!copy->width || !copy->height || copy->width > copy->src_pitch ||
        copy->width > copy->dst_pitch)
        return INVALID_VALUE;
    if (!is_from_host)
        check_range(pointer(copy->src_device), bytes_of_rows(copy, copy->src_pitch), 0);
    if (!is_to_host)
        check_range(pointer(copy->dst_device), bytes_of_rows(copy, copy->dst_pitch), 0);
    calls_of(is_from_host ? "rows from the host"
             : is_to_host ? "rows to the host"
                          : "rows")
        ->bytes += copy->width * copy->height;
    if (is_from_host || is_to_host) {
        run_all(stream_of(queue));
        copy_rows(copy);
        return ODVA_CUDA_SUCCESS;
    }
    kept = malloc(sizeof(*kept));
    assert_non_null(kept);
    *kept = *copy;
    push(queue, (struct work){.run = do_copy_rows, .data = kept});
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuMemsetD8Async(odva_cuda_address dst, unsigned char byte, size_t bytes,
                           odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuMemsetD8Async);
    check_range(pointer(dst), bytes, 0);
    push(queue, (struct work){.run = do_fill, .dst = pointer(dst), .byte = byte, .bytes = bytes});
    return ODVA_CUDA_SUCCESS;
}

/* ---- functions: streams ------------------------------------------------------------------ */

DRIVER int cuStreamCreate(odva_cuda_queue *queue, unsigned flags)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuStreamCreate);
    assert_int_equal(flags, ODVA_CUDA_STREAM_NON_BLOCKING);
    *queue = calloc(1, sizeof(**queue));
    assert_non_null(*queue);
    (*queue)->end = &(*queue)->first;
    (*queue)->context = current();
    (*queue)->next = emulator.streams;
    emulator.streams = *queue;
    emulator.things++;
    return ODVA_CUDA_SUCCESS;
}

/* A failure is of work before, and nothing waits any more then. */
DRIVER int cuStreamSynchronize(odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    const int result = begin_call("cuStreamSynchronize");

    run_all(stream_of(queue));
    return result;
}

DRIVER int cuStreamWaitEvent(odva_cuda_queue queue, odva_cuda_event event, unsigned flags)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuStreamWaitEvent);
    assert_int_equal(flags, 0);
    push(queue,
         (struct work){
             .run = do_wait, .event = event, .number = event->recorded, .other = event->stream});
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuStreamDestroy_v2(odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    struct CUstream_st **link = &emulator.streams;

    BEGIN_CALL(cuStreamDestroy_v2);
    run_all(stream_of(queue));
    while (*link != queue)
        link = &(*link)->next;
    *link = queue->next;
    free(queue);
    emulator.things--;
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuEventCreate(odva_cuda_event *event, unsigned flags)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuEventCreate);
    assert_int_equal(flags, ODVA_CUDA_EVENT_NO_TIMING);
    *event = calloc(1, sizeof(**event));
    assert_non_null(*event);
    (*event)->context = current();
    emulator.things++;
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuEventDestroy_v2(odva_cuda_event event)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuEventDestroy_v2);
    assert_int_equal(event->passed, event->recorded);
    free(event);
    emulator.things--;
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuEventRecord(odva_cuda_event event, odva_cuda_queue queue)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuEventRecord);
    assert_ptr_equal(event->context, current());
    event->stream = stream_of(queue);
    push(queue, (struct work){.run = do_event, .event = event, .number = ++event->recorded});
    return ODVA_CUDA_SUCCESS;
}

DRIVER int cuEventQuery(odva_cuda_event event)
{
    ONE_AT_A_TIME;
    BEGIN_CALL(cuEventQuery);
    return event->passed < event->recorded ? ODVA_CUDA_NOT_READY : ODVA_CUDA_SUCCESS;
}

DRIVER int cuLaunchKernel(odva_cuda_function function, unsigned grid_x, unsigned grid_y,
                          unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                          unsigned shared_bytes, odva_cuda_queue queue, void **arguments,
                          void **extra)
{
    ONE_AT_A_TIME;
    void *copy;

    BEGIN_CALL(cuLaunchKernel);
    if (!grid_x || !grid_y || !grid_z || grid_x > INT32_MAX || grid_y > 65535 || grid_z > 65535 ||
        !block_x || block_x * block_y * block_z > 1024 || block_y != 1 || block_z != 1)
        fail_msg("%s: %u x %u x %u blocks of %u threads", function->name, grid_x, grid_y, grid_z,
                 block_x);
    assert_int_equal(shared_bytes, 0);
    assert_null(extra);
    assert_ptr_equal(function->context, current());
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
