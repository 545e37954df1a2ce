/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The linear path on a Vulkan device. */
#include "kernels/tests/linear_path_operators.h"
#include "kernels/vulkan/tests/vulkan_twins.h"

int main(void)
{
    const struct CMUnitTest tests[] = {LINEAR_PATH_TESTS};

    return run_on_twins(tests, sizeof(tests) / sizeof(tests[0]));
}
