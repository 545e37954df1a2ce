/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "onedva/onedva.h"

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
    pthread_cond_t start, done, job_done;
    /* under the mutex */
    uint64_t generation; /* of the current loop */
    int active;          /* helpers inside it; one that wakes up too late never enters */
    int closing;
    odva_task_fn fn; /* NULL between loops */
    void *opaque;
    int64_t count;
    struct odva_thread_job *first_job, **last_job; /* those that wait */
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

/* The mutex is held before and after. */
static void run_loop(struct odva_thread_pool *pool, int worker)
{
    const odva_task_fn fn = pool->fn;
    void *const opaque = pool->opaque;
    const int64_t count = pool->count;

    pool->active++;
    pthread_mutex_unlock(&pool->mutex);
    take_tasks(pool, fn, opaque, count, worker);
    pthread_mutex_lock(&pool->mutex);
    if (--pool->active == 0)
        pthread_cond_signal(&pool->done);
}

static void remove_job(struct odva_thread_pool *pool, const struct odva_thread_job *job)
{
    struct odva_thread_job **link = &pool->first_job;

    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    if (!*link)
        pool->last_job = link;
}

/* Run a job that waits. The mutex is held before and after. */
static void run_job(struct odva_thread_pool *pool, struct odva_thread_job *job)
{
    remove_job(pool, job);
    job->state = ODVA_JOB_RUNNING;
    pthread_mutex_unlock(&pool->mutex);
    job->fn(job->opaque);
    pthread_mutex_lock(&pool->mutex);
    job->state = ODVA_JOB_DONE;
    pthread_cond_broadcast(&pool->job_done);
}

static void *helper_main(void *opaque)
{
    const struct worker *self = opaque;
    struct odva_thread_pool *pool = self->pool;
    uint64_t seen = 0;

    pthread_mutex_lock(&pool->mutex);
    while (!pool->closing) {
        if (pool->first_job) {
            run_job(pool, pool->first_job);
        } else if (pool->fn && pool->generation != seen) {
            seen = pool->generation;
            run_loop(pool, self->index);
        } else {
            pthread_cond_wait(&pool->start, &pool->mutex);
        }
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Those that the process may run on: a container or taskset allows fewer than there are. */
static int usable_processors(void)
{
    long n = 0;
#ifdef CPU_COUNT_S
    cpu_set_t sets[16]; /* the system refuses fewer bits than it has processors */

    if (!sched_getaffinity(0, sizeof(sets), sets))
        n = CPU_COUNT_S(sizeof(sets), sets);
#endif
    if (n < 1)
        n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (int)n;
}

int odva_thread_pool_open(struct odva_thread_pool **out, int threads)
{
    struct odva_thread_pool *pool = calloc(1, sizeof(*pool));

    *out = NULL;
    if (!pool)
        return ONEDVA_ERR_NOMEM;
    if (threads <= 0)
        threads = usable_processors();
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
    pthread_cond_init(&pool->job_done, NULL);
    pool->last_job = &pool->first_job;
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
    pthread_cond_destroy(&pool->job_done);
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
    ODVA_ASSERT(count >= 0);
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

void odva_thread_pool_start(struct odva_thread_pool *pool, struct odva_thread_job *job)
{
    ODVA_ASSERT(job->state == ODVA_JOB_DONE && job->fn);
    pthread_mutex_lock(&pool->mutex);
    job->state = ODVA_JOB_WAITING;
    job->next = NULL;
    *pool->last_job = job;
    pool->last_job = &job->next;
    pthread_cond_signal(&pool->start);
    pthread_mutex_unlock(&pool->mutex);
}

void odva_thread_pool_wait(struct odva_thread_pool *pool, struct odva_thread_job *job)
{
    pthread_mutex_lock(&pool->mutex);
    if (job->state == ODVA_JOB_WAITING)
        run_job(pool, job);
    while (job->state != ODVA_JOB_DONE)
        pthread_cond_wait(&pool->job_done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

void odva_thread_pool_cancel(struct odva_thread_pool *pool, struct odva_thread_job *job)
{
    pthread_mutex_lock(&pool->mutex);
    if (job->state == ODVA_JOB_WAITING) {
        remove_job(pool, job);
        job->state = ODVA_JOB_DONE;
    }
    while (job->state != ODVA_JOB_DONE)
        pthread_cond_wait(&pool->job_done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
