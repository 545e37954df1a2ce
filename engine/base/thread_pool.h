/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The host's threads. One owner uses a pool at a time. */
#ifndef ODVA_THREAD_POOL_H
#define ODVA_THREAD_POOL_H

#include <stdint.h>

struct odva_thread_pool;

/** One piece of work. @param worker 0 .. odva_thread_pool_workers() - 1, for scratch memory */
typedef void (*odva_task_fn)(void *opaque, int64_t index, int worker);

/** Work beside the loops, on one thread. */
struct odva_thread_job {
    void (*fn)(void *opaque);
    void *opaque;
    /* of the pool */
    enum { ODVA_JOB_DONE, ODVA_JOB_WAITING, ODVA_JOB_RUNNING } state;
    struct odva_thread_job *next;
};

/**
 * @param threads the caller's included, 0: one per processor that the process may run on. Fewer run
 * when the system refuses more.
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_thread_pool_open(struct odva_thread_pool **pool, int threads);
void odva_thread_pool_close(struct odva_thread_pool **pool);
int odva_thread_pool_workers(const struct odva_thread_pool *pool);

/** Run fn for index 0 .. count-1, in any order; returns when all are done. */
void odva_thread_pool_run(struct odva_thread_pool *pool, int64_t count, odva_task_fn fn,
                          void *opaque);

/**
 * Begin a job whose fn and opaque are set. A thread that has nothing to do takes it, before it
 * takes part in a loop; loops go on with the others. Zero-initialised is done.
 */
void odva_thread_pool_start(struct odva_thread_pool *pool, struct odva_thread_job *job);

/** Wait until a job is done; one that no thread has begun runs here. */
void odva_thread_pool_wait(struct odva_thread_pool *pool, struct odva_thread_job *job);

/** Wait until a job is done that need not run if no thread has begun it. */
void odva_thread_pool_cancel(struct odva_thread_pool *pool, struct odva_thread_job *job);

#endif
