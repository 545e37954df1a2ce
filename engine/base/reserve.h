/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Memory that is kept from clip to clip. */
#ifndef ODVA_RESERVE_H
#define ODVA_RESERVE_H

#include <stddef.h>

/**
 * Memory for count elements; old contents are lost where it has to grow.
 * @param memory   NULL or what this function gave; free() it in the end
 * @param capacity elements that memory holds, 0 at first; updated
 * @return memory or its replacement; NULL when out of memory, and then memory is freed and
 *         capacity 0
 */
void *odva_reserve(void *memory, size_t *capacity, size_t count, size_t element_size);

#endif
