/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Which instruction set's operators run here. */
#include <stdlib.h>
#include <string.h>

#include "cpu/operators.h"

const struct odva_cpu_operators *odva_cpu_operators_choose(int bitexact)
{
    const char *wanted = getenv("ONEDVA_CPU");

    if (bitexact || !wanted || !strcmp(wanted, "c"))
        return &odva_cpu_operators_c;
    return NULL;
}
