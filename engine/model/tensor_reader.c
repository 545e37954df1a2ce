/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "model/tensor_reader.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define MAX_WIDTH 2048
#define MAX_HEAD  256
#define HEAD_UNIT 16   /* head_dim is a multiple of it */
#define CHUNK     1024 /* numbers checked at a time */

int odva_refuse_file(const struct odva_tensor_reader *reader, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    odva_log(reader->logger, ONEDVA_LOG_ERROR, "%s %.200s: %s", reader->kind, reader->path, text);
    return ONEDVA_ERR_MODEL;
}

int odva_read_file(struct odva_tensor_reader *reader, struct odva_mapped_file *file,
                   const unsigned char *embedded, const unsigned char *embedded_end)
{
    int error;

    if (!reader->path) {
        reader->path = "(embedded)";
        file->data = embedded;
        file->size = embedded_end - embedded;
        return ONEDVA_OK;
    }
    error = odva_mapped_file_open(file, reader->path);
    if (error) {
        odva_log(reader->logger, ONEDVA_LOG_ERROR, "%s %.200s: %s", reader->kind, reader->path,
                 error == EINVAL ? "not a file with contents" : strerror(error));
        return ONEDVA_ERR_IO;
    }
    return ONEDVA_OK;
}

int odva_read_container(struct odva_tensor_reader *reader, struct odva_safetensors *container,
                        const struct odva_mapped_file *file)
{
    struct odva_safetensors_error error;
    const int status = odva_safetensors_open(container, file->data, file->size, &error);

    if (status == ONEDVA_ERR_MODEL)
        return odva_refuse_file(reader, "%s", error.text);
    reader->container = container;
    return status;
}

int odva_read_size(const struct odva_tensor_reader *reader, const cJSON *json, const char *key,
                   int low, int high, int *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

    if (!cJSON_IsNumber(item) || !(item->valuedouble >= low && item->valuedouble <= high) ||
        item->valuedouble != (int)item->valuedouble)
        return odva_refuse_file(reader, "metadata: %s must be a whole number from %d to %d", key,
                                low, high);
    *value = (int)item->valuedouble;
    return ONEDVA_OK;
}

int odva_read_width(const struct odva_tensor_reader *reader, const cJSON *json, int *width,
                    int *head_dim)
{
    int status;

    if ((status = odva_read_size(reader, json, "width", HEAD_UNIT, MAX_WIDTH, width)) < 0 ||
        (status = odva_read_size(reader, json, "head_dim", HEAD_UNIT, MAX_HEAD, head_dim)) < 0)
        return status;
    if (*head_dim % HEAD_UNIT || *width % *head_dim)
        return odva_refuse_file(
            reader, "metadata: head_dim %d must be a multiple of %d and divide width %d", *head_dim,
            HEAD_UNIT, *width);
    return ONEDVA_OK;
}

int odva_read_id(const struct odva_tensor_reader *reader, const cJSON *json, const char *key,
                 uint64_t *id)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));

    if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return odva_refuse_file(
            reader, "metadata: %s must be a text of 16 digits of base 16, a codec model's id", key);
    *id = strtoull(text, NULL, 16);
    return ONEDVA_OK;
}

static int check_finite(const struct odva_tensor_reader *reader, const struct odva_tensor *tensor)
{
    float values[CHUNK];

    for (int64_t i = 0; i < tensor->count; i += CHUNK) {
        const int n = (int)(tensor->count - i < CHUNK ? tensor->count - i : CHUNK);

        odva_tensor_read_floats(tensor, i, n, values);
        for (int j = 0; j < n; j++)
            if (!isfinite(values[j]))
                return odva_refuse_file(reader, "tensor %s: number %lld is not finite",
                                        tensor->name, (long long)(i + j));
    }
    return ONEDVA_OK;
}

static void print_shape(char *text, size_t size, int rank, const int64_t *shape)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < rank && used < size; i++)
        used += snprintf(text + used, size - used, "%s%lld", i ? "x" : "", (long long)shape[i]);
}

