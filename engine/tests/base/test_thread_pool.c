/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Every index exactly once, with any number of threads, again and again. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/thread_pool.h"
#include "onedva/onedva.h"
#include "tests/support/test.h"

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

struct count {
    struct odva_thread_job job;
    int runs; /* not atomic: waiting for a job makes visible what it did */
};

static void count(void *opaque)
{
    ((struct count *)opaque)->runs++;
}

/* Jobs run once each beside loops, whoever waits for them or not. */
static void jobs_beside_loops(void **state)
{
    struct count counts[8] = {0};

    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        struct odva_thread_pool *pool;

        assert_int_equal(odva_thread_pool_open(&pool, threads), ONEDVA_OK);
        for (int i = 0; i < 500; i++) {
            for (int j = 0; j < 8; j++) {
                counts[j] = (struct count){.job = {.fn = count, .opaque = &counts[j]}};
                odva_thread_pool_start(pool, &counts[j].job);
            }
            run(pool, i % 3 * 50);
            for (int j = 7; j >= 0; j--) {
                if ((i + j) % 4 == 0)
                    odva_thread_pool_cancel(pool, &counts[j].job);
                else
                    odva_thread_pool_wait(pool, &counts[j].job);
                assert_in_range(counts[j].runs, (i + j) % 4 ? 1 : 0, 1);
            }
        }
        odva_thread_pool_wait(pool, &counts[0].job);
        assert_in_range(counts[0].runs, 0, 1);
        odva_thread_pool_close(&pool);
    }
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

/* What taskset and containers allow is the default, not what the machine has. */
static void default_follows_affinity(void **state)
{
    cpu_set_t allowed, one;
    struct odva_thread_pool *pool;
    int first = 0;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    while (!CPU_ISSET(first, &allowed))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_int_equal(odva_thread_pool_open(&pool, 0), ONEDVA_OK);
    assert_int_equal(odva_thread_pool_workers(pool), 1);
    odva_thread_pool_close(&pool);
    assert_int_equal(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_once),         cmocka_unit_test(opened_and_closed),
        cmocka_unit_test(jobs_beside_loops),        cmocka_unit_test(pools_side_by_side),
        cmocka_unit_test(default_follows_affinity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
