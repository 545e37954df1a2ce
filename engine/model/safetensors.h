/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* The safetensors container: a JSON header, then raw little-endian tensors. */
#ifndef ODVA_SAFETENSORS_H
#define ODVA_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#define ODVA_MAX_RANK 4

enum odva_dtype {
    ODVA_DTYPE_F32,
    ODVA_DTYPE_BF16,
    ODVA_DTYPE_I32,
    ODVA_DTYPE_I16,
    ODVA_DTYPE_I8,
    ODVA_DTYPE_U8,
    ODVA_DTYPE_OTHER, /* valid, but of no use here */
};

/** A tensor inside the file; data need not be aligned. */
struct odva_tensor {
    const char *name; /* lives as long as the container */
    enum odva_dtype dtype;
    int rank;
    int64_t shape[ODVA_MAX_RANK];
    int64_t count; /* elements */
    const uint8_t *data;
    size_t bytes;
};

struct odva_safetensors {
    void *header; /* parsed JSON */
    struct odva_tensor *tensors;
    int count;
};

/** Why a file was refused. */
struct odva_safetensors_error {
    char text[192];
};

/**
 * Parse and check the header: sizes, offsets, overlaps. Borrows data.
 * @return ONEDVA_OK, ONEDVA_ERR_MODEL (error is filled in) or ONEDVA_ERR_NOMEM
 */
int odva_safetensors_open(struct odva_safetensors *file, const uint8_t *data, size_t size,
                          struct odva_safetensors_error *error);
void odva_safetensors_close(struct odva_safetensors *file);

/** @return NULL when there is none of that name */
const struct odva_tensor *odva_safetensors_find(const struct odva_safetensors *file,
                                                const char *name);
/** A string of __metadata__, NULL when there is none of that name. */
const char *odva_safetensors_metadata(const struct odva_safetensors *file, const char *key);

const char *odva_dtype_name(enum odva_dtype dtype);

/** Elements first .. first+count-1 of an f32 or bf16 tensor. */
void odva_tensor_read_floats(const struct odva_tensor *tensor, int64_t first, int64_t count,
                             float *dst);
/** Element i of an i32 tensor. */
int32_t odva_tensor_int32(const struct odva_tensor *tensor, int64_t i);
/** Element i of an i16 tensor. */
int16_t odva_tensor_int16(const struct odva_tensor *tensor, int64_t i);

#endif
