/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Memory that runs out at a given allocation. Programs are linked with these functions wrapped:
 * malloc, calloc, realloc, aligned_alloc, posix_memalign, free, pthread_create. */
#ifndef ODVA_FAILING_ALLOCATIONS_H
#define ODVA_FAILING_ALLOCATIONS_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void __real_free(void *memory);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                          void *opaque);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
void __wrap_free(void *memory);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                          void *opaque);

/* Which allocation fails, counted down: 0 or less is none that is still to come. */
static atomic_int countdown;
static atomic_int live;   /* allocations that nothing has freed */
static atomic_int plenty; /* none fails now, and none is counted down */

static int fails(void)
{
    return !atomic_load(&plenty) && atomic_fetch_sub(&countdown, 1) == 1;
}

static void *count(void *memory)
{
    if (memory)
        atomic_fetch_add(&live, 1);
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    void *moved = fails() ? NULL : __real_realloc(memory, size);

    return memory ? moved : count(moved);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : count(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    int status = fails() ? ENOMEM : __real_posix_memalign(memory, alignment, size);

    if (!status)
        count(*memory);
    return status;
}

void __wrap_free(void *memory)
{
    if (memory)
        atomic_fetch_sub(&live, 1);
    __real_free(memory);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*fn)(void *),
                          void *opaque)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, attributes, fn, opaque);
}

#endif
