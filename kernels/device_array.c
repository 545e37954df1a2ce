/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "kernels/device_array.h"

int odva_device_array_reserve(struct odva_backend *backend, struct odva_device_array *array,
                              int64_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow((uint64_t)count, size, &bytes))
        return ONEDVA_ERR_NOMEM;
    if (array->buffer && bytes <= array->capacity)
        return ONEDVA_OK;
    odva_device_array_free(backend, array);
    array->buffer = backend->ops->alloc(backend, bytes);
    if (!array->buffer)
        return ONEDVA_ERR_NOMEM;
    array->capacity = bytes;
    return ONEDVA_OK;
}

int odva_device_array_set(struct odva_backend *backend, struct odva_device_array *array,
                          const void *data, int64_t count, size_t size)
{
    const int status = odva_device_array_reserve(backend, array, count, size);

    return status < 0 ? status
                      : backend->ops->upload(backend, array->buffer, 0, data, count * size);
}

void odva_device_array_free(struct odva_backend *backend, struct odva_device_array *array)
{
    if (array->buffer)
        backend->ops->free(backend, array->buffer);
    *array = (struct odva_device_array){0};
}
