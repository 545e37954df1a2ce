/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "model/safetensors.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/strict_math.h"
#include "onedva/onedva.h"

#define MAX_HEADER  (1 << 20) /* bytes; 64 times as many are needed at most to parse it */
#define MAX_TENSORS 65536
#define MAX_INTEGER 9007199254740992.0 /* 2^53: what a JSON number holds exactly */

static const struct {
    const char *name;
    enum odva_dtype dtype;
    int bytes;
} dtypes[] = {
    {"F32", ODVA_DTYPE_F32, 4},   {"BF16", ODVA_DTYPE_BF16, 2}, {"I32", ODVA_DTYPE_I32, 4},
    {"I8", ODVA_DTYPE_I8, 1},     {"U8", ODVA_DTYPE_U8, 1},     {"BOOL", ODVA_DTYPE_OTHER, 1},
    {"I16", ODVA_DTYPE_I16, 2},   {"U16", ODVA_DTYPE_OTHER, 2}, {"F16", ODVA_DTYPE_OTHER, 2},
    {"U32", ODVA_DTYPE_OTHER, 4}, {"I64", ODVA_DTYPE_OTHER, 8}, {"U64", ODVA_DTYPE_OTHER, 8},
    {"F64", ODVA_DTYPE_OTHER, 8},
};

static int refuse(struct odva_safetensors_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(struct odva_safetensors_error *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return ONEDVA_ERR_MODEL;
}

/* A whole number >= 0 that fits. @return -1 when it is not one */
static int64_t whole_number(const cJSON *item)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > MAX_INTEGER ||
        item->valuedouble != (double)(int64_t)item->valuedouble)
        return -1;
    return (int64_t)item->valuedouble;
}

static int parse_dtype(struct odva_tensor *tensor, const cJSON *item, int *bytes)
{
    for (size_t i = 0; cJSON_IsString(item) && i < sizeof(dtypes) / sizeof(dtypes[0]); i++) {
        if (strcmp(item->valuestring, dtypes[i].name))
            continue;
        tensor->dtype = dtypes[i].dtype;
        *bytes = dtypes[i].bytes;
        return 0;
    }
    return -1;
}

static int parse_shape(struct odva_tensor *tensor, const cJSON *shape)
{
    const cJSON *item;

    tensor->count = 1;
    if (!cJSON_IsArray(shape))
        return -1;
    cJSON_ArrayForEach(item, shape)
    {
        const int64_t n = whole_number(item);

        if (n < 0 || tensor->rank == ODVA_MAX_RANK || (n && tensor->count > INT64_MAX / 16 / n))
            return -1;
        tensor->shape[tensor->rank++] = n;
        tensor->count *= n;
    }
    return 0;
}

static int parse_tensor(struct odva_tensor *tensor, const cJSON *item, const uint8_t *data,
                        size_t size, struct odva_safetensors_error *error)
{
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    const int64_t begin = whole_number(cJSON_GetArrayItem(offsets, 0));
    const int64_t end = whole_number(cJSON_GetArrayItem(offsets, 1));
    int bytes = 0;

    *tensor = (struct odva_tensor){.name = item->string};
    if (!cJSON_IsObject(item) || !cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2)
        return refuse(error, "tensor %.64s: no valid data_offsets", item->string);
    if (parse_dtype(tensor, cJSON_GetObjectItemCaseSensitive(item, "dtype"), &bytes) < 0)
        return refuse(error, "tensor %.64s: unknown dtype", item->string);
    if (parse_shape(tensor, cJSON_GetObjectItemCaseSensitive(item, "shape")) < 0)
        return refuse(error, "tensor %.64s: no valid shape (up to %d dimensions)", item->string,
                      ODVA_MAX_RANK);
    if (begin < 0 || end < begin || (uint64_t)end > size)
        return refuse(error, "tensor %.64s: its data lie outside of the file (truncated?)",
                      item->string);
    if (end - begin != tensor->count * bytes)
        return refuse(error, "tensor %.64s: %lld bytes of data, its shape and type need %lld",
                      item->string, (long long)(end - begin), (long long)(tensor->count * bytes));
    tensor->data = data + begin;
    tensor->bytes = (size_t)(end - begin);
    return ONEDVA_OK;
}

