/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "base/reserve.h"

#include <stdint.h>
#include <stdlib.h>

void *odva_reserve(void *memory, size_t *capacity, size_t count, size_t element_size)
{
    if (memory && count <= *capacity)
        return memory;
    free(memory);
    *capacity = 0;
    if (count > SIZE_MAX / element_size)
        return NULL;
    memory = malloc(count * element_size);
    if (memory)
        *capacity = count;
    return memory;
}
