/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Memory of the CPU backend. */
#ifndef ODVA_CPU_BUFFER_H
#define ODVA_CPU_BUFFER_H

#include "kernels/backend.h"

struct odva_buffer {
    size_t bytes;
    void *data;     /* aligned to ODVA_CPU_ALIGN, but where it is the host's */
    int is_wrapped; /* it is the host's */
};

/** @return NULL when memory ran out */
struct odva_buffer *odva_cpu_buffer_alloc(size_t bytes);
void odva_cpu_buffer_free(struct odva_buffer *buffer);

static inline float *odva_cpu_floats(struct odva_matrix matrix)
{
    return (float *)matrix.buffer->data + matrix.offset;
}

/** @return NULL where there is no buffer */
static inline void *odva_cpu_elements(struct odva_matrix matrix, int64_t row)
{
    const int64_t offset = matrix.offset + row * matrix.stride;

    return matrix.buffer ? (char *)matrix.buffer->data + offset * odva_element_size(matrix.element)
                         : NULL;
}

static inline float *odva_cpu_row(struct odva_matrix matrix, int64_t row)
{
    return odva_cpu_floats(matrix) + row * matrix.stride;
}

#endif