static int compare_data(const void *a, const void *b)
{
    const struct odva_tensor *x = a, *y = b;

    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int compare_name(const void *a, const void *b)
{
    const struct odva_tensor *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* Leaves the tensors sorted by name. */
static int check_overlaps(struct odva_safetensors *file, struct odva_safetensors_error *error)
{
    qsort(file->tensors, file->count, sizeof(*file->tensors), compare_data);
    for (int i = 1; i < file->count; i++) {
        const struct odva_tensor *before = &file->tensors[i - 1], *tensor = &file->tensors[i];

        if (before->data + before->bytes > tensor->data)
            return refuse(error, "tensors %.64s and %.64s overlap", before->name, tensor->name);
    }
    qsort(file->tensors, file->count, sizeof(*file->tensors), compare_name);
    for (int i = 1; i < file->count; i++)
        if (!strcmp(file->tensors[i - 1].name, file->tensors[i].name))
            return refuse(error, "tensor %.64s occurs twice", file->tensors[i].name);
    return ONEDVA_OK;
}

static int parse_tensors(struct odva_safetensors *file, const uint8_t *data, size_t size,
                         struct odva_safetensors_error *error)
{
    const int items = cJSON_GetArraySize(file->header);
    const cJSON *item;

    if (items > MAX_TENSORS)
        return refuse(error, "more than %d tensors", MAX_TENSORS);
    file->tensors = calloc(items + 1, sizeof(*file->tensors));
    if (!file->tensors)
        return ONEDVA_ERR_NOMEM;
    cJSON_ArrayForEach(item, (const cJSON *)file->header)
    {
        int status;

        if (!strcmp(item->string, "__metadata__"))
            continue;
        status = parse_tensor(&file->tensors[file->count], item, data, size, error);
        if (status < 0)
            return status;
        file->count++;
    }
    return check_overlaps(file, error);
}

int odva_safetensors_open(struct odva_safetensors *file, const uint8_t *data, size_t size,
                          struct odva_safetensors_error *error)
{
    uint64_t length = 0;
    int status;

    *file = (struct odva_safetensors){0};
    if (size < 8)
        return refuse(error, "shorter than a safetensors header");
    for (int i = 7; i >= 0; i--)
        length = length << 8 | data[i];
    if (length > size - 8 || length > MAX_HEADER)
        return refuse(error, "not a safetensors file (its header would have %llu bytes)",
                      (unsigned long long)length);
    file->header = cJSON_ParseWithLength((const char *)data + 8, (size_t)length);
    if (!cJSON_IsObject((const cJSON *)file->header)) {
        odva_safetensors_close(file);
        return refuse(error, "not a safetensors file (its header is not a JSON object)");
    }
    status = parse_tensors(file, data + 8 + length, size - 8 - (size_t)length, error);
    if (status < 0)
        odva_safetensors_close(file);
    return status;
}

void odva_safetensors_close(struct odva_safetensors *file)
{
    cJSON_Delete(file->header);
    free(file->tensors);
    *file = (struct odva_safetensors){0};
}

const struct odva_tensor *odva_safetensors_find(const struct odva_safetensors *file,
                                                const char *name)
{
    const struct odva_tensor key = {.name = name};

    return bsearch(&key, file->tensors, file->count, sizeof(key), compare_name);
}

const char *odva_safetensors_metadata(const struct odva_safetensors *file, const char *key)
{
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(file->header, "__metadata__");

    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata, key));
}

const char *odva_dtype_name(enum odva_dtype dtype)
{
    for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++)
        if (dtypes[i].dtype == dtype && dtype != ODVA_DTYPE_OTHER)
            return dtypes[i].name;
    return "another type";
}

static uint32_t load_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void odva_tensor_read_floats(const struct odva_tensor *tensor, int64_t first, int64_t count,
                             float *dst)
{
    const uint8_t *data = tensor->data;

    ODVA_ASSERT(first >= 0 && count >= 0 && first + count <= tensor->count);
    if (tensor->dtype == ODVA_DTYPE_BF16) {
        for (int64_t i = 0; i < count; i++) {
            const uint8_t *p = data + 2 * (first + i);

            dst[i] = odva_bits_to_float((uint32_t)p[0] << 16 | (uint32_t)p[1] << 24);
        }
    } else {
        for (int64_t i = 0; i < count; i++)
            dst[i] = odva_bits_to_float(load_u32(data + 4 * (first + i)));
    }
}

int32_t odva_tensor_int32(const struct odva_tensor *tensor, int64_t i)
{
    ODVA_ASSERT(i >= 0 && i < tensor->count);
    return (int32_t)load_u32(tensor->data + 4 * i);
}

int16_t odva_tensor_int16(const struct odva_tensor *tensor, int64_t i)
{
    const uint8_t *p = tensor->data + 2 * i;

    ODVA_ASSERT(i >= 0 && i < tensor->count);
    return (int16_t)(p[0] | p[1] << 8);
}
