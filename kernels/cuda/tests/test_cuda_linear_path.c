/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The linear path by CUDA, on the CPU. */
#include "kernels/cuda/tests/cuda_twins.h"
#include "kernels/tests/linear_path_operators.h"

int main(void)
{
    const struct CMUnitTest tests[] = {LINEAR_PATH_TESTS};

    return run_in_orders(tests, sizeof(tests) / sizeof(tests[0]), 0);
}
