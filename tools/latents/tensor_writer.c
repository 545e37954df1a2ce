/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tensor_writer.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ALIGNMENT 64 /* bytes: tensors can be used where they are mapped */

static const struct {
    const char *name;
    int size;
} types[] = {
    [TENSOR_U8] = {"U8", 1},   [TENSOR_I8] = {"I8", 1},   [TENSOR_I32] = {"I32", 4},
    [TENSOR_I64] = {"I64", 8}, [TENSOR_F32] = {"F32", 4},
};

static void add_little_endian(struct growing_tensor *tensor, uint64_t value, int size)
{
    uint8_t bytes[8];

    for (int i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    odva_write_bytes(&tensor->bytes, bytes, size);
}

void tensor_add_u8(struct growing_tensor *tensor, const uint8_t *data, size_t size)
{
    odva_write_bytes(&tensor->bytes, data, size);
}

void tensor_add_i8(struct growing_tensor *tensor, int8_t value)
{
    odva_write_u8(&tensor->bytes, (uint8_t)value);
}

void tensor_add_i32(struct growing_tensor *tensor, int32_t value)
{
    add_little_endian(tensor, (uint32_t)value, 4);
}

void tensor_add_i64(struct growing_tensor *tensor, int64_t value)
{
    add_little_endian(tensor, (uint64_t)value, 8);
}

void tensor_add_f32(struct growing_tensor *tensor, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    add_little_endian(tensor, bits, 4);
}

int64_t tensor_count(const struct growing_tensor *tensor)
{
    return (int64_t)tensor->bytes.size / types[tensor->type].size;
}

/* A tensor's entry of the header. @return NULL when memory ran out */
static cJSON *describe(const struct growing_tensor *tensor, size_t offset)
{
    const int64_t count = tensor_count(tensor);
    const double offsets[2] = {(double)offset, (double)(offset + tensor->bytes.size)};
    const double shape[2] = {tensor->columns ? (double)(count / tensor->columns) : (double)count,
                             tensor->columns};
    cJSON *entry = cJSON_CreateObject();

    if (!cJSON_AddStringToObject(entry, "dtype", types[tensor->type].name) ||
        !cJSON_AddItemToObject(entry, "shape",
                               cJSON_CreateDoubleArray(shape, tensor->columns ? 2 : 1)) ||
        !cJSON_AddItemToObject(entry, "data_offsets", cJSON_CreateDoubleArray(offsets, 2))) {
        cJSON_Delete(entry);
        return NULL;
    }
    return entry;
}

/* @return the header's text, to be freed; NULL when memory ran out */
static char *make_header(const struct growing_tensor *tensors, int count, const char *text)
{
    cJSON *header = cJSON_CreateObject();
    cJSON *metadata = cJSON_AddObjectToObject(header, "__metadata__");
    int whole = cJSON_AddStringToObject(metadata, "onedva-latents", text) != NULL;
    size_t offset = 0;
    char *printed;

    for (int i = 0; i < count && whole; i++) {
        whole = cJSON_AddItemToObject(header, tensors[i].name, describe(&tensors[i], offset));
        offset += tensors[i].bytes.size;
    }
    printed = whole ? cJSON_PrintUnformatted(header) : NULL;
    cJSON_Delete(header);
    return printed;
}

static int write_file(FILE *file, const char *header, const struct growing_tensor *tensors,
                      int count)
{
    const size_t length = strlen(header);
    const size_t padded = (8 + length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - 8;

    errno = 0;
    for (int i = 0; i < 8; i++)
        fputc((int)((uint64_t)padded >> 8 * i & 255), file);
    fwrite(header, 1, length, file);
    for (size_t i = length; i < padded; i++)
        fputc(' ', file);
    for (int i = 0; i < count; i++)
        if (tensors[i].bytes.size)
            fwrite(tensors[i].bytes.data, 1, tensors[i].bytes.size, file);
    return ferror(file) ? (errno ? errno : EIO) : 0;
}

/* What is there under this name is to be written to: a device or a pipe, which no file replaces. */
static int is_written_to(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static int write_path(const char *path, const char *header, const struct growing_tensor *tensors,
                      int count)
{
    FILE *file = fopen(path, "wb");
    int error = file ? write_file(file, header, tensors, count) : errno;

    if (file && fclose(file) && !error)
        error = errno;
    return error;
}

int tensors_write(const char *path, const struct growing_tensor *tensors, int count,
                  const char *metadata)
{
    const int direct = is_written_to(path);
    char *header = make_header(tensors, count, metadata);
    char *part = malloc(strlen(path) + sizeof(".part"));
    int error = header && part ? 0 : ENOMEM;

    for (int i = 0; i < count; i++)
        if (tensors[i].bytes.failed)
            error = ENOMEM;
    if (!error) {
        sprintf(part, "%s%s", path, direct ? "" : ".part");
        error = write_path(part, header, tensors, count);
        if (!error && !direct && rename(part, path))
            error = errno;
        if (error && !direct)
            remove(part);
    }
    free(header);
    free(part);
    return error;
}
