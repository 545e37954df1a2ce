/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Device memory that is kept from clip to clip and grows where a clip needs more. */
#ifndef ODVA_DEVICE_ARRAY_H
#define ODVA_DEVICE_ARRAY_H

#include "kernels/backend.h"

struct odva_device_array {
    struct odva_buffer *buffer;
    size_t capacity; /* bytes */
};

/** Make room for count elements of size bytes; contents are lost when it grows. */
int odva_device_array_reserve(struct odva_backend *backend, struct odva_device_array *array,
                              int64_t count, size_t size);
/** Make room and copy the elements in. */
int odva_device_array_set(struct odva_backend *backend, struct odva_device_array *array,
                          const void *data, int64_t count, size_t size);
void odva_device_array_free(struct odva_backend *backend, struct odva_device_array *array);

static inline struct odva_matrix odva_device_array_rows(const struct odva_device_array *array,
                                                        int64_t row, int64_t stride)
{
    return (struct odva_matrix){array->buffer, row * stride, stride, ODVA_FLOAT32};
}

/** The same matrix from another row on. */
static inline struct odva_matrix odva_matrix_from(struct odva_matrix matrix, int64_t row)
{
    matrix.offset += row * matrix.stride;
    return matrix;
}

#endif
