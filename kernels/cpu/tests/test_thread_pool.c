/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Every index exactly once, with any number of threads, again and again. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../../../engine/tests/test.h"
#include "thread_pool.h"

#define MOST 1000

struct job {
    int workers;
    _Atomic int taken[MOST];
    _Atomic int inside[64]; /* tasks that a worker is in: its scratch memory would be shared */
    _Atomic int errors;
};

static void task(void *opaque, int64_t index, int worker)
{
    struct job *job = opaque;

    if (worker < 0 || worker >= job->workers || atomic_fetch_add(&job->inside[worker], 1) != 0)
        atomic_fetch_add(&job->errors, 1);
    atomic_fetch_add(&job->taken[index], 1);
    atomic_fetch_sub(&job->inside[worker], 1);
}

static void run(struct odva_thread_pool *pool, int count)
{
    struct job *job = calloc(1, sizeof(*job));

    assert_non_null(job);
    job->workers = odva_thread_pool_workers(pool);
    odva_thread_pool_run(pool, count, task, job);
    for (int i = 0; i < MOST; i++)
        assert_int_equal(job->taken[i], i < count);
    assert_int_equal(job->errors, 0);
    free(job);
}

static void every_index_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 9; threads++) {
        struct odva_thread_pool *pool;

        assert_int_equal(odva_thread_pool_open(&pool, threads), ONEDVA_OK);
        assert_int_equal(odva_thread_pool_workers(pool), threads);
        for (int i = 0; i < 300; i++)
            run(pool, i % 7 == 0 ? i % 3 : i * 37 % MOST);
        odva_thread_pool_close(&pool);
        assert_null(pool);
    }
}

static void opened_and_closed(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct odva_thread_pool *pool;

        assert_int_equal(odva_thread_pool_open(&pool, i % 5), ONEDVA_OK);
        assert_true(odva_thread_pool_workers(pool) >= 1);
        if (i % 2)
            run(pool, i);
        odva_thread_pool_close(&pool);
    }
}

static void *use_a_pool(void *opaque)
{
    struct odva_thread_pool *pool = opaque;

    for (int i = 0; i < 100; i++)
        run(pool, i);
    return NULL;
}

/* Two decoders in two threads have a pool each. */
static void pools_side_by_side(void **state)
{
    struct odva_thread_pool *pools[2];
    pthread_t threads[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(odva_thread_pool_open(&pools[i], 3), ONEDVA_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, use_a_pool, pools[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        odva_thread_pool_close(&pools[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_once),
        cmocka_unit_test(opened_and_closed),
        cmocka_unit_test(pools_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
