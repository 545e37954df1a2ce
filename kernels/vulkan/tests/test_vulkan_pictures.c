/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Operators on pictures on a Vulkan device. */
#include "kernels/tests/picture_operators.h"
#include "kernels/vulkan/tests/vulkan_twins.h"

int main(void)
{
    const struct CMUnitTest tests[] = {PICTURE_TESTS};

    return run_on_twins(tests, sizeof(tests) / sizeof(tests[0]));
}
