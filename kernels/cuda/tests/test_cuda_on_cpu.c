/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Mistakes in kernels are seen when they run on the CPU: races, barriers that not all come to,
 * reads behind memory. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/cuda/tests/emulator.h"
#include "kernels/cuda/tests/harness.h"
#include "tests/support/test.h"

#define KERNEL(name)                                                                               \
    void odva_kernel_##name(struct harness_arguments a);                                           \
    static void run_##name(const void *a)                                                          \
    {                                                                                              \
        odva_kernel_##name(*(const struct harness_arguments *)a);                                  \
    }
KERNEL(right)
KERNEL(race)
KERNEL(barrier_for_some)
KERNEL(two_barriers)
KERNEL(lane_missing)
KERNEL(behind_memory)
KERNEL(behind_shared)
KERNEL(stale_shared)

/* The numbers that so many blocks make, to be freed. */
static int *run(void (*kernel)(const void *arguments), int blocks, int offset,
                enum cuda_on_cpu_order order)
{
    const struct harness_arguments arguments = {malloc(HARNESS_THREADS * sizeof(int)), offset};

    assert_non_null(arguments.dst);
    memset(arguments.dst, 0, HARNESS_THREADS * sizeof(int));
    cuda_on_cpu_set_order(order, 1);
    cuda_on_cpu_launch("a kernel", kernel, &arguments, (struct cuda_on_cpu_dim){blocks, 1, 1},
                       (struct cuda_on_cpu_dim){HARNESS_THREADS, 1, 1});
    return arguments.dst;
}

static int is_rotated(void (*kernel)(const void *arguments), enum cuda_on_cpu_order order)
{
    int *numbers = run(kernel, 2, 0, order), is_right = 1;

    for (int i = 0; i < HARNESS_THREADS; i++)
        is_right &= numbers[i] == (i + 1) % HARNESS_THREADS;
    free(numbers);
    return is_right;
}

static void orders(void **state)
{
    (void)state;
    for (enum cuda_on_cpu_order order = CUDA_ON_CPU_FORWARD; order <= CUDA_ON_CPU_RANDOM; order++) {
        assert_true(is_rotated(run_right, order));
        assert_false(is_rotated(run_race, order));
    }
}

static void shared_memory_is_new(void **state)
{
    int *numbers;

    (void)state;
    numbers = run(run_stale_shared, 2, 0, CUDA_ON_CPU_FORWARD);
    for (int i = 0; i < HARNESS_THREADS; i++)
        assert_int_equal(numbers[i], 0);
    free(numbers);
}

/* The program ends, and says what. */
static void expect_end(void (*kernel)(const void *arguments), int offset, const char *message)
{
    char said[4096] = "";
    int ends[2], status;
    size_t bytes = 0;
    ssize_t more;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (!child) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        free(run(kernel, 1, offset, CUDA_ON_CPU_FORWARD));
        _exit(0);
    }
    close(ends[1]);
    while (bytes < sizeof(said) - 1 &&
           (more = read(ends[0], said + bytes, sizeof(said) - 1 - bytes)) > 0)
        bytes += (size_t)more;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (!strstr(said, message))
        fail_msg("'%s' is not in: %s", message, said);
}

static void waiting(void **state)
{
    (void)state;
    expect_end(run_barrier_for_some, 0, "not all threads come to the same barrier");
    expect_end(run_two_barriers, 0, "not all threads come to the same barrier");
    expect_end(run_lane_missing, 0, "another lane of the mask does not come");
}

static void memory(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__ /* GCC's, which guards shared memory, too */
    expect_end(run_behind_memory, 0, "heap-buffer-overflow");
    expect_end(run_behind_shared, 1, "global-buffer-overflow");
#else
    (void)run_behind_memory;
    (void)run_behind_shared;
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),
        cmocka_unit_test(shared_memory_is_new),
        cmocka_unit_test(waiting),
        cmocka_unit_test(memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
