/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/cuda/tests/cuda_on_cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/bfloat16.h"
#include "kernels/cuda/tests/emulator.h"
#include "kernels/cuda/tests/fiber.h"
#include "tests/support/test.h"

#define MOST_THREADS 1024 /* of a block */
#define STACK_BYTES  (1 << 17)
#define WARP         CUDA_ON_CPU_WARP

/** What a thread waits for. */
enum thread_state {
    NOTHING,
    BARRIER,
    EXCHANGE,
    ITS_END,
};

struct thread {
    struct fiber fiber;
    struct cuda_on_cpu_dim place;
    enum thread_state waits_for;
    const char *file; /* where */
    int line;
    uint32_t mask; /* of an exchange */
    unsigned char given[CUDA_ON_CPU_EXCHANGE];
};

static struct {
    struct fiber host;
    struct thread threads[MOST_THREADS], *running;
    int count, made; /* threads of the block; those that have a fiber */
    unsigned char got[MOST_THREADS / WARP][WARP * CUDA_ON_CPU_EXCHANGE];
    enum cuda_on_cpu_order order;
    struct random random;
    const char *kernel; /* its name */
    void (*run)(const void *arguments);
    const void *arguments;
} block;

struct cuda_on_cpu_dim cuda_on_cpu_thread, cuda_on_cpu_block;
struct cuda_on_cpu_dim cuda_on_cpu_block_size, cuda_on_cpu_grid_size;

/* Of the linker: all that kernels share. */
extern unsigned char __start_cuda_shared[], __stop_cuda_shared[];

/* ---- threads ----------------------------------------------------------------------------- */

static void wait_for(enum thread_state what, const char *file, int line)
{
    struct thread *thread = block.running;

    thread->waits_for = what;
    thread->file = file;
    thread->line = line;
    fiber_switch(&thread->fiber, &block.host);
}

void cuda_on_cpu_barrier(const char *file, int line)
{
    wait_for(BARRIER, file, line);
}

const unsigned char *cuda_on_cpu_exchange(uint32_t mask, const void *mine, size_t bytes,
                                          const char *file, int line)
{
    struct thread *thread = block.running;

    memcpy(thread->given, mine, bytes);
    thread->mask = mask;
    wait_for(EXCHANGE, file, line);
    return block.got[(thread - block.threads) / WARP];
}

/** What a lane gives the others of a product. */
struct mma_factors {
    uint32_t a[4], b[2];
};

_Static_assert(sizeof(struct mma_factors) <= CUDA_ON_CPU_EXCHANGE, "an exchange has room for it");

static float half_of(uint32_t pair, int i)
{
    return odva_from_bfloat16((uint16_t)(pair >> 16 * i));
}

void cuda_on_cpu_mma_bf16(float *sums, const uint32_t *a, const uint32_t *b, const char *file,
                          int line)
{
    const struct mma_factors mine = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
    const unsigned char *given = cuda_on_cpu_exchange(UINT32_MAX, &mine, sizeof(mine), file, line);
    const int lane = (int)(block.running - block.threads) % WARP;

    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 16; k++) {
            struct mma_factors row, column;
            const int g = lane / 4, t = k % 8 / 2, n = lane % 4 * 2 + i % 2;

            memcpy(&row, given + (4 * g + t) * CUDA_ON_CPU_EXCHANGE, sizeof(row));
            memcpy(&column, given + (4 * n + t) * CUDA_ON_CPU_EXCHANGE, sizeof(column));
            sums[i] += half_of(row.a[i / 2 + k / 8 * 2], k % 2) * half_of(column.b[k / 8], k % 2);
        }
}

uint32_t cuda_on_cpu_bf16_pair(float first, float second)
{
    return odva_to_bfloat16(first) | (uint32_t)odva_to_bfloat16(second) << 16;
}

/* Thread after thread of block after block. */
static void run_threads(void)
{
    for (;;) {
        block.run(block.arguments);
        wait_for(ITS_END, "", 0);
    }
}

static void go_on(struct thread *thread)
{
    block.running = thread;
    thread->waits_for = NOTHING;
    cuda_on_cpu_thread = thread->place;
    fiber_switch(&block.host, &thread->fiber);
}

/* ---- what they wait for ------------------------------------------------------------------ */

__attribute__((noreturn)) static void fail_at(const struct thread *thread, const char *what)
{
    fprintf(stderr, "%s: block (%u, %u, %u), thread (%u, %u, %u) at %s:%d: %s\n", block.kernel,
            cuda_on_cpu_block.x, cuda_on_cpu_block.y, cuda_on_cpu_block.z, thread->place.x,
            thread->place.y, thread->place.z, thread->file, thread->line, what);
    abort();
}

static int are_together(const struct thread *a, const struct thread *b)
{
    return a->waits_for == b->waits_for && a->line == b->line &&
           (a->file == b->file || !strcmp(a->file, b->file));
}

