/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators of networks on a Vulkan device. */
#include "kernels/tests/network_operators.h"
#include "kernels/vulkan/tests/vulkan_twins.h"

int main(void)
{
    const struct CMUnitTest tests[] = {NETWORK_TESTS};

    return run_on_twins(tests, sizeof(tests) / sizeof(tests[0]));
}