/* Look up a tensor and check its type, shape and numbers. */
int odva_read_tensor(const struct odva_tensor_reader *reader, const struct odva_tensor_spec *spec,
                     const struct odva_tensor **out)
{
    const struct odva_tensor *tensor = odva_safetensors_find(reader->container, spec->name);
    char expected[64], found[96];

    if (!tensor)
        return odva_refuse_file(reader, "tensor %s is missing", spec->name);
    if (spec->dtype == ODVA_NETWORK_WEIGHT
            ? tensor->dtype != ODVA_DTYPE_F32 && tensor->dtype != ODVA_DTYPE_BF16
            : tensor->dtype != (enum odva_dtype)spec->dtype)
        return odva_refuse_file(
            reader, "tensor %s: type %s, expected %s", spec->name, odva_dtype_name(tensor->dtype),
            spec->dtype == ODVA_NETWORK_WEIGHT ? "F32 or BF16" : odva_dtype_name(spec->dtype));
    if (tensor->rank != spec->rank ||
        memcmp(tensor->shape, spec->shape, spec->rank * sizeof(spec->shape[0]))) {
        print_shape(expected, sizeof(expected), spec->rank, spec->shape);
        print_shape(found, sizeof(found), tensor->rank, tensor->shape);
        return odva_refuse_file(reader, "tensor %s: shape %s, expected %s", spec->name, found,
                                expected);
    }
    *out = tensor;
    if (tensor->dtype != ODVA_DTYPE_F32 && tensor->dtype != ODVA_DTYPE_BF16)
        return ONEDVA_OK;
    *reader->parameters += tensor->count;
    return check_finite(reader, tensor);
}

int odva_read_weight(const struct odva_tensor_reader *reader, const char *prefix,
                     const char *suffix, int rows, int cols, const struct odva_tensor **out)
{
    char name[96];
    const struct odva_tensor_spec spec = {name, ODVA_NETWORK_WEIGHT, cols ? 2 : 1, {rows, cols}};

    snprintf(name, sizeof(name), "%s%s", prefix, suffix);
    return odva_read_tensor(reader, &spec, out);
}

int odva_read_linear(const struct odva_tensor_reader *reader, const char *prefix, const char *layer,
                     int n_out, int n_in, struct odva_linear_tensors *out)
{
    char name[80];
    int status;

    snprintf(name, sizeof(name), "%s%s", prefix, layer);
    status = odva_read_weight(reader, name, ".weight", n_out, n_in, &out->weight);
    return status < 0 ? status : odva_read_weight(reader, name, ".bias", n_out, 0, &out->bias);
}

int odva_read_conditioning(const struct odva_tensor_reader *reader, int width, const char *prefix,
                           int scalars, struct odva_conditioning_tensors *cond)
{
    int status;

    if ((status = odva_read_linear(reader, prefix, "cond.fc1", width, 16 * scalars, &cond->fc1)) <
            0 ||
        (status = odva_read_linear(reader, prefix, "cond.fc2", width, width, &cond->fc2)) < 0)
        return status;
    return odva_read_linear(reader, prefix, "cond.mod", 6 * width, width, &cond->mod);
}

static int get_block(const struct odva_tensor_reader *reader, int d, const char *prefix, int index,
                     struct odva_block_tensors *block)
{
    char name[32];
    int status;

    snprintf(name, sizeof(name), "%sblocks.%d.", prefix, index);
    if ((status = odva_read_weight(reader, name, "table", 6, d, &block->table)) < 0 ||
        (status = odva_read_linear(reader, name, "qkv", 3 * d, d, &block->qkv)) < 0 ||
        (status = odva_read_linear(reader, name, "proj", d, d, &block->proj)) < 0 ||
        (status = odva_read_linear(reader, name, "fc1", 4 * d, d, &block->fc1)) < 0)
        return status;
    return odva_read_linear(reader, name, "fc2", d, 4 * d, &block->fc2);
}

int odva_read_blocks(const struct odva_tensor_reader *reader, int width, const char *prefix,
                     int count, struct odva_block_tensors **blocks)
{
    *blocks = calloc(count, sizeof(**blocks));
    if (!*blocks)
        return ONEDVA_ERR_NOMEM;
    for (int i = 0; i < count; i++) {
        const int status = get_block(reader, width, prefix, i, &(*blocks)[i]);

        if (status < 0)
            return status;
    }
    return ONEDVA_OK;
}