/* All lanes of the thread's mask are there: they get what they gave each other. */
static void end_exchange(struct thread *thread)
{
    const int warp = (int)(thread - block.threads) / WARP;
    struct thread *lanes = &block.threads[warp * WARP];

    if (!(thread->mask >> (thread - lanes) & 1))
        fail_at(thread, "the mask of an exchange is without the thread itself");
    for (int i = 0; i < WARP; i++) {
        if (!(thread->mask >> i & 1))
            continue;
        if (warp * WARP + i >= block.count || !are_together(&lanes[i], thread) ||
            lanes[i].mask != thread->mask)
            fail_at(thread, "another lane of the mask does not come to the exchange");
        memcpy(block.got[warp] + i * CUDA_ON_CPU_EXCHANGE, lanes[i].given, CUDA_ON_CPU_EXCHANGE);
    }
    for (int i = 0; i < WARP; i++)
        if (thread->mask >> i & 1)
            lanes[i].waits_for = NOTHING;
}

/* All threads of a warp wait: let those go on that wait for each other. @return whether there are
 * any */
static int release_lanes(int warp)
{
    int are_there = 0;

    for (int i = warp * WARP; i < block.count && i < (warp + 1) * WARP; i++)
        if (block.threads[i].waits_for == EXCHANGE) {
            end_exchange(&block.threads[i]);
            are_there = 1;
        }
    return are_there;
}

/* All threads wait for a barrier, or have ended. @return whether they go on */
static int release_threads(void)
{
    for (int i = 1; i < block.count; i++)
        if (!are_together(&block.threads[i], &block.threads[0]))
            fail_at(&block.threads[i], "not all threads come to the same barrier");
    if (block.threads[0].waits_for == ITS_END)
        return 0;
    for (int i = 0; i < block.count; i++)
        block.threads[i].waits_for = NOTHING;
    return 1;
}

/* ---- blocks ------------------------------------------------------------------------------ */

/* 0 .. count-1 in the order that is asked for. */
static void choose_order(int *places, int count)
{
    for (int i = 0; i < count; i++)
        places[i] = block.order == CUDA_ON_CPU_BACKWARD ? count - 1 - i : i;
    if (block.order == CUDA_ON_CPU_RANDOM)
        for (int i = count - 1; i > 0; i--) {
            const int j = random_below(&block.random, i + 1), place = places[i];

            places[i] = places[j];
            places[j] = place;
        }
}

/* What kernels share holds nothing; between its variables lies what AddressSanitizer guards. */
__attribute__((no_sanitize("address"))) static void spoil_shared(void)
{
    unsigned char *at = __start_cuda_shared;

    for (; at + 8 <= __stop_cuda_shared; at += 8)
        *(volatile uint64_t *)at = UINT64_MAX;
    for (; at < __stop_cuda_shared; at++)
        *(volatile unsigned char *)at = UINT8_MAX;
}

static void begin_threads(void)
{
    const struct cuda_on_cpu_dim size = cuda_on_cpu_block_size;

    for (; block.made < block.count; block.made++) {
        void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        assert_ptr_not_equal(stack, MAP_FAILED);
        fiber_new(&block.threads[block.made].fiber, stack, STACK_BYTES, run_threads);
    }
    for (int i = 0; i < block.count; i++) {
        block.threads[i].place =
            (struct cuda_on_cpu_dim){i % size.x, i / size.x % size.y, i / size.x / size.y};
        block.threads[i].waits_for = NOTHING;
    }
}

/* As far as it goes before the others do. */
static void run_warp(int warp)
{
    struct thread *lanes = &block.threads[warp * WARP];
    const int count = block.count - warp * WARP < WARP ? block.count - warp * WARP : WARP;
    int order[WARP];

    do {
        choose_order(order, count);
        for (int i = 0; i < count; i++)
            if (lanes[order[i]].waits_for == NOTHING)
                go_on(&lanes[order[i]]);
    } while (release_lanes(warp));
}

static void run_block(struct cuda_on_cpu_dim place)
{
    const int warps = (block.count + WARP - 1) / WARP;
    int order[MOST_THREADS / WARP];

    cuda_on_cpu_block = place;
    spoil_shared();
    begin_threads();
    do {
        choose_order(order, warps);
        for (int i = 0; i < warps; i++)
            run_warp(order[i]);
    } while (release_threads());
}

void cuda_on_cpu_set_order(enum cuda_on_cpu_order order, uint64_t seed)
{
    block.order = order;
    block.random.state = seed;
}

void cuda_on_cpu_launch(const char *name, void (*run)(const void *arguments), const void *arguments,
                        struct cuda_on_cpu_dim grid, struct cuda_on_cpu_dim threads)
{
    const int blocks = (int)(grid.x * grid.y * grid.z);
    int *order = malloc(blocks * sizeof(*order));

    assert_non_null(order);
    block.kernel = name;
    block.run = run;
    block.arguments = arguments;
    block.count = (int)(threads.x * threads.y * threads.z);
    cuda_on_cpu_grid_size = grid;
    cuda_on_cpu_block_size = threads;
    fiber_of_thread(&block.host);
    choose_order(order, blocks);
    for (int i = 0; i < blocks; i++) {
        const unsigned at = (unsigned)order[i];

        run_block(
            (struct cuda_on_cpu_dim){at % grid.x, at / grid.x % grid.y, at / grid.x / grid.y});
    }
    free(order);
}
