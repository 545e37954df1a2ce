/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators on pictures by CUDA, on the CPU. */
#include "kernels/cuda/tests/cuda_twins.h"
#include "kernels/tests/picture_operators.h"

int main(void)
{
    const struct CMUnitTest tests[] = {PICTURE_TESTS};

    return run_in_orders(tests, sizeof(tests) / sizeof(tests[0]), 0);
}
