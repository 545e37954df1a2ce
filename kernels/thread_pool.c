/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "thread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_THREADS 256

struct worker {
    struct odva_thread_pool *pool;
    pthread_t thread;
    int index;
};

struct odva_thread_pool {
    int workers; /* the caller is worker 0 */
    struct worker *helpers;
    pthread_mutex_t mutex;
    pthread_cond_t start, done;
    /* under the mutex */
    uint64_t generation; /* of the current loop */
    int active;          /* helpers inside it; one that wakes up too late never enters */
    int closing;
    odva_task_fn fn; /* NULL between loops */
    void *opaque;
    int64_t count;
    _Atomic int64_t next;
};

static void take_tasks(struct odva_thread_pool *pool, odva_task_fn fn, void *opaque, int64_t count,
                       int worker)
{
    for (;;) {
        const int64_t i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);

        if (i >= count)
            return;
        fn(opaque, i, worker);
    }
}

static void *helper_main(void *opaque)
{
    const struct worker *self = opaque;
    struct odva_thread_pool *pool = self->pool;
    uint64_t seen = 0;

    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while ((!pool->fn || pool->generation == seen) && !pool->closing)
            pthread_cond_wait(&pool->start, &pool->mutex);
        if (pool->closing)
            break;
        seen = pool->generation;
        const odva_task_fn fn = pool->fn;
        void *const task = pool->opaque;
        const int64_t count = pool->count;
        pool->active++;
        pthread_mutex_unlock(&pool->mutex);
        take_tasks(pool, fn, task, count, self->index);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->active == 0)
            pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

static int online_processors(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (int)n;
}

int odva_thread_pool_open(struct odva_thread_pool **out, int threads)
{
    struct odva_thread_pool *pool = calloc(1, sizeof(*pool));

    *out = NULL;
    if (!pool)
        return ONEDVA_ERR_NOMEM;
    if (threads <= 0)
        threads = online_processors();
    if (threads > MAX_THREADS)
        threads = MAX_THREADS;
    pool->helpers = calloc(threads, sizeof(*pool->helpers));
    if (!pool->helpers) {
        free(pool);
        return ONEDVA_ERR_NOMEM;
    }
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->start, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->workers = 1;
    for (int i = 1; i < threads; i++) {
        struct worker *helper = &pool->helpers[i - 1];

        helper->pool = pool;
        helper->index = i;
        if (pthread_create(&helper->thread, NULL, helper_main, helper))
            break;
        pool->workers++;
    }
    *out = pool;
    return ONEDVA_OK;
}

void odva_thread_pool_close(struct odva_thread_pool **handle)
{
    struct odva_thread_pool *pool = *handle;

    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = 1;
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->workers - 1; i++)
        pthread_join(pool->helpers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->start);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->helpers);
    free(pool);
    *handle = NULL;
}

int odva_thread_pool_workers(const struct odva_thread_pool *pool)
{
    return pool->workers;
}

void odva_thread_pool_run(struct odva_thread_pool *pool, int64_t count, odva_task_fn fn,
                          void *opaque)
{
    if (pool->workers == 1 || count <= 1) {
        for (int64_t i = 0; i < count; i++)
            fn(opaque, i, 0);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->fn = fn;
    pool->opaque = opaque;
    pool->count = count;
    pool->generation++;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    pthread_cond_broadcast(&pool->start);
    pthread_mutex_unlock(&pool->mutex);
    take_tasks(pool, fn, opaque, count, 0);
    pthread_mutex_lock(&pool->mutex);
    pool->fn = NULL;
    while (pool->active > 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
