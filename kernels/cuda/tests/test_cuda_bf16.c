/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators of networks by CUDA with bfloat16 factors, on the CPU. */
#define BFLOAT16_FACTORS
#include "kernels/cuda/tests/cuda_twins.h"
#include "kernels/tests/network_operators.h"

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(linear), cmocka_unit_test(linear_chain),
                                       cmocka_unit_test(attention)};

    return run_in_orders(tests, sizeof(tests) / sizeof(tests[0]), 1);
}
